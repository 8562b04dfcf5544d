"""Constraints on a whole piece: tempo, key, metre, instruments.

They are masks over the values of each attribute. The grammar intersects them with what is legal, so
that whatever is drawn satisfies both. A key leans on the logits, too (`tonality`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amadeus.control.tonality import Tonality
from amadeus.errors import ConfigError
from amadeus.music.chords import INTERVALS
from amadeus.music.instruments import DRUMS as DRUM_PROGRAM
from amadeus.music.keys import Key
from amadeus.music.score import Score, Tempo
from amadeus.text.prompt import PromptFacts
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES, Grammar
from amadeus.tokens.vocabulary import Attribute

PATIENCE = 4
"""Bars in which a demanded instrument may enter of its own accord."""
_LEADING_TONE = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraints:
    """What holds for a whole piece. None and empty tuples leave the matter to the model."""

    bpm: float | None = None
    """The tempo, in quarter notes a minute, exactly."""
    tempo_range: tuple[float, float] | None = None
    """Lowest tempo, and the one that it stays below."""
    key: Key | None = None
    """Pitches and chords come from its scale, in minor with the raised seventh too; the first and
    the last bar begin with a chord on the tonic."""
    time_signature: str = ""
    """ "3/4"."""
    instruments: tuple[tuple[int, ...], ...] = ()
    """Each group of programs (128 is drums) gives one instrument; each plays, and no other does."""
    absent: tuple[int, ...] = ()
    """Programs that do not play."""

    @classmethod
    def from_prompt(cls, facts: PromptFacts) -> Constraints:
        """What a prompt states, `num_bars` apart, which is a length."""
        absent = tuple(sorted({p for stated in facts.absent for p in stated.programs}))
        groups = (tuple(p for p in s.programs if p not in absent) for s in facts.instruments)
        return cls(
            bpm=facts.bpm,
            tempo_range=None if facts.bpm else facts.tempo_range,
            key=facts.key,
            time_signature=facts.time_signature,
            instruments=tuple(groups),
            absent=absent,
        )

    def apply(self) -> Callable[[Grammar], np.ndarray | None]:
        """A hook for `Request.constrain`, to be used for one piece."""
        return _Hook(self)

    def finish(self, score: Score) -> Score:
        """The score with the very tempo that was asked for, where its token only comes close."""
        if self.bpm is None:
            return score
        return replace(score, tempos=(Tempo(0, float(self.bpm)),))

    def values(self) -> np.ndarray:
        """The values that may be drawn, bool [A, V].

        Raises ConfigError for constraints that leave an attribute without any.
        """
        allowed = VALUES.copy()
        if self.bpm is not None:
            _keep(allowed[Attribute.TEMPO], v.tempo_values(np.array([self.bpm])))
        elif self.tempo_range is not None:
            _keep(allowed[Attribute.TEMPO], _tempos_between(*self.tempo_range))
        if self.time_signature:
            numerator, denominator = self.time_signature.split("/")
            metre = v.metre_index(int(numerator), int(denominator))
            marks = [t for t in range(v.FIRST_BAR) if allowed[Attribute.TYPE, t]]
            _keep(allowed[Attribute.TYPE], [*marks, v.bar_type(metre), v.rest_type(metre)])
        if self.instruments or self.absent:
            _keep(allowed[Attribute.INSTRUMENT], self._instrument_values())
        if self.key is not None:
            _keep(allowed[Attribute.PITCH], _pitches_in(self.key))
            _keep(allowed[Attribute.CHORD], _chords_in(self.key))
        return allowed

    def _instrument_values(self) -> list[int]:
        programs = {p for group in self.instruments for p in group[:1]} or range(v.DRUMS)
        kept = [_instrument_value(p) for p in programs if p not in self.absent]
        if not kept:
            raise ConfigError("no instrument is left to play; allow at least one")
        return kept


class _Hook:
    """Applies constraints to the grammar of one piece, row by row."""

    def __init__(self, constraints: Constraints) -> None:
        self.values = constraints.values()
        self.missing = {_instrument_value(group[0]) for group in constraints.instruments}
        self.missing &= set(np.flatnonzero(self.values[Attribute.INSTRUMENT]).tolist())
        self.tonic = None if constraints.key is None else constraints.key.tonic
        self.tonality = None if constraints.key is None else Tonality(constraints.key)
        self._state: tuple[object, ...] | None = None

    def __call__(self, grammar: Grammar) -> np.ndarray | None:
        self._permit(grammar)
        if self.tonality is None:
            return None
        self.tonality.hear(grammar.last)
        return self.tonality.bias()

    def _permit(self, grammar: Grammar) -> None:
        self.missing.discard(int(grammar.last[Attribute.INSTRUMENT]))
        demanding = bool(self.missing) and self._is_late(grammar)
        closing = grammar.num_bars is not None and grammar.bars == grammar.num_bars - 1
        opening = grammar.bars == 0
        on_tonic = self.tonic is not None and (opening or closing)
        state = (tuple(self.missing) if demanding else (), on_tonic, opening)
        if state == self._state:
            return
        self._state = state
        next_bar = self.values.copy()
        if opening:  # music that was asked for begins at once
            next_bar[Attribute.TYPE, v.FIRST_REST :] = False
        if demanding:
            _keep(next_bar[Attribute.INSTRUMENT], list(self.missing))
        if on_tonic and self.tonic is not None:
            _keep(next_bar[Attribute.CHORD], _chords_on(self.tonic))
        grammar.permit(self.values, next_bar)

    def _is_late(self, grammar: Grammar) -> bool:
        """Whether a bar may not go by any more without one of the missing instruments."""
        bars_left = PATIENCE if grammar.num_bars is None else grammar.num_bars - grammar.bars
        return grammar.bars >= PATIENCE or bars_left <= len(self.missing)


def _keep(mask: np.ndarray, values: list[int] | np.ndarray) -> None:
    """Clear a mask [V] but for these values, where it was set."""
    kept = np.zeros_like(mask)
    kept[np.asarray(values, dtype=np.int64)] = True
    mask &= kept


def _instrument_value(program: int) -> int:
    return v.DRUMS if program == DRUM_PROGRAM else program + 1


def _tempos_between(low: float, high: float) -> np.ndarray:
    """Values of `tempo` whose bin centre lies in [low, high), or else the nearest one."""
    first, end = np.searchsorted(v.TEMPOS, (low, high))
    inside = np.arange(first, end) + 1
    return inside if len(inside) else v.tempo_values(np.array([(low + high) / 2]))


def _scale(key: Key) -> set[int]:
    raised = {(key.tonic + _LEADING_TONE) % 12} if key.mode == "minor" else set()
    return set(key.scale) | raised


def _pitches_in(key: Key) -> list[int]:
    """Values of `pitch` in the scale, and all drums."""
    scale = _scale(key)
    pitched = [pitch + 1 for pitch in range(128) if pitch % 12 in scale]
    return pitched + list(range(v.FIRST_DRUM_PITCH, v.FIRST_DRUM_PITCH + 128))


def _chords_in(key: Key) -> list[int]:
    """Values of `chord` all of whose notes are in the scale, and no chord at all."""
    scale = _scale(key)
    fitting = [
        v.chord_value(root, quality)
        for root in scale
        for quality, intervals in INTERVALS.items()
        if {(root + i) % 12 for i in intervals} <= scale
    ]
    return [v.NO_CHORD, *fitting]


def _chords_on(root: int) -> list[int]:
    """Values of `chord` on a root, and no chord at all, for drums and silence."""
    return [v.NO_CHORD, *(v.chord_value(root, quality) for quality in INTERVALS)]
