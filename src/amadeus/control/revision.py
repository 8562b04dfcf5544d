"""The constraints on an edited passage: moved to its bars, with the instruments that may play."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from amadeus.control.constraint import Constraint
from amadeus.control.engine import Control
from amadeus.control.kinds import Density, Playing
from amadeus.control.kinds.density import MOST_NOTES
from amadeus.control.passage import Passage
from amadeus.control.plan import Plan
from amadeus.control.scope import Scope
from amadeus.control.selection import Selection, free_programs
from amadeus.control.unisons import Unisons
from amadeus.errors import ConfigError
from amadeus.music.instruments import program_name
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import ATTRIBUTES, Attribute

NEW_PART_SHARE = 0.5
"""An added part plays at least in this share of the bars."""
OLD_PART_SHARE = 0.5
"""The same for a replaced part, relative to the share in which it played."""
_WRITTEN = frozenset(Attribute) - {Attribute.CHORD, Attribute.TEMPO}


class Revision:
    """An edit of a piece and its constraints, checked to be possible together."""

    def __init__(self, selection: Selection, constraints: Iterable[Constraint]) -> None:
        """constraints: their bars are those of the piece; without bars they apply to the passage.

        Raises ConfigError for constraints on what stays or on other bars, and for contradictions.
        """
        self.selection = selection
        given = list(constraints)
        self.constraints = [_moved(c, selection) for c in given]
        for constraint in given:
            _check_affects_what_changes(constraint, selection)
        self.players = [c for c in self.constraints if isinstance(c, Playing)]
        casting = self._casting() if selection.edit.writes else []
        others = [c for c in self.constraints if c not in self.players]
        held = [*others, *casting, *(self.players if selection.edit.writes else [])]
        self.plan = Plan(held, len(selection.bars), is_passage=True)
        self.newcomers = self._newcomers() if selection.edit.writes else frozenset()
        self._check_end()
        self.control(0)

    def control(self, first_bar: int) -> Passage:
        """A hook for `Request.constrain`; first_bar: bars of the prompt before the passage."""
        control = Control(self.plan, first_bar, steps=self.selection.steps)
        chosen, unisons = self.selection, None
        if not chosen.edit.writes:
            unisons = Unisons(chosen.tokens, chosen.begin, chosen.is_open)
        return Passage(control, chosen.bars, self.newcomers, unisons)

    def _casting(self) -> list[Constraint]:
        """The constraints on instruments that follow from the edit."""
        selection, edit = self.selection, self.selection.edit
        if edit.add:
            names = free_programs(edit.add, selection.staying)
            return [Playing(names, bar_share=NEW_PART_SHARE, source="to be added")]
        staying = _names(selection.staying)
        taken = [Playing(staying, "none of", source="plays already")] if staying else []
        if self._asks_for_players or not edit.parts:
            return list(taken)
        shares = {value: OLD_PART_SHARE * share for value, share in selection.leaving.items()}
        each = [
            Playing(_names([value]), "at least", bar_share=share, source="to be replaced")
            for value, share in shares.items()
        ]
        asked = any(isinstance(c, Density) for c in self.constraints)
        busy = [] if asked else [
            Density(min(max(1, round(notes)), MOST_NOTES), scope=Scope(instruments=_names([value])))
            for value, notes in selection.busyness.items()
        ]  # fmt: skip
        return [Playing(_names(shares), source="to be replaced"), *each, *busy]

    @property
    def _asks_for_players(self) -> bool:
        return any(c.demands for c in self.players)

    def _newcomers(self) -> frozenset[int]:
        """Values of `instrument` that new notes may have."""
        bars = [self.plan.bar(i).notes for i in range(len(self.selection.bars))]
        allowed = np.concatenate(bars)[:, Attribute.INSTRUMENT].any(0)
        free = frozenset(np.flatnonzero(allowed).tolist()) - self.selection.staying
        edit = self.selection.edit
        if not (edit.add or edit.parts or self._asks_for_players):
            sounding = self.selection.tokens[:, Attribute.INSTRUMENT]
            free &= frozenset(sounding.tolist())
        if not free and not any(c.is_silence for c in self.players):
            raise ConfigError("the constraints leave no instrument to play; allow one")
        return free

    def _check_end(self) -> None:
        """Raise ConfigError for a piece that would not end with a note."""
        bar = self.selection.bars[-1]
        ends = self.selection.end_bar == self.selection.num_bars
        if (
            ends
            and not len(bar.rows)
            and not len(self.plan.bar(len(self.selection.bars) - 1).notes)
        ):
            raise ConfigError("the constraints silence the last bar of the piece, which ends with "
                              "a note; let it play")  # fmt: skip


def _moved(constraint: Constraint, selection: Selection) -> Constraint:
    """The constraint with bars counted from the first bar of the passage."""
    if constraint.scope.bars is None:
        return constraint
    first, last = constraint.scope.bars
    if first <= selection.first_bar or (last or first) > selection.end_bar:
        raise ConfigError(
            f"{constraint.described} names bars outside of the edited ones, "
            f"{selection.first_bar + 1}-{selection.end_bar}; choose bars among these"
        )
    here = (first - selection.first_bar, last and last - selection.first_bar)
    return replace(constraint, scope=replace(constraint.scope, bars=here))


def _check_affects_what_changes(constraint: Constraint, selection: Selection) -> None:
    """Raise ConfigError for a constraint on what an edit keeps."""
    edit = selection.edit
    if why := constraint.refusal_in_edit(edit.drawn):
        raise ConfigError(f"{constraint.described}: {why}")
    changing = edit.drawn
    if edit.writes:
        changing = _WRITTEN | ({Attribute.CHORD} if selection.frees_harmony else set())
    if constraint.attributes and not constraint.attributes & changing:
        names = ", ".join(ATTRIBUTES[a] for a in sorted(constraint.attributes))
        raise ConfigError(
            f"{constraint.described} speaks of {names}, which stays as it is; resample {names}, "
            "or leave the constraint out"
        )


def _names(values: Iterable[int]) -> tuple[str, ...]:
    return tuple(program_name(v.program_of(value)) for value in sorted(values))
