"""What is known of the systems that are compared, and the parts of a report that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from amadeus.evaluation.alignment import Heard, Wanted, align, nothing_met
from amadeus.evaluation.comparison import measure
from amadeus.evaluation.memorisation import Passages
from amadeus.evaluation.openings import from_first_note, opening
from amadeus.evaluation.pieces import Piece
from amadeus.music.score import Score
from amadeus.reports.report import Table
from amadeus.text.prompt_list import LabelledPrompt
from amadeus.tokens import decode, encode


@dataclass(frozen=True)
class System:
    """Pieces by one system, or composed in one way, and what is measured of them."""

    name: str
    pieces: Sequence[Piece]
    bars: int
    """How many bars of a piece its openings have."""

    @cached_property
    def broken(self) -> list[Piece]:
        """The files that cannot be read."""
        return [piece for piece in self.pieces if piece.problem]

    @cached_property
    def readable(self) -> list[Piece]:
        """The pieces with music in them."""
        return [piece for piece in self.pieces if piece.music is not None]

    @cached_property
    def openings(self) -> list[Score]:
        """Of every readable piece; those that are shorter are whole, from the first note on."""
        pairs = zip(self._opened, self._tokens, strict=True)
        return [decode(from_first_note(t)) if o is None else o for o, t in pairs]

    @cached_property
    def num_short(self) -> int:
        """How many readable pieces have fewer bars than an opening."""
        return sum(opened is None for opened in self._opened)

    @cached_property
    def _tokens(self) -> list[np.ndarray]:
        return [encode(piece.music) for piece in self.readable if piece.music is not None]

    @cached_property
    def _opened(self) -> list[Score | None]:
        return [opening(tokens, self.bars) for tokens in self._tokens]

    @cached_property
    def metrics(self) -> dict[str, np.ndarray]:
        """Every metric of every opening."""
        return measure(self.openings)

    @cached_property
    def owners(self) -> list[str]:
        """What each readable piece depends on: its prompt, or nothing but itself."""
        return [piece.prompt.id if piece.prompt else piece.name for piece in self.readable]

    @cached_property
    def answers(self) -> list[tuple[Piece, Wanted]]:
        """The pieces that answer a prompt, readable or not, and what that asks for."""
        answers = [(one, one.prompt) for one in self.pieces if one.prompt is not None]
        return [(piece, Wanted.from_labels(prompt.labels)) for piece, prompt in answers]

    @cached_property
    def heard(self) -> list[Heard | None]:
        """What is heard in each of those; None where there is no music."""
        return [None if one.music is None else Heard.of(one.music) for one, _ in self.answers]

    @cached_property
    def alignment(self) -> list[dict[str, float]]:
        """The measures of each of those."""
        pairs = zip(self.heard, self.answers, strict=True)
        return [nothing_met(w) if heard is None else align(heard, w) for heard, (_, w) in pairs]

    def asked_for(self, measure: str) -> set[str]:
        """The prompts that ask for what a measure is about, by id."""
        answers = zip(self.answers, self.alignment, strict=True)
        return {one.prompt.id for (one, _), found in answers if one.prompt and measure in found}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that a report is made of."""

    systems: Sequence[System]
    bars: int
    prompts: Sequence[LabelledPrompt] = ()
    reference: Sequence[Score] = ()
    """Openings of real pieces, all of the same number of bars."""
    training: Passages | None = None
    """What the openings have in common with the pieces that the system was trained on."""


class Part(NamedTuple):
    """A part of a report: what it shows, and its numbers as JSON takes them."""

    tables: Sequence[Table]
    values: Mapping[str, Any]
    pictures: Mapping[str, Figure] = MappingProxyType({})


MakePart = Callable[[Evidence], "Part | None"]
"""Makes a part of the evidence; None where that has nothing for it."""
