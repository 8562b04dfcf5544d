"""The grammar: which rows may follow which, as exact masks.

A row is legal if it is of one of a few kinds (a further note at this onset, a later note in this
bar, a new bar, an empty bar, the end), and each kind is a product of one set of values per
attribute. The only other rule is that the beat of a new bar lies within its metre. So the values
that still lead to a legal row, however much of it is known and in whatever order it is revealed,
are a union over the kinds that agree with what is known. What a caller permits is a union of
products too; each kind is then met by each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from amadeus.errors import GrammarError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.products import Possible, choices, prune, prune_bars
from amadeus.tokens.vocabulary import (
    ATTRIBUTES,
    DRUMS,
    FIRST_BAR,
    FIRST_DRUM_PITCH,
    FIRST_REST,
    METRE_TICKS,
    NULL,
    NUM_ATTRIBUTES,
    SIZES,
    Attribute,
    RowType,
)

MAX_SIZE = max(SIZES)
VALUES = np.arange(MAX_SIZE) < np.array(SIZES)[:, None]
"""The values that each attribute has, bool [A, V]."""

KINDS = (
    "higher note of this instrument",
    "note of a further instrument at this onset",
    "drum at this onset",
    "later note in this bar",
    "later drum in this bar",
    "new bar",
    "new bar of drums",
    "empty bar",
    "end",
)
TOGETHER, LATER, BARS, REST, END = slice(0, 3), slice(3, 5), slice(5, 7), 7, 8
DRUM_TOGETHER = 2
_NOTES = slice(0, 7)
_OPENS = np.array([kind in (5, 6) for kind in range(len(KINDS))])
_HERE = np.array([kind not in (5, 6, 7) for kind in range(len(KINDS))])
_COLUMNS = np.arange(NUM_ATTRIBUTES)
_BEGINNINGS = (RowType.START, RowType.RESUME, RowType.FUTURE)
_ENDS = (RowType.END, RowType.JOIN)
# Looked up once: before Python 3.12 a member of an enumeration costs more than a set of values.
_BEAT, _CHORD, _TEMPO, _INSTRUMENT, _PITCH = (int(Attribute(a)) for a in range(1, 6))
_BAR_TICKS = np.full(SIZES[Attribute.TYPE], METRE_TICKS.max())
"""The latest beat of a row by its type; of notes, the sets of beats say more."""
_BAR_TICKS[FIRST_BAR:FIRST_REST] = METRE_TICKS


@cache
def _template(ends_with: RowType) -> np.ndarray:
    """What does not depend on the rows before, bool [kinds, A, V]."""
    sets = np.zeros((len(KINDS), NUM_ATTRIBUTES, MAX_SIZE), dtype=bool)
    sets[_NOTES, 1:] = VALUES[1:]
    sets[_NOTES, :, NULL] = False
    sets[_NOTES, Attribute.TYPE, RowType.NOTE] = True
    sets[_NOTES, Attribute.INSTRUMENT, DRUMS] = False
    sets[_NOTES, Attribute.PITCH, FIRST_DRUM_PITCH:] = False
    for drums in (2, 4, 6):
        sets[drums, Attribute.INSTRUMENT] = np.arange(MAX_SIZE) == DRUMS
        sets[drums, Attribute.PITCH] = VALUES[Attribute.PITCH]
        sets[drums, Attribute.PITCH, :FIRST_DRUM_PITCH] = False
    sets[BARS, Attribute.TYPE] = False
    sets[BARS, Attribute.TYPE, FIRST_BAR:FIRST_REST] = True

    sets[REST, Attribute.TYPE, FIRST_REST : SIZES[0]] = True
    sets[REST, 1:, NULL] = True
    sets[REST, Attribute.TEMPO] = VALUES[Attribute.TEMPO]
    sets[REST, Attribute.TEMPO, NULL] = False

    sets[END, Attribute.TYPE, ends_with] = True
    sets[END, 1:, NULL] = True
    return sets


@cache
def _bounds(ends_with: RowType) -> tuple[np.ndarray, np.ndarray]:
    """First beats and longest bars of all kinds where nothing is permitted, int64 [kinds]."""
    return prune(_template(ends_with).copy(), _OPENS)


def everything(ends_with: RowType) -> Possible:
    """All kinds of rows, before what the rows before leave of them."""
    return Possible(_template(ends_with), *_bounds(ends_with))


class Grammar:
    """Follows a piece row by row and says what may come next.

    A piece is START (or RESUME, for an excerpt), bars, END. An infill is FUTURE, the bars after the
    gap and possibly END, START or RESUME, the bars before the gap, the bars in it, JOIN.
    """

    def __init__(
        self,
        *,
        ends_with: RowType = RowType.END,
        num_bars: int | None = None,
        max_notes: int | None = None,
    ) -> None:
        """ends_with: END, or JOIN for an infill; only JOIN may follow an empty bar.

        num_bars: exactly this many bars after START or RESUME.
        max_notes: end after this many notes, an empty bar counted as one, however many bars it is.
        """
        if ends_with not in (RowType.END, RowType.JOIN):
            raise GrammarError(f"a piece ends with END or JOIN, not with {ends_with!r}")
        self.ends_with, self.num_bars, self.max_notes = ends_with, num_bars, max_notes
        self.num_rows = 0
        """Rows so far, marks included."""
        self.bars = 0
        """Bars opened since START or RESUME."""
        self.notes = 0
        """Notes and empty bars since START or RESUME."""
        self.last = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
        """The last row, [A]; all zero before the first one."""
        self._bar_ticks = 0
        self.in_future = False
        """Whether the bars after a gap are being read."""
        self._sets = _template(ends_with).copy()
        self._open = np.zeros(len(KINDS), dtype=bool)
        self._has_room = np.ones(len(KINDS), dtype=bool)
        self.permit(None)

    @property
    def ended(self) -> bool:
        """Whether the last row was END or JOIN."""
        return not self.in_future and int(self.last[0]) in _ENDS

    @property
    def in_last_bar(self) -> bool:
        """Whether `num_bars` bars have begun, so that no other may."""
        return self.num_bars is not None and self.bars >= self.num_bars

    @property
    def bar_ticks(self) -> int:
        """Length of the bar at hand in grid steps, its last beat; 0 before the first bar."""
        return self._bar_ticks

    @property
    def open_kinds(self) -> np.ndarray:
        """Which of KINDS may follow, before looking at values, bool [kinds]."""
        return self._open.copy()

    @property
    def choices(self) -> tuple[Attribute, ...]:
        """Attributes to be decided first, in this order: what else is possible hangs on them.

        A chord drawn before the type would otherwise be the chord at hand, which the model knows,
        and so forbid the new bar that is to have another one.
        """
        return self._choices or ((Attribute.TYPE,) if self.in_last_bar else ())

    def permit(
        self,
        here: np.ndarray | None,
        next_bar: np.ndarray | None = None,
        first: Iterable[Attribute] = (),
    ) -> None:
        """Restrict the values of the rows to come, until the next call.

        here: a product, bool [A, V], or a union of products, [P, A, V], that rows in the bar at
        hand come from; None for all values. next_bar: the same for a row that opens a bar. NULL,
        which says that an attribute does not apply, always may be. first: attributes that are to be
        decided before others, besides those that tell the products apart.
        """
        self._permitted: np.ndarray | None = None
        self._cached: Possible | None = None
        self._choices = tuple(sorted(first))
        if here is None and next_bar is None:
            self._first_beats, self._longest_bars = _bounds(self.ends_with)
            return
        sides = [
            np.reshape(VALUES if side is None else side, (-1, *VALUES.shape))
            for side in (here, next_bar)
        ]
        self._choices = tuple(sorted({*first, *choices(*sides)}))
        pairs = [(k, side, p) for k, side in enumerate(1 - _HERE) for p in range(len(sides[side]))]
        self._kinds = np.array([kind for kind, _, _ in pairs], dtype=np.int64)
        self._permitted = np.zeros((len(pairs), *VALUES.shape), dtype=bool)
        for place, (_, side, product) in enumerate(pairs):
            self._permitted[place] = sides[side][product]
        self._permitted[:, :, NULL] = True
        # Most kinds meet few products, and those that can never meet cost nothing after this.
        meet = _template(self.ends_with)[self._kinds] & self._permitted
        # Those that open a bar are the same after any row.
        opens = _OPENS[self._kinds]
        self._first_beats, self._longest_bars = prune(meet, opens)
        self._permitted[opens] = meet[opens]
        meet[self._kinds == 0] = True  # of drums or not, as the last row was
        self._live = np.flatnonzero(meet.any(-1).all(-1))

    def close_bar(self) -> None:
        """Forbid further notes in the bar at hand."""
        self._open[TOGETHER] = self._open[LATER] = False
        self._cached = None

    def close_chord(self) -> None:
        """Forbid further notes of the instrument at hand at this onset."""
        self._open[0] = False
        self._cached = None

    def allowed(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The values from which the partly known next row can still become legal, bool [A, V].

        values: int [A]; known: bool [A], which of them count. A known attribute keeps its value
        only. Raises GrammarError if no legal row has these values.
        """
        possible = self.possible()
        revealed = known.nonzero()[0]
        alive = possible.sets[:, revealed, values[revealed]].all(1)
        row_type = int(values[Attribute.TYPE]) if known[Attribute.TYPE] else None
        beat = int(values[Attribute.BEAT]) if known[Attribute.BEAT] else None
        if row_type is not None or beat is not None:
            first = possible.first_beats if beat is None else beat
            alive &= first <= (possible.bar_ticks if row_type is None else _BAR_TICKS[row_type])
        if not alive.any():
            raise GrammarError(self._contradiction(values, known))

        legal = np.logical_or.reduce(possible.sets[alive], axis=0)  # [A, V]
        if row_type is not None and FIRST_BAR <= row_type < FIRST_REST:
            legal[Attribute.BEAT, METRE_TICKS[row_type - FIRST_BAR] + 1 :] = False
        if beat is not None:
            legal[Attribute.TYPE, FIRST_BAR:FIRST_REST] &= beat <= METRE_TICKS
        legal[revealed] = False
        legal[revealed, values[revealed]] = True
        return legal

    def advance(self, row: np.ndarray) -> None:
        """Take a row as the next one, whatever `permit` said. row: int [A].

        Raises GrammarError, naming row and value, where it is not legal.
        """
        row = np.array(row, dtype=np.int64)
        row_type = int(row[0])
        if row_type in _BEGINNINGS:
            self._begin(row)
        elif row_type == RowType.END and self.in_future and v.has_sound(int(self.last[0])):
            self._check_null(row)
        else:
            self._check(row)
            self.notes += 1
        if row_type >= FIRST_BAR:
            self.bars += 1
            self._bar_ticks = int(METRE_TICKS[v.metre_of(row_type)])
        self.num_rows += 1
        self.last = row
        if v.has_sound(row_type):
            self._set_neighbours(row)
        self._set_open(row_type)
        self._cached = None

    def _begin(self, row: np.ndarray) -> None:
        """START and RESUME begin a piece or follow the bars of FUTURE; FUTURE only begins one."""
        row_type = RowType(row[Attribute.TYPE])
        after_future = self.in_future and self.bars > 0 and row_type != RowType.FUTURE
        if self.num_rows and not after_future:
            raise GrammarError(
                f"row {self.num_rows}: {row_type.name} is only possible at the start"
            )
        self._check_null(row)
        self.in_future = row_type == RowType.FUTURE
        self.bars = self.notes = 0

    def _set_neighbours(self, row: np.ndarray) -> None:
        """Sets of the notes that may follow this one in its bar, and which have any values."""
        sets = self._sets
        _, beat, chord, tempo, instrument, pitch, _, _ = row.tolist()
        for attribute, value in ((_BEAT, beat), (_CHORD, chord), (_TEMPO, tempo)):
            sets[TOGETHER, attribute] = False
            sets[TOGETHER, attribute, value] = True
        sets[LATER, _BEAT] = False
        sets[LATER, _BEAT, beat + 1 : self._bar_ticks + 1] = True
        # Notes of one onset are in the order of instruments, those of one instrument of pitches.
        sets[0, _INSTRUMENT] = False
        sets[0, _INSTRUMENT, instrument] = True
        sets[0, _PITCH] = False
        highest = SIZES[_PITCH] if instrument == DRUMS else FIRST_DRUM_PITCH
        sets[0, _PITCH, pitch + 1 : highest] = True
        sets[1, _INSTRUMENT] = False
        sets[1, _INSTRUMENT, instrument + 1 : DRUMS] = True
        self._has_room[0] = pitch + 1 < highest
        self._has_room[1] = instrument + 1 < DRUMS
        self._has_room[LATER] = beat < self._bar_ticks

    def _set_open(self, row_type: int) -> None:
        """Which kinds may follow, before looking at values."""
        rest = row_type >= FIRST_REST
        sound = row_type == RowType.NOTE or (row_type >= FIRST_BAR and not rest)
        kinds = self._open
        kinds[:] = False
        if row_type in _ENDS:
            return
        kinds[TOGETHER] = kinds[LATER] = sound
        kinds[2] = sound and int(self.last[_INSTRUMENT]) < DRUMS
        kinds[BARS] = kinds[REST] = True
        can_end = not self.in_future and (sound or (rest and self.ends_with == RowType.JOIN))
        kinds[END] = can_end
        if self.in_future:
            return
        may_rest_last = self.ends_with == RowType.JOIN
        if self.num_bars is not None:
            kinds[BARS] = self.bars < self.num_bars
            kinds[REST] = self.bars < self.num_bars - (not may_rest_last)
            kinds[END] = can_end and self.bars >= self.num_bars
        if self.max_notes is not None:
            kinds[REST] &= self.notes < self.max_notes - (not may_rest_last)
            if self.notes >= self.max_notes:
                kinds[:END] = False
                kinds[END] = can_end

    def possible(self) -> Possible:
        """What the next row may be, as far as nothing of it is known."""
        if self._cached is None:
            if self._permitted is None:
                places = (self._open & self._has_room).nonzero()[0]
                sets = self._sets[places]
            else:
                places = self._live[self._open[self._kinds[self._live]]]
                sets = self._sets[self._kinds[places]] & self._permitted[places]
                alive = sets.any(-1).all(-1)
                sets, places = sets[alive], places[alive]
            self._cached = Possible(sets, self._first_beats[places], self._longest_bars[places])
        return self._cached

    def _check(self, row: np.ndarray) -> None:
        values = row.tolist()
        outside = [a for a, value in enumerate(values) if not 0 <= value < MAX_SIZE]
        if outside:
            row = row.copy()
            row[outside] = 0
        fits = self._sets[:, _COLUMNS, row]  # [kinds, A]
        fits[:, outside] = False
        if FIRST_BAR <= values[0] < FIRST_REST:
            fits[:, _BEAT] &= values[_BEAT] <= METRE_TICKS[values[0] - FIRST_BAR]
        if (self._open & fits.all(1)).any():
            return
        alive = self._open.copy()
        for attribute, name in enumerate(ATTRIBUTES):
            alive &= fits[:, attribute]
            if not alive.any():
                raise GrammarError(
                    f"row {self.num_rows}: {name} {values[attribute]} is not possible in "
                    f"{values} after {self.last.tolist()}"
                )

    def _check_null(self, row: np.ndarray) -> None:
        for attribute, name in enumerate(ATTRIBUTES):
            if attribute != Attribute.TYPE and row[attribute] != NULL:
                raise GrammarError(
                    f"row {self.num_rows}: {name} {row[attribute]} is not possible in a mark; "
                    f"it must be {NULL}"
                )

    def _contradiction(self, values: np.ndarray, known: np.ndarray) -> str:
        """Says of every kind of row that could follow what rules it out."""
        if self.ended or not self.num_rows:
            where = "after the end" if self.ended else "before START or RESUME"
            return f"row {self.num_rows}: nothing can be written {where}"
        others = (np.arange(MAX_SIZE) != np.where(known, values, -1)[:, None]) & known[:, None]
        reasons = []
        for kind in np.flatnonzero(self._open):
            sets = self._sets[kind].copy()  # [A, V]
            if self._permitted is not None:
                sets &= self._permitted[self._kinds == kind].any(0)
            if BARS.start <= kind < BARS.stop:
                prune_bars(sets[None])
            sets &= ~others
            empty = [ATTRIBUTES[a] for a in np.flatnonzero(~sets.any(-1))]
            reasons.append(f"no {KINDS[kind]} ({', '.join(empty) or 'their combination'})")
        return (
            f"row {self.num_rows}: the permitted and the known values contradict each other: "
            f"they leave {'; '.join(reasons)}; permit more"
        )


def check(tokens: np.ndarray, *, ends_with: RowType = RowType.END) -> None:
    """Raise GrammarError, naming the row, unless tokens [N, A] are a whole piece."""
    grammar = Grammar(ends_with=ends_with)
    for row in tokens:
        grammar.advance(row)
    if not grammar.ended:
        raise GrammarError(
            f"the piece of {grammar.num_rows} rows does not end with {ends_with.name}"
        )
