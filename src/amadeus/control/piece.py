"""What is known of a piece before it is composed: how long it is, and what holds in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from amadeus.control.constraints import Constraints
from amadeus.control.kinds import ExactTempo, Form, Length, Metre, TempoRange
from amadeus.control.plan import MAX_BARS, Plan
from amadeus.text.prompt import PromptFacts

DEFAULT_BARS = 16
_DRAWN = "drawn for the whole piece"


def constraints_on(
    facts: PromptFacts,
    constraints: Constraints,
    bars: int | None = None,
    num_bars: int | None = None,
) -> Constraints:
    """What a prompt states, and what is asked for besides.

    `bars` outweighs the prompt's length, and a time signature that is asked for outweighs that of
    the prompt's style. num_bars: bars of the piece, where they are known; what a prompt states for
    parts of the piece is left out without them.
    """
    stated = Constraints.from_prompt(facts, num_bars)
    if facts.metre_is_usual and any(isinstance(c, Metre) for c in constraints):
        stated = Constraints(*(c for c in stated if not isinstance(c, Metre)))
    if bars is not None:
        stated = Constraints(*(c for c in stated if not isinstance(c, Length)))
    return Constraints(stated, constraints)


def plan_piece(
    facts: PromptFacts,
    constraints: Constraints,
    bars: int | None = None,
    notes: int | None = None,
) -> Plan:
    """The plan of a piece; nothing is drawn for it.

    bars, notes: its length and the most notes, as the composer takes them.
    Raises ConfigError, naming them, for constraints that contradict each other.
    """
    return Frame(facts, constraints, bars, notes).plan()


def states_length(facts: PromptFacts, constraints: Constraints) -> bool:
    """Whether a prompt or constraints state how long a piece is."""
    return facts.length is not None or any(isinstance(c, (Length, Form)) for c in constraints)


def length_in_bars(facts: PromptFacts, bars: int | None, notes: int | None) -> int | None:
    """Bars of a piece: those asked for, or the prompt's, or 16; None if only notes are limited."""
    return Frame(facts, Constraints(), bars, notes).num_bars


@dataclass(frozen=True, slots=True)
class Drawn:
    """What holds where neither prompt nor constraints state it."""

    time_signature: str = "4/4"
    bpm: float = 120.0
    """Quarter notes a minute."""


