"""What is made of a MIDI file in a process of its own: files, captions, numbers.

Every function here takes bytes and plain values, because they are sent to another process, and so
is what they return.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    """A file that can be made of a piece."""

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
    from amadeus.music.musicxml import write_musicxml

    write_musicxml(score, path, title)


FILE_KINDS: dict[str, FileKind] = {
    "audio": FileKind("audio/wav", ".wav", _write_audio),
    "picture": FileKind("image/png", ".png", _write_picture),
    "score": FileKind("application/vnd.recordare.musicxml+xml", ".musicxml", _write_score),
}
"""Of each, the endpoint below a piece, what it is, and what makes it. One more kind is one more
line here, and its endpoint is there, described and tested."""


def write_file(kind: str, midi: bytes, path: str, title: str) -> None:
    """Make a file of a piece, whole or not at all.

    Raises ScoreError where nothing can be made of it, OSError where it cannot be written.
    """
    score = read_midi(midi)
    try:
        FILE_KINDS[kind].write(score, Path(path), title)
    except MidiError as error:  # whose place is nobody's business but the server's
        raise OSError(str(error)) from None


def take_in(midi: bytes, most_notes: int, most_seconds: int) -> tuple[bytes, models.Summary]:
    """A MIDI file as Amadeus would write it, and what is in it.

    Raises MidiError for a file that is none, or too long, or that cannot be written again.
    """
    score = read_midi(midi, replace(LIMITS, notes=most_notes, seconds=most_seconds))
    return encode_midi(score), summary_of(score)


def view(piece: str, midi: bytes) -> bytes:
    """All that is heard, as JSON."""
    return notes_of(piece, read_midi(midi)).model_dump_json().encode()


def caption(midi: bytes, count: int, seed: int) -> models.Captions:
    """What can be said of a piece."""
    from amadeus.text.captioner import write_captions
    from amadeus.text.facts import measure

    facts = measure(read_midi(midi))
    return models.Captions(captions=write_captions(facts, count, seed), facts=facts.to_dict())


def profile(midi: bytes) -> Profile:
    """The profile of a piece. Raises ScoreError for one without notes."""
    from amadeus.profile import profile_of_score

    return profile_of_score(read_midi(midi))


def evaluate(midi: bytes, prompt: str) -> models.Evaluation:
    """Every metric, and how the piece follows its prompt."""
    from amadeus.evaluation.alignment import align
    from amadeus.evaluation.comparison import measure

    score = read_midi(midi)
    metrics = {name: float(values[0]) for name, values in measure([score]).items()}
    return models.Evaluation(
        metrics={name: None if math.isnan(x) else x for name, x in metrics.items()},
        alignment=align(score, _wanted(prompt)),
    )


def _wanted(prompt: str) -> Any:
    """What a prompt asks for, as far as it states it."""
    from amadeus.evaluation.alignment import Wanted
    from amadeus.text.prompt import parse_prompt

    facts = parse_prompt(prompt)
    return Wanted(
        bpm=facts.bpm,
        tempo_bins=_bins(facts.tempo_range if facts.bpm is None else (facts.bpm, facts.bpm)),
        key=facts.key,
        time_signature=facts.time_signature,
        instruments=tuple(one.programs for one in facts.instruments),
    )


def _bins(tempos: tuple[float, float] | None) -> tuple[int, ...]:
    """Tempo bins that a range of tempos, in BPM, reaches into."""
    from bisect import bisect_left, bisect_right

    from amadeus.text.facts import TEMPO_EDGES

    if tempos is None:
        return ()
    low, high = tempos
    first = bisect_right(TEMPO_EDGES, low)
    return tuple(range(first, max(first, bisect_left(TEMPO_EDGES, high)) + 1))


def get_ready() -> None:
    """Nothing; the imports of this module are what takes time."""
