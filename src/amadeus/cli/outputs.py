"""Output files of a command: their paths, checks before the work, and summaries."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from amadeus.cli.display import print_json, print_table
from amadeus.errors import ConfigError, MidiError
from amadeus.music.audio_files import AUDIO_SUFFIXES
from amadeus.music.grid import clip_bars
from amadeus.music.limits import Limits
from amadeus.music.midi import encode_midi, read_midi, write_midi
from amadeus.music.score import Score

if TYPE_CHECKING:
    from amadeus.reports.report import Report

_SUFFIXES = {
    "midi": (".mid", ".midi"),
    "audio": AUDIO_SUFFIXES,
    "picture": (".png",),
    "musicxml": (".musicxml", ".xml"),
    "sheet": (".pdf", ".svg", ".png", ".musicxml", ".xml", ".abc"),
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """The output files of one piece; None for those that were not requested."""

    midi: Path | None = None
    audio: Path | None = None
    picture: Path | None = None
    musicxml: Path | None = None
    sheet: Path | None = None

    def write(
        self,
        score: Score,
        title: str,
        limits: Limits,
        soundfont: Path | None = None,
        stems: Path | None = None,
    ) -> None:
        """Write each file atomically; creates missing folders.

        stems: a folder that `write_stems` makes, whose files add up to the audio file.
        """
        for path in self.paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        if self.midi is not None:
            write_midi(score, self.midi, limits)
        if stems is not None:
            from amadeus.music.audio import write_stems

            stems.parent.mkdir(parents=True, exist_ok=True)
            write_stems(score, stems, self.audio, limits=limits, soundfont=soundfont)
        elif self.audio is not None:
            from amadeus.music.audio import write_audio

            write_audio(score, self.audio, limits=limits, soundfont=soundfont)
        if self.picture is not None:
            from amadeus.music.picture import draw_piano_roll

            draw_piano_roll(score, self.picture, title)
        for sheet in (self.musicxml, self.sheet):
            if sheet is not None:
                from amadeus.music.sheet.pages import write_sheet

                for notice in write_sheet(score, sheet, title, limits):
                    typer.echo(f"warning: {sheet}: {notice}", err=True)

    @property
    def paths(self) -> list[Path]:
        paths = (self.midi, self.audio, self.picture, self.musicxml, self.sheet)
        return [path for path in paths if path is not None]

    def __str__(self) -> str:
        return ", ".join(map(str, self.paths))

    def to_dict(self) -> dict[str, str]:
        """Paths by kind, for JSON."""
        return {kind: str(path) for kind, path in asdict(self).items() if path is not None}


def plan_outputs(stems: list[str], **wanted: Path | None) -> list[Outputs]:
    """The output files of each piece.

    stems: a file name for each piece, used if the given path is a folder (an existing one, or a
    path without a suffix). If the path is a file, several pieces are numbered.
    Raises ConfigError for a path that cannot be written to.
    """
    plans = []
    for number, stem in enumerate(stems, start=1):
        mark = f"-{number}" if len(stems) > 1 else ""
        paths = {k: _place(k, path, stem, mark) for k, path in wanted.items() if path is not None}
        plans.append(Outputs(**paths))
    for plan in plans:
        for path in plan.paths:
            check_writable(path)
    return plans


def _place(kind: str, path: Path, stem: str, mark: str) -> Path:
    suffixes = _SUFFIXES[kind]
    if path.is_dir() or not path.suffix:
        return path / f"{stem}{suffixes[0]}"
    if path.suffix.lower() not in suffixes:
        endings = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise ConfigError(f"{path}: the name must end in {endings}; rename it")
    return path.with_name(f"{path.stem}{mark}{path.suffix}")


def check_writable(path: Path) -> None:
    """Raises ConfigError if a file cannot be written; creates nothing."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} is not a regular file; choose another")
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        # Permissions are not enough: the disk may be full or read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); choose another folder"
        ) from None


def check_stems(folder: Path, audio: Path | None) -> None:
    """Raises ConfigError unless stems can be written to a folder, and `audio` is not in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        check_writable(folder / "stem.wav")
    elif folder.exists():
        raise ConfigError(f"{folder} exists already; name a new or empty folder")
    else:
        check_writable(folder)
    if audio is not None and folder.absolute() in audio.absolute().parents:
        raise ConfigError(f"{audio} is in the folder of the stems; choose another folder")


def check_soundfont(soundfont: Path | None, has_audio: bool, limits: Limits) -> None:
    """Raises ConfigError if a SoundFont is given without audio, ScoreError if it is invalid."""
    if soundfont is None:
        return
    if not has_audio:
        raise ConfigError("--soundfont is for audio; give --audio too")
    from amadeus.music.soundfont import SoundFont

    SoundFont(soundfont, limits)


def read_with_notices(path: Path, limits: Limits) -> Score:
    """Read a piece; what had to be repaired goes to stderr. Raises MidiError."""
    score = read_midi(path, limits)
    for notice in score.notices:
        typer.echo(f"warning: {path}: {notice}", err=True)
    return score


def read_to_write(path: Path, limits: Limits) -> Score:
    """Read a piece that will be changed and written again.

    Raises MidiError if it cannot be read, or could not be written again.
    """
    score = read_with_notices(path, limits)
    try:
        encode_midi(score, limits)
    except MidiError as error:
        raise MidiError(f"{path} can be read but not written again: {error}") from None
    return score


def check_report(folder: Path | None) -> None:
    """Raises ConfigError if a report cannot be written to `folder`; None means no report."""
    from amadeus.reports.report import PAGE

    if folder is not None:
        check_writable(folder / PAGE)


def summarize(score: Score) -> dict[str, Any]:
    """Bars, notes and length of a piece."""
    return {
        "bars": len(clip_bars(score)),
        "notes": score.num_notes,
        "seconds": round(score.seconds, 3),
    }


def sentence(summary: dict[str, Any]) -> str:
    """A summary as text, such as "16 bars, 240 notes, 0:32"."""
    minutes, seconds = divmod(round(summary["seconds"]), 60)
    counts = (f"{summary[k]:,} {k[:-1] if summary[k] == 1 else k}" for k in ("bars", "notes"))
    return f"{', '.join(counts)}, {minutes}:{seconds:02d}"


def output_report(
    report: Report, output: Path | None, as_json: bool, tables: int | None = None
) -> None:
    """Write a report to a folder, and print its first tables, or all its numbers as JSON."""
    from amadeus.reports.report import HTML_PAGE

    if output is not None:
        report.write(output)
    if as_json:
        print_json(report.to_dict())
        return
    for table in report.tables[:tables]:
        typer.echo(f"{table.title}:")
        print_table([table.header, *table.rows])
        typer.echo()
    if output is not None:
        typer.echo(f"{output / HTML_PAGE}; with Markdown, numbers and figures in the same folder")