class Frame:
    """What holds in a new piece, and how long it is.

    A length in seconds becomes a number of bars once tempo and time signature are known. Where
    nothing states them, they are drawn and hold for the whole piece.
    """

    def __init__(
        self,
        facts: PromptFacts,
        given: Constraints,
        bars: int | None = None,
        notes: int | None = None,
        draw: Callable[[], Drawn] | None = None,
    ) -> None:
        """given: constraints besides those of the prompt; bars, notes: as the composer takes them.

        draw: called where something has to be drawn; without it, nothing is held to what is drawn.
        """
        self._facts, self._draw, self._notes = facts, draw, notes
        if facts.tempo_change and facts.bpm is None and draw:
            facts = replace(facts, bpm=self._tempo(constraints_on(facts, given, bars)))
        stated = constraints_on(facts, given, bars)
        lengths = [c.num_bars for c in stated if isinstance(c, Length)]
        frame = self._metre(stated)
        self.num_bars = lengths[0] if lengths and bars is None else bars
        if self.num_bars is None:
            if self._needs_tempo(stated):
                frame = Constraints(frame, ExactTempo(self._tempo(stated), source=_DRAWN))
            self.num_bars = self._length(Constraints(stated, frame))
        self.constraints = Constraints(constraints_on(facts, given, bars, self.num_bars), frame)

    def plan(self) -> Plan:
        """The plan of the piece. Raises ConfigError for constraints that contradict each other."""
        return self.constraints.plan(self.num_bars, self._notes)

    @cached_property
    def _drawn(self) -> Drawn:
        return self._draw() if self._draw else Drawn()

    def _metre(self, stated: Constraints) -> Constraints:
        """One time signature, where none is stated and none is to change."""
        is_stated = any(isinstance(c, Metre) for c in stated)
        if is_stated or self._facts.metre_is_open or self._draw is None:
            return Constraints()
        usual = (self._drawn.time_signature, "4/4", "3/4", "2/4", "6/8")
        allowed = [metre for metre in usual if metre not in self._facts.refused_metres]
        return Constraints(*(Metre(metre, source=_DRAWN) for metre in allowed[:1]))

    def _needs_tempo(self, stated: Constraints) -> bool:
        """Whether a length in seconds needs a tempo for the whole piece that nothing states."""
        length = self._facts.length
        is_stated = any(
            isinstance(c, ExactTempo) or (isinstance(c, TempoRange) and c.scope.bars)
            for c in stated
        )
        return bool(self._draw and length and length.unit == "seconds" and not is_stated)

    def _tempo(self, stated: Constraints) -> float:
        """The tempo that is drawn, within the range that is stated."""
        ranges = [c for c in stated if isinstance(c, TempoRange) and not c.scope.bars]
        bpm = round(self._drawn.bpm)
        low = max((c.low for c in ranges), default=bpm)
        high = min((c.high for c in ranges), default=bpm)
        return bpm if low <= bpm <= high else round((low * high) ** 0.5)

    def _length(self, constraints: Constraints) -> int | None:
        """Bars of the piece; None if only its notes are limited."""
        length = self._facts.length
        usual = next((c.usual_length for c in constraints if isinstance(c, Form)), None)
        if length is None and usual is None:
            return DEFAULT_BARS if self._notes is None else None
        usual = usual or DEFAULT_BARS
        if length is None:
            return usual
        exact, unit = length.exact, length.unit
        if exact is not None:
            below, above = _bars_around(constraints, exact, unit)
            too_short = exact - _length_of(constraints, below, unit)
            too_long = _length_of(constraints, above, unit) - exact
            return below if below and too_short < too_long else above
        bars = usual
        if length.low is not None:
            bars = max(bars, _bars_around(constraints, length.low, unit)[1])
        if length.high is not None:
            bars = max(1, min(bars, _bars_around(constraints, length.high, unit)[0]))
        return bars


def _bars_around(constraints: Constraints, amount: float, unit: str) -> tuple[int, int]:
    """The largest number of bars up to an amount of bars, beats or seconds, and the next one up.

    They are equal where bars have exactly this length.
    """
    if unit == "bars":
        return int(amount), int(amount)
    above = 1 + bisect_left(
        range(1, MAX_BARS), amount - 1e-6, key=lambda n: _length_of(constraints, n, unit)
    )
    is_exact = abs(_length_of(constraints, above, unit) - amount) < 1e-6
    return above if is_exact else above - 1, above


def _length_of(constraints: Constraints, num_bars: int, unit: str) -> float:
    """How many beats or seconds a number of bars have; 4/4 and 120 BPM where nothing is stated."""
    metres = [c for c in constraints if isinstance(c, Metre)]
    tempos = [c for c in constraints if isinstance(c, (ExactTempo, TempoRange))]
    # An exact tempo outweighs a range, and a tempo in some bars that of the piece.
    tempos.sort(key=lambda c: (isinstance(c, TempoRange), c.scope.bars is None))
    total = 0.0
    for bar in range(num_bars):
        metre = next((c.time_signature for c in metres if c.scope.covers(bar)), "4/4")
        beats, note_value = map(int, metre.split("/"))
        if unit == "seconds":
            tempo = next((c for c in tempos if c.scope.covers(bar)), None)
            total += beats * 4 / note_value * 60 / _bpm_at(tempo, bar, num_bars)
        else:
            # The beats of 6/8, 9/8 and 12/8 are dotted quarters.
            is_compound = note_value == 8 and beats % 3 == 0 and beats > 3
            total += beats // 3 if is_compound else beats
    return total


def _bpm_at(tempo: ExactTempo | TempoRange | None, bar: int, num_bars: int) -> float:
    if isinstance(tempo, ExactTempo):
        return tempo.bpm_at(bar, num_bars)
    return Drawn().bpm if tempo is None else (tempo.low + tempo.high) / 2
