"""Functions for the worker process: they turn MIDI files into other files, captions and metrics.

Arguments and results are bytes and plain values, because they are pickled between the processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from amadeus.errors import MidiError
from amadeus.music.limits import LIMITS
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.score import Score
from amadeus.profile import Profile
from amadeus.server import models
from amadeus.server.view import notes_of, summary_of


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that can be rendered from a piece."""

    media_type: str
    suffix: str
    write: Callable[[Score, Path, str], object]
    """Called with the score, the path and the title."""


def _write_audio(score: Score, path: Path, _: str) -> None:
    from amadeus.music.audio import write_audio

    write_audio(score, path)


def _write_picture(score: Score, path: Path, title: str) -> None:
    from amadeus.music.picture import draw_piano_roll

    draw_piano_roll(score, path, title)


def _write_score(score: Score, path: Path, title: str) -> None:
    from amadeus.music.sheet.musicxml import write_musicxml

    write_musicxml(score, path, title)


def _write_pdf(score: Score, path: Path, title: str) -> None:
    from amadeus.music.sheet.pages import write_sheet

    write_sheet(score, path, title)


FILE_KINDS: dict[str, FileKind] = {
    "audio": FileKind("audio/wav", ".wav", _write_audio),
    "picture": FileKind("image/png", ".png", _write_picture),
    "score": FileKind("application/vnd.recordare.musicxml+xml", ".musicxml", _write_score),
}
"""The kinds of files by the name of their endpoint. Endpoints, their description and their tests
are generated from this table."""
if find_spec("verovio") is not None:  # which engraves the pages
    FILE_KINDS["pdf"] = FileKind("application/pdf", ".pdf", _write_pdf)


def write_file(kind: str, midi: bytes, path: str, title: str) -> None:
    """Render a file from a piece, atomically.

    Raises ScoreError if the piece cannot be rendered, OSError if the file cannot be written.
    """
    score = read_midi(midi)
    try:
        FILE_KINDS[kind].write(score, Path(path), title)
    except MidiError as error:  # its message names a path that clients should not see
        raise OSError(str(error)) from None


def import_midi(midi: bytes, max_notes: int, max_seconds: int) -> tuple[bytes, models.Summary]:
    """A MIDI file as Amadeus writes it, and its summary.

    Raises MidiError for a file that is invalid, too long, or cannot be written again.
    """
    score = read_midi(midi, replace(LIMITS, notes=max_notes, seconds=max_seconds))
    return encode_midi(score), summary_of(score)


def notes_json(piece: str, midi: bytes) -> bytes:
    """All notes and other events of a piece, as JSON."""
    return notes_of(piece, read_midi(midi)).model_dump_json().encode()


def caption(midi: bytes, count: int, seed: int) -> models.Captions:
    """Captions of a piece, and the facts that they state."""
    from amadeus.text.captioner import write_captions
    from amadeus.text.facts import measure

    facts = measure(read_midi(midi))
    return models.Captions(captions=write_captions(facts, count, seed), facts=facts.to_dict())


def profile(midi: bytes) -> Profile:
    """The profile of a piece. Raises ScoreError if it has no notes."""
    from amadeus.profile import profile_of_score

    return profile_of_score(read_midi(midi))


def evaluate(midi: bytes, prompt: str) -> models.Evaluation:
    """Every metric, and how well the piece follows its prompt."""
    from amadeus.evaluation.alignment import align
    from amadeus.evaluation.comparison import measure

    score = read_midi(midi)
    metrics = {name: float(values[0]) for name, values in measure([score]).items()}
    return models.Evaluation(
        metrics={name: None if math.isnan(x) else x for name, x in metrics.items()},
        alignment=align(score, _wanted(prompt)),
    )


def _wanted(prompt: str) -> Any:
    """The values that a prompt states."""
    from amadeus.evaluation.alignment import Wanted
    from amadeus.text.prompt import parse_prompt

    facts = parse_prompt(prompt)
    return Wanted(
        bpm=facts.bpm,
        tempo_bins=_bins(facts.tempo_range if facts.bpm is None else (facts.bpm, facts.bpm)),
        key=facts.key,
        time_signature=facts.time_signature,
        instruments=tuple(instrument.programs for instrument in facts.instruments),
    )


def _bins(tempos: tuple[float, float] | None) -> tuple[int, ...]:
    """The tempo bins that overlap a range of tempos in BPM."""
    from bisect import bisect_left, bisect_right

    from amadeus.music.tempo_words import TEMPO_EDGES

    if tempos is None:
        return ()
    low, high = tempos
    first = bisect_right(TEMPO_EDGES, low)
    return tuple(range(first, max(first, bisect_left(TEMPO_EDGES, high)) + 1))


def warm_up() -> None:
    """Does nothing: importing this module is what warms the process up."""
