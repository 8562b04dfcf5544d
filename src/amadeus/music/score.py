"""Score: the music, as everything else in Amadeus sees it.

Time is counted in integer ticks from the start of the piece, `ticks_per_quarter` of them to a
quarter note. Notes live in numpy columns, so that a million of them cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.instruments import DRUMS

NOTE_DTYPE = np.dtype(
    [("onset_ticks", "i8"), ("duration_ticks", "i8"), ("pitch", "i2"), ("velocity", "i2")]
)
"""One note: onset and duration in ticks, MIDI pitch 0-127, MIDI velocity 1-127."""

CONTROL_DTYPE = np.dtype([("onset_ticks", "i8"), ("number", "i2"), ("value", "i2")])
"""One move of a MIDI controller (64 is the sustain pedal): its number and its value, 0-127."""

PITCH_BEND_DTYPE = np.dtype([("onset_ticks", "i8"), ("value", "i2")])
"""One move of the pitch wheel, -8192 to 8191; how far that bends is up to the controllers."""


@dataclass(frozen=True, slots=True, order=True)
class Tempo:
    """A tempo in force from `onset_ticks` on, in quarter notes a minute."""

    onset_ticks: int
    bpm: float


@dataclass(frozen=True, slots=True, order=True)
class TimeSignature:
    """A metre in force from `onset_ticks` on."""

    onset_ticks: int
    numerator: int
    denominator: int

    def bar_ticks(self, ticks_per_quarter: int) -> int:
        """Length of one bar in ticks, at least 1."""
        return max(1, 4 * ticks_per_quarter * self.numerator // self.denominator)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True, slots=True, order=True)
class KeySignature:
    """The sharps or flats written from `onset_ticks` on; what is heard is `amadeus.music.keys`."""

    onset_ticks: int
    sharps: int
    """How many sharps, or flats if negative: -7 to 7."""
    is_minor: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """Words at `onset_ticks`: a syllable that is sung, or the name of a passage."""

    onset_ticks: int
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Chord:
    """The harmony in force from `onset_ticks` on: a root (0 = C) and a quality, or none at all."""

    onset_ticks: int
    root: int | None
    quality: str
    """One of `amadeus.music.chords.QUALITIES`; the empty string when `root` is None."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The notes of one instrument, by onset, then pitch, with controllers, pitch bends and words.

    Two tracks are equal if they play the same notes on the same instrument. Names, controllers,
    pitch bends and words do not count: neither tokens nor any analysis knows of them.
    """

    program: int
    """General MIDI program, 0-127; ignored for drums."""
    notes: np.ndarray
    """NOTE_DTYPE, [N]."""
    is_drum: bool = False
    name: str = ""
    controls: np.ndarray = field(default_factory=partial(np.empty, 0, CONTROL_DTYPE))
    """CONTROL_DTYPE, [C], sorted by onset; at one onset in the order in which they take effect."""
    pitch_bends: np.ndarray = field(default_factory=partial(np.empty, 0, PITCH_BEND_DTYPE))
    """PITCH_BEND_DTYPE, [P], sorted by onset."""
    lyrics: tuple[Text, ...] = ()
    """What is sung to the notes, by onset."""
    origin: int | None = None
    """Its number among the tracks of the file that `Score.source` is; None if it is new."""

    @property
    def instrument(self) -> int:
        """The program, or DRUMS."""
        return DRUMS if self.is_drum else self.program

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Track)
            and self.is_drum == other.is_drum
            and (self.is_drum or self.program == other.program)
            and np.array_equal(self.notes, other.notes)
        )


@dataclass(frozen=True, slots=True)
class Score:
    """A piece of music.

    Two scores are equal if their tracks, tempos, metres and chords are; key signatures, markers
    and words are carried along, but they do not count.
    """

    ticks_per_quarter: int
    tracks: tuple[Track, ...]
    tempos: tuple[Tempo, ...] = (Tempo(0, 120.0),)
    time_signatures: tuple[TimeSignature, ...] = (TimeSignature(0, 4, 4),)
    chords: tuple[Chord, ...] = ()
    """Harmony annotations; empty where the piece has not been analysed."""
    key_signatures: tuple[KeySignature, ...] = field(default=(), compare=False)
    markers: tuple[Text, ...] = field(default=(), compare=False)
    """Names of passages and the like, by onset; chords are not among them."""
    lyrics: tuple[Text, ...] = field(default=(), compare=False)
    """Words that belong to no track in particular, by onset."""
    length_ticks: int = field(default=0, compare=False)
    """Where the file says that the piece ends, silence included; 0 if nothing says so."""
    source: bytes | None = field(default=None, compare=False, repr=False)
    """The MIDI file that was read; writing the score writes it with the differences applied."""
    notices: tuple[str, ...] = field(default=(), compare=False)
    """What was repaired or passed over in reading, a sentence each."""

    def __post_init__(self) -> None:
        if self.ticks_per_quarter < 1:
            raise ScoreError(f"ticks_per_quarter must be at least 1, got {self.ticks_per_quarter}")

    @property
    def num_notes(self) -> int:
        return sum(len(track.notes) for track in self.tracks)

    @property
    def pitched_notes(self) -> np.ndarray:
        """Every note but the drums', one track after another. NOTE_DTYPE, [N]."""
        pitched = [track.notes for track in self.tracks if not track.is_drum]
        return np.concatenate([np.empty(0, NOTE_DTYPE), *pitched], dtype=NOTE_DTYPE)

    @property
    def end_ticks(self) -> int:
        """Where the last note ends, in ticks; 0 for an empty score."""
        ends = [
            int((t.notes["onset_ticks"] + t.notes["duration_ticks"]).max())
            for t in self.tracks
            if len(t.notes)
        ]
        return max(ends, default=0)

    @property
    def seconds(self) -> float:
        """Sounding length in seconds."""
        return float(self.ticks_to_seconds(np.array([self.end_ticks]))[0])

    def ticks_to_seconds(self, ticks: np.ndarray) -> np.ndarray:
        """Times in seconds of positions in ticks, under the tempo map. Same shape as `ticks`."""
        tempos = self.tempos or (Tempo(0, 120.0),)
        onsets = np.array([0] + [t.onset_ticks for t in tempos], dtype=np.float64)
        bpm = np.array([tempos[0].bpm] + [t.bpm for t in tempos])
        seconds_per_tick = 60.0 / bpm / self.ticks_per_quarter
        starts = np.concatenate([[0.0], np.cumsum(np.diff(onsets) * seconds_per_tick[:-1])])
        segment = np.searchsorted(onsets, ticks, side="right") - 1
        return starts[segment] + (ticks - onsets[segment]) * seconds_per_tick[segment]


def make_notes(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Notes from (onset_ticks, duration_ticks, pitch, velocity) rows, sorted. NOTE_DTYPE, [N]."""
    return sort_notes(np.array([tuple(row) for row in rows], dtype=NOTE_DTYPE))


def sort_notes(notes: np.ndarray) -> np.ndarray:
    """Notes by onset, then pitch, duration, velocity; no copy if they are. NOTE_DTYPE, [N]."""
    # Nearly all notes come in order, and to see that is far cheaper than to sort them.
    place = (notes["onset_ticks"] << 16) + notes["pitch"]
    if np.all(place[1:] > place[:-1]):
        return notes
    order = np.lexsort(
        (notes["velocity"], notes["duration_ticks"], notes["pitch"], notes["onset_ticks"])
    )
    return notes[order]
