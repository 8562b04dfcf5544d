"""The plan of a piece: for every bar, what its notes may be, as a union of products.

Instruments that the same constraints cover share a product; so do the beats of one chord. Nothing
is composed before every bar of the plan has been found possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from amadeus.control.casting import Casting, with_deadlines
from amadeus.control.conflicts import (
    blame,
    check_note_limit,
    check_pairs,
    check_scopes,
    contradiction,
    horizon,
    named,
)
from amadeus.control.rules import Constraint, InScale, only
from amadeus.control.structure import Chords, Density, Ending, Playing, chords_on, part_of
from amadeus.errors import ConfigError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES
from amadeus.tokens.vocabulary import FIRST_BAR, FIRST_DRUM_PITCH, FIRST_REST, Attribute, RowType

MAX_BARS = 10_000
"""Every bar is looked at before the first one is composed."""
_PITCHED = VALUES[Attribute.PITCH].copy()
_PITCHED[FIRST_DRUM_PITCH:] = _PITCHED[0] = False
_DRUMS = VALUES[Attribute.PITCH] & ~_PITCHED
_DRUMS[0] = False
_NOTES = VALUES.copy()
"""All notes: no mark, no empty bar, nothing that does not apply."""
_NOTES[:, 0] = False
_NOTES[Attribute.TYPE, : RowType.NOTE] = _NOTES[Attribute.TYPE, FIRST_REST:] = False
_SHARED = {
    Attribute.TYPE: _NOTES[Attribute.TYPE] & (np.arange(MAX_SIZE) >= FIRST_BAR),
    Attribute.CHORD: _NOTES[Attribute.CHORD],
    Attribute.TEMPO: _NOTES[Attribute.TEMPO],
}
"""What all notes of a bar or an onset have in common, of which something must be left."""


@dataclass(frozen=True, slots=True, eq=False)
class Bar:
    """What a bar may hold."""

    notes: np.ndarray
    """Products whose union its notes come from, bool [P, A, V]; none of them for silence."""
    opening: np.ndarray
    """The same for its first note."""
    rest: np.ndarray
    """What it may be if it is empty, bool [A, V]."""
    end: np.ndarray
    """The end of the piece, bool [A, V]."""
    most: float
    """Notes it may have."""
    most_of: dict[int, int]
    """Notes that each value of `instrument` may have, where that is limited."""


class Plan:
    """Constraints on one piece, found to be possible."""

    def __init__(
        self,
        constraints: Sequence[Constraint],
        num_bars: int | None,
        max_notes: int | None = None,
        *,
        is_passage: bool = False,
    ) -> None:
        """num_bars: the piece's, None if that is open; max_notes: where it is cut, if it is.

        is_passage: it is a part of a piece, which need neither begin nor end like one.
        Raises ConfigError, naming them, for constraints that contradict each other.
        """
        if max_notes is not None and max_notes < 1:
            raise ConfigError(f"max_notes must be at least 1, got {max_notes}")
        self.num_bars, self.is_passage = num_bars, is_passage
        check_scopes(constraints, num_bars)
        self.horizon = horizon(constraints, num_bars)
        if self.horizon > MAX_BARS:
            raise ConfigError(f"{self.horizon:,} bars are too many; ask for {MAX_BARS:,} at most")
        check_pairs(constraints, num_bars)
        check_note_limit(constraints, max_notes)
        self.constraints = with_tonic(constraints, num_bars)
        playing = [c for c in self.constraints if isinstance(c, Playing)]
        self._casting = Casting(playing, self.horizon, num_bars)
        self._bars: dict[int, Bar] = {}
        bars = [self.bar(index) for index in range(self.horizon)]
        self._check_playing(bars, max_notes)
        self.demands = with_deadlines(self._casting.demands, [b.most for b in bars], num_bars)

    def bar(self, index: int) -> Bar:
        """What a bar, counted from 0, may hold."""
        if index not in self._bars:
            self._bars[index] = self._make_bar(index)
        return self._bars[index]

    def _check_playing(self, bars: Sequence[Bar], max_notes: int | None) -> None:
        silent = [i for i, bar in enumerate(bars) if not len(bar.notes)]
        if silent and silent[-1] == len(bars) - 1 and not self.is_passage:
            silence = next(
                c
                for c in self.constraints
                if isinstance(c, Playing) and c.is_silence and c.scope.covers(silent[-1])
            )
            raise ConfigError(f"{named(silence)}: a piece ends with a note; let its last bar play")
        late = [d for d in self._casting.demands if len(d.bars) < self.horizon]
        if max_notes is not None and late:
            raise ConfigError(
                f"{named(late[0].constraint)} cannot be promised of a piece that may end before it "
                f"plays, with note {max_notes}; leave out the limit on notes"
            )
        wanted = {d.instrument for d in self._casting.demands}
        if max_notes is not None and len(wanted) > max_notes:
            raise ConfigError(
                f"{named(self._casting.demands[0].constraint)}: {max_notes} notes are too few for "
                f"{len(wanted)} instruments; allow more"
            )

    def _make_bar(self, index: int) -> Bar:
        covering = [c for c in self.constraints if c.scope.covers(index)]
        playing = self._casting.instruments(index)
        shared = self._together([c for c in covering if not c.scope.instruments], index)
        rest = shared.copy()
        rest[Attribute.TYPE, :FIRST_REST] = False
        end = VALUES.copy()
        end[Attribute.TYPE] = False
        end[Attribute.TYPE, [RowType.END, RowType.JOIN]] = True
        groups = self._groups(covering, playing, shared, index)
        products = [p for group in groups for p in self._parts(covering, group, index)]
        notes = np.array(products, dtype=bool).reshape(-1, *VALUES.shape)
        most, most_of = _limits(covering)
        return Bar(notes, self._opening(notes, covering, index), rest, end, most, most_of)

    def _together(self, constraints: Sequence[Constraint], bar: int) -> np.ndarray:
        """The masks of constraints that cover the same notes, bool [A, V].

        Raises ConfigError where they leave nothing of what all notes share.
        """
        product = VALUES.copy()
        masks: dict[Attribute, list[tuple[Constraint, np.ndarray]]] = defaultdict(list)
        for one in constraints:
            for attribute, mask in one.masks(bar, self.num_bars).items():
                if attribute != Attribute.INSTRUMENT:
                    masks[attribute].append((one, mask))
                    product[attribute] &= mask
        for attribute, base in _SHARED.items():
            if not (product[attribute] & base).any():
                raise blame(attribute, masks[attribute], base, bar)
        return product

    def _groups(
        self, covering: Sequence[Constraint], playing: np.ndarray, shared: np.ndarray, bar: int
    ) -> list[np.ndarray]:
        """One product of notes for all instruments that the same constraints cover."""
        members = defaultdict(list)
        scoped = [c for c in covering if c.scope.instruments]
        for value in np.flatnonzero(playing).tolist():
            members[tuple(c for c in scoped if c.scope.covers_instrument(value))].append(value)
        groups = []
        for special, values in members.items():
            product = shared & self._together(special, bar) & _NOTES
            product[Attribute.INSTRUMENT] = only(values)
            everyone = [c for c in covering if not c.scope.instruments]
            self._check_group(product, [*everyone, *special], values, bar)
            groups.append(product)
        return groups

    def _check_group(
        self, product: np.ndarray, constraints: Sequence[Constraint], values: list[int], bar: int
    ) -> None:
        """Raise ConfigError where some of these instruments would have nothing to play."""
        bases = [(Attribute.DURATION, _NOTES[Attribute.DURATION])]
        bases += [(Attribute.VELOCITY, _NOTES[Attribute.VELOCITY])]
        if any(value != v.DRUMS for value in values):
            bases.append((Attribute.PITCH, _PITCHED))
        if v.DRUMS in values:
            bases.append((Attribute.PITCH, _DRUMS))
        for attribute, base in bases:
            if not (product[attribute] & base).any():
                masks = [(c, c.masks(bar, self.num_bars)) for c in constraints]
                raise blame(
                    attribute, [(c, m[attribute]) for c, m in masks if attribute in m], base, bar
                )

    def _parts(
        self, covering: Sequence[Constraint], product: np.ndarray, bar: int
    ) -> list[np.ndarray]:
        """The product, or one for each of the chords that the bar is split into."""
        progression = next((c for c in covering if isinstance(c, Chords)), None)
        chords = progression.parts(bar) if progression else ()
        if progression is None or len(chords) < 2:
            return [product]
        metres = v.METRE_TICKS[product[Attribute.TYPE, FIRST_BAR:FIRST_REST]]
        if len(set(metres.tolist())) > 1:
            raise ConfigError(
                f"{named(progression)} splits bar {bar + 1}, so its time signature must be known; "
                "add 'metre: 4/4', or give one chord a bar"
            )
        ticks = int(metres[0])
        if len(chords) > ticks:
            raise ConfigError(f"{named(progression)}: bar {bar + 1} is too short for "
                              f"{len(chords)} chords; use fewer")  # fmt: skip
        beats = np.arange(1, ticks + 1)
        parts = []
        for place, chord in enumerate(chords):
            part = product.copy()
            part[Attribute.BEAT] &= only(beats[part_of(beats, ticks, len(chords)) == place])
            part[Attribute.CHORD] &= only([chord])
            if not part[Attribute.CHORD].any():
                others = [(c, c.masks(bar, self.num_bars).get(Attribute.CHORD)) for c in covering]
                for other, mask in others:
                    if mask is not None and not mask[chord]:
                        why = f"a part of bar {bar + 1} has a chord that the other forbids"
                        raise contradiction(progression, other, why)
            parts.append(part)
        return parts

    def _opening(self, notes: np.ndarray, covering: Sequence[Constraint], bar: int) -> np.ndarray:
        """Notes that may open a bar: at the ends of a key on its tonic, where chords are free."""
        opening = notes.copy()
        if self.is_passage or any(isinstance(c, Chords) for c in covering):
            return opening
        for one in covering:
            if not isinstance(one, InScale) or one.scope.instruments or one.scale.tonic is None:
                continue
            end = one.scope.end(self.num_bars)
            if bar != one.scope.first and (end is None or bar != end - 1):
                continue
            tonic = only([v.NO_CHORD, *chords_on(one.scale.tonic)])
            on_tonic = opening[:, Attribute.CHORD] & tonic
            if on_tonic.any(1).all():
                opening[:, Attribute.CHORD] = on_tonic
        return opening


def _limits(covering: Sequence[Constraint]) -> tuple[float, dict[int, int]]:
    """Notes that a bar may have, and those of single instruments."""
    most: float = inf
    most_of: dict[int, int] = {}
    for one in covering:
        if not isinstance(one, Density) or one.most is None:
            continue
        if not one.scope.instruments:
            most = min(most, one.most)
        for value in range(1, v.DRUMS + 1):
            if one.scope.instruments and one.scope.covers_instrument(value):
                most_of[value] = min(most_of.get(value, one.most), one.most)
    return most, most_of


def with_tonic(constraints: Sequence[Constraint], num_bars: int | None) -> list[Constraint]:
    """The constraints, an end on the tonic knowing which that is.

    Raises ConfigError where no key says so.
    """
    resolved = list(constraints)
    for place, one in enumerate(constraints):
        if isinstance(one, Ending) and one.chord == "tonic":
            last = (num_bars or 1) - 1
            keys = [c for c in constraints if isinstance(c, InScale) and not c.scope.instruments]
            tonics = [key.scale.tonic for key in keys if key.scope.covers(last)]
            roots = [tonic for tonic in tonics if tonic is not None]
            if not roots:
                raise ConfigError(f"{named(one)}: no key has a tonic there; add 'key: A minor'")
            resolved[place] = replace(one, root=roots[-1])
    return resolved
