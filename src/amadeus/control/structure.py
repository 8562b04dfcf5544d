"""Constraints on the frame of a piece: instruments, tempo, metre, harmony, density, length."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from amadeus.control.rules import Constraint, Masks, only
from amadeus.control.scope import instrument_values, programs_of
from amadeus.errors import ConfigError, ScoreError, VocabularyError
from amadeus.music.chords import QUALITIES, parse_chord
from amadeus.text.prompt_words import FASTEST_BPM, SLOWEST_BPM
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute, RowType

MOST_NOTES = 1000
"""The most notes a bar that can be asked for."""
FAIR_SHARE = 0.5
"""Share of the notes that instruments are drawn to split equally; the rest is left open."""


@dataclass(frozen=True, slots=True)
class Playing(Constraint):
    """Which instruments play. A name that may mean several programs is one instrument: the first
    of its programs that the other constraints let play."""

    name: ClassVar[str] = "instruments"

    instruments: tuple[str, ...]
    """Names; none of them with "exactly" is silence."""
    mode: Literal["exactly", "at least", "none of"] = "exactly"
    """These and no others, these among others, or all but these."""
    bar_share: float | None = None
    """Share of the bars in which each plays at least, above 0 and up to 1."""
    note_share: float | None = None
    """Share of the notes that each has at least; this is a bias."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        instrument_values(self.instruments)
        if self.mode not in ("exactly", "at least", "none of"):
            raise ConfigError(f"mode {self.mode!r} is none of 'exactly', 'at least', 'none of'")
        if not self.instruments and self.mode != "exactly":
            raise ConfigError(f"instruments: name those that '{self.mode}' speaks of")
        for share in (self.bar_share, self.note_share):
            if share is not None and not 0 < share <= 1:
                raise ConfigError(f"a share is above 0 and at most 100 %, got {100 * share:g} %")
        if (self.bar_share or self.note_share) and not self.demands:
            raise ConfigError(f"'{self}': only instruments that play can have a share")
        if len(self.instruments) * (self.note_share or 0) > 1:
            raise ConfigError(f"'{self}': together that is more than all notes; ask for less")

    @property
    def value(self) -> str:
        prefix = {"exactly": "", "at least": "at least ", "none of": "no "}[self.mode]
        bars = "" if self.bar_share is None else f" in {100 * self.bar_share:g}% of the bars"
        notes = "" if self.note_share is None else f" in {100 * self.note_share:g}% of the notes"
        return f"{prefix}{', '.join(self.instruments) or 'none'}{bars}{notes}"

    @property
    def hard(self) -> str:
        if self.mode == "none of":
            return "none of these plays"
        if self.is_silence:
            return "no instrument plays"
        bars = "" if self.bar_share is None else f" in {100 * self.bar_share:g} % of the bars"
        return f"each of these plays{bars}" + (", no other does" * (self.mode == "exactly"))

    @property
    def soft(self) -> str:
        if self.note_share is not None:
            return "drawn towards that share of the notes"
        share = self.soft_share
        return "" if share is None else f"drawn towards {100 * share:.0f} % of the notes for each"

    @property
    def soft_share(self) -> float | None:
        """The share of the notes that each is drawn towards, if any.

        Several instruments are drawn towards equal shares of half of the latest notes, unless told
        otherwise: a quartet is no solo.
        """
        if self.note_share is None and len(self.demands) > 1:
            return FAIR_SHARE / len(self.demands)
        return self.note_share

    @property
    def is_silence(self) -> bool:
        """Whether no instrument may play."""
        return self.mode == "exactly" and not self.instruments

    @property
    def demands(self) -> tuple[tuple[int, ...], ...]:
        """Of each instrument that has to play, the values of `instrument` it may have."""
        if self.mode == "none of":
            return ()
        return _groups(self.instruments)

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        named = only(list(instrument_values(self.instruments)))
        if self.mode == "exactly":
            return {Attribute.INSTRUMENT: named}
        return {Attribute.INSTRUMENT: ~named} if self.mode == "none of" else {}


