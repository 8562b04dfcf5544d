"""`amadeus render`: renders a MIDI file as audio, a piano roll or sheet music."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options

EXAMPLES = options.examples(
    "amadeus render song.mid --audio song.mp3",
    "amadeus render song.mid --audio song.flac --stems stems --soundfont strings.sf2",
    "amadeus render song.mid --picture song.png",
    "amadeus render song.mid --sheet song.pdf  (sheet music; also .svg and .png)",
    "amadeus render song.mid --sheet song.abc  (a lead sheet: the melody and the chords)",
    "amadeus render song.mid --sheet song.musicxml  (for notation programs such as MuseScore)",
)


def render(
    source: Annotated[
        Path, typer.Argument(metavar="IN.mid", help="MIDI, MusicXML, MEI, kern or ABC file.")
    ],
    audio: Annotated[Path | None, typer.Option(help="WAV, FLAC, OGG or MP3 file to write.")] = None,
    stems: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New or empty folder for a WAV file of each part; together they make the whole.",
        ),
    ] = None,
    soundfont: options.SoundFont = None,
    picture: Annotated[Path | None, typer.Option(help="PNG file for a piano roll.")] = None,
    musicxml: options.MusicXML = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Sheet music: .pdf, .svg, .png, .musicxml, or .abc for a lead sheet."),
    ] = None,
    no_limits: options.NoLimits = False,
) -> None:
    """Render a piece as audio, a piano roll or sheet music."""
    wanted = options.given(audio=audio, picture=picture, musicxml=musicxml, sheet=sheet)
    if not wanted and stems is None:
        raise typer.BadParameter("nothing to do; give --audio, --stems, --picture or --sheet")
    from amadeus.cli.outputs import (
        check_soundfont,
        check_stems,
        plan_outputs,
        read_with_notices,
    )

    limits = options.limits(no_limits)
    score = read_with_notices(source, limits)
    (plan,) = plan_outputs([source.stem], **wanted)
    if stems is not None:
        check_stems(stems, plan.audio)
    check_soundfont(soundfont, audio is not None or stems is not None, limits)
    plan.write(score, title=source.stem, limits=limits, soundfont=soundfont, stems=stems)
    typer.echo(", ".join([*map(str, plan.paths), *([f"{stems}/"] if stems else [])]))