@lru_cache(maxsize=256)
def _groups(names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Of each name, the values of `instrument` that it may mean; asked for before every note."""
    return tuple(tuple(map(v.instrument_value, programs_of(name))) for name in names)


@dataclass(frozen=True, slots=True)
class ExactTempo(Constraint):
    """A tempo, or one that moves from the first bar to the last in equal steps.

    Composing keeps to the nearest of 65 tempo bins; the finished score has the very numbers.
    """

    name: ClassVar[str] = "tempo"
    held: ClassVar[str] = "is exactly this, bar by bar"

    bpm: float
    """Quarter notes a minute."""
    to: float | None = None
    """In the last bar, where it moves."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        for bpm in (self.bpm, self.to or self.bpm):
            _check_tempo(bpm)

    @property
    def value(self) -> str:
        return f"{self.bpm:g}" if self.to is None else f"{self.bpm:g}->{self.to:g}"

    def bpm_at(self, bar: int, num_bars: int | None) -> float:
        """Quarter notes a minute in a bar, counted from 0."""
        end = self.bpm if self.to is None else self.to
        return float(self.bpm + self.scope.fraction(bar, num_bars) * (end - self.bpm))

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        values = v.tempo_values(np.array([self.bpm_at(bar, num_bars)]))
        return {Attribute.TEMPO: only(values)}


@dataclass(frozen=True, slots=True)
class TempoRange(Constraint):
    """Every tempo lies in a range, to the nearest bin."""

    name: ClassVar[str] = "tempo"
    held: ClassVar[str] = "every tempo lies inside, to the nearest of 65 bins"

    low: float
    """Quarter notes a minute."""
    high: float

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        _check_tempo(self.low)
        _check_tempo(self.high)
        if self.low > self.high:
            raise ConfigError(f"'{self}': the lower tempo comes first; for a curve write 120->90")

    @property
    def value(self) -> str:
        return f"{self.low:g}-{self.high:g}"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        inside = np.flatnonzero((self.low <= v.TEMPOS) & (self.high >= v.TEMPOS)) + 1
        nearest = v.tempo_values(np.array([(self.low + self.high) / 2]))
        return {Attribute.TEMPO: only(inside if len(inside) else nearest)}


def _check_tempo(bpm: float) -> None:
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ConfigError(
            f"a tempo of {bpm:g} has no token; choose {SLOWEST_BPM} to {FASTEST_BPM} quarter "
            "notes a minute"
        )


@dataclass(frozen=True, slots=True)
class Metre(Constraint):
    """Bars have a time signature."""

    name: ClassVar[str] = "metre"
    held: ClassVar[str] = "bars have no other time signature"

    time_signature: str
    """ "3/4"."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        self.index  # noqa: B018

    @property
    def value(self) -> str:
        return self.time_signature

    @property
    def index(self) -> int:
        """Index into METRES."""
        numerator, _, denominator = self.time_signature.partition("/")
        if not (numerator.isdecimal() and denominator.isdecimal()):
            raise ConfigError(f"{self.time_signature!r} is no time signature; write it like 3/4")
        try:
            return v.metre_index(int(numerator), int(denominator))
        except VocabularyError as error:
            raise ConfigError(str(error)) from None

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        opening = [v.bar_type(self.index), v.rest_type(self.index)]
        return {Attribute.TYPE: only([*range(RowType.END, v.FIRST_BAR), *opening])}


@dataclass(frozen=True, slots=True)
class Chords(Constraint):
    """A chord progression, bar by bar, over and over."""

    name: ClassVar[str] = "chords"
    held: ClassVar[str] = "the chord of every note is that of its bar, or part of a bar"
    soft_part: ClassVar[str] = "pitches are drawn towards the notes of the chord"

    progression: str
    """ "Am F C G" is four bars; with bar lines, "Am F | C G", a bar is split evenly."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        if not self.bars or not all(self.bars):
            raise ConfigError(f"'{self}': every bar needs a chord; write them like 'Am F | C G'")

    @property
    def value(self) -> str:
        return self.progression

    @property
    def bars(self) -> tuple[tuple[int, ...], ...]:
        """Values of `chord`, bar by bar."""
        text = self.progression.strip().strip("|")
        bars = text.split("|") if "|" in self.progression else text.split()
        return tuple(tuple(_chord_value(chord) for chord in bar.split()) for bar in bars)

    def parts(self, bar: int) -> tuple[int, ...]:
        """Values of `chord` of the even parts of a bar, counted from 0, of its range."""
        bars = self.bars
        return bars[(bar - self.scope.first) % len(bars)]

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        return {Attribute.CHORD: only(list(self.parts(bar)))}


def _chord_value(name: str) -> int:
    try:
        return v.chord_value(*parse_chord(name))
    except ScoreError as error:
        raise ConfigError(str(error)) from None


def part_of(beats: np.ndarray, bar_ticks: int, parts: int) -> np.ndarray:
    """Which of the even parts of a bar each beat, counted from 1, is in. Same shape."""
    return (beats - 1) * parts // bar_ticks


@dataclass(frozen=True, slots=True)
class Density(Constraint):
    """How many notes a bar has: of all together, or of each instrument named."""

    name: ClassVar[str] = "density"
    for_instruments: ClassVar[bool] = True

    notes: int | None = None
    """Approximate number of notes a bar."""
    most: int | None = None
    """Never more than this."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        if self.notes is None and self.most is None:
            raise ConfigError("density: give a number of notes a bar, or 'at most 12'")
        for number in (self.notes, self.most):
            if number is not None and not 1 <= number <= MOST_NOTES:
                raise ConfigError(f"'{self}': a bar has 1 to {MOST_NOTES:,} notes; for silence, "
                                  "write 'instruments: none'")  # fmt: skip

    @property
    def hard(self) -> str:
        return "" if self.most is None else f"no bar has more than {self.most} notes"

    @property
    def soft(self) -> str:
        return "" if self.notes is None else f"drawn towards {self.notes} notes a bar"

    @property
    def value(self) -> str:
        about = [] if self.notes is None else [str(self.notes)]
        return " ".join(about + ([] if self.most is None else [f"at most {self.most}"]))


@dataclass(frozen=True, slots=True)
class Length(Constraint):
    """The exact number of bars of the piece."""

    name: ClassVar[str] = "bars"
    held: ClassVar[str] = "the piece has this number of bars"

    num_bars: int

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        _whole_piece(self)
        if self.num_bars < 1:
            raise ConfigError(f"a piece has at least 1 bar, got {self.num_bars}")

    @property
    def value(self) -> str:
        return str(self.num_bars)


@dataclass(frozen=True, slots=True)
class Ending(Constraint):
    """The harmony of the last bar."""

    name: ClassVar[str] = "end"
    held: ClassVar[str] = "every note of the last bar has this chord, or one on the tonic"
    soft_part: ClassVar[str] = "pitches are drawn towards the notes of the chord"

    chord: str = "tonic"
    """ "Am", or "tonic": any chord on the tonic of the key that is asked for."""
    root: int | None = field(default=None, kw_only=True, compare=False)
    """The tonic's pitch class, once it is known (`with_tonic`)."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        _whole_piece(self)
        if self.chord != "tonic":
            _chord_value(self.chord)

    @property
    def value(self) -> str:
        return self.chord

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        if num_bars is None or bar < num_bars - 1:
            return {}
        if self.chord != "tonic":
            return {Attribute.CHORD: only([_chord_value(self.chord)])}
        return {} if self.root is None else {Attribute.CHORD: only(chords_on(self.root))}


def _whole_piece(constraint: Constraint) -> None:
    if constraint.scope.bars is not None:
        raise ConfigError(f"'{constraint}': {constraint.name} speaks of the whole piece; "
                          f"leave out '{str(constraint.scope).strip()}'")  # fmt: skip


def chords_on(root: int) -> list[int]:
    """Values of `chord` on a root."""
    return [v.chord_value(root, quality) for quality in QUALITIES]
