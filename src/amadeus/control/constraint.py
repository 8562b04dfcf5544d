"""The base class of constraints: everything that planning, composing and checking may ask of one.

A kind of constraint (see `kinds`) overrides what applies to it and inherits the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from amadeus.control.scope import WHOLE, Scope
from amadeus.errors import ConfigError
from amadeus.tokens.grammar import MAX_SIZE, VALUES
from amadeus.tokens.vocabulary import Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts

Masks = dict[Attribute, np.ndarray]
"""The values that notes may have, for some of the attributes; bool [V] each."""


def only(values: list[int] | np.ndarray) -> np.ndarray:
    """A mask of these values, bool [V]."""
    return np.isin(np.arange(MAX_SIZE), values)


def no_bias() -> np.ndarray:
    """Zeros, float32 [A, V]."""
    return np.zeros(VALUES.shape, dtype=np.float32)


class Moment(NamedTuple):
    """The state of a piece before its next row is drawn."""

    bar: int
    """The current bar, counted from 0."""
    bar_ticks: int
    """Its length in grid steps."""
    counts: Counter[int]
    """Its notes so far, by value of `instrument`."""
    instruments: frozenset[int]
    """Values of `instrument` that may play in it."""


Note = tuple[int, int, int]
"""Values of `beat`, `instrument` and `pitch`."""


class Room(NamedTuple):
    """What is possible in a bar after a note."""

    notes: int
    """Different notes that may certainly follow in the same bar."""
    may_close: bool
    """Whether the bar may end there."""


class Guide(NamedTuple):
    """What should come next. The masks outweigh it."""

    note: np.ndarray | None = None
    """The next note in the current bar, bool [A, V]."""
    opening: np.ndarray | None = None
    """The first row of the next bar, bool [A, V]."""
    goes_on: bool | None = None
    """Whether the current bar goes on; None if that is open."""


class Tracker:
    """The memory of a constraint while a piece is composed, and what follows from it."""

    def update(self, row: np.ndarray, bar: int) -> None:
        """Take the next row, [A], and its bar, counted from 0."""

    def bias(self, moment: Moment) -> np.ndarray:
        """The bias on the logits of the next row, [A, V]."""
        return no_bias()

    def beat_bias(self, moment: Moment) -> np.ndarray | None:
        """The bias on the beat of the next row if it is a note in the current bar, [V]."""
        return None

    def guide(self) -> Guide | None:
        """What should come next; None if that is open."""
        return None

    def banned(self, bar: int, room: Callable[[Note], Room]) -> frozenset[Note]:
        """Notes that may not come next in the current bar, or first in the next one.

        room: what would be possible after a note. Some of the notes with room must be allowed.
        """
        return frozenset()

    def may_close(self) -> bool:
        """Whether the current bar may end here. If not, some further note must be possible."""
        return True


@dataclass(frozen=True, slots=True)
class Constraint:
    """A requirement on a piece."""

    name: ClassVar[str] = ""
    """What it is called in text: "key"."""
    names: ClassVar[tuple[str, ...]] = ()
    """All names that it may be called, if there are others; the first one is shown in help."""
    examples: ClassVar[tuple[str, ...]] = ()
    """Values, one of each form."""
    note: ClassVar[str] = ""
    """An explanation of the examples."""
    for_instruments: ClassVar[bool] = False
    """Whether it can be limited to some instruments."""
    for_bars: ClassVar[bool] = True
    """Whether it can be limited to some bars."""
    favours_chord_tones: ClassVar[bool] = False
    """Whether pitches of the current chord get a logit bias."""
    hard_text: ClassVar[str] = ""
    soft_text: ClassVar[str] = ""

    scope: Scope = field(default=WHOLE, kw_only=True)
    source: str = field(default="", kw_only=True, compare=False)
    """Where it comes from, for messages."""

    def __post_init__(self) -> None:
        if self.scope.instruments and not self.for_instruments:
            raise ConfigError(
                f"'{self}': {self.name} holds for all instruments; leave out "
                f"'for {', '.join(self.scope.instruments)}'"
            )
        if self.scope.bars and not self.for_bars:
            raise ConfigError(f"'{self}': {self.name} applies to the whole piece; "
                              f"leave out '{str(self.scope).strip()}'")  # fmt: skip
        self.validate()

    def __str__(self) -> str:
        return f"{self.name}: {self.value}{self.scope}"

    @property
    def described(self) -> str:
        """The constraint and its source, for messages."""
        return f"'{self}'" + (f" ({self.source})" if self.source else "")

    # What it is.

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        """The constraint that a text states.

        Raises `NotUnderstood` for a value of another form, ConfigError for one that makes no sense.
        """
        raise NotImplementedError

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        """The constraints of this kind that a prompt states.

        num_bars: bars of the piece; None if that is open.
        """
        return ()

    @property
    def prompt_label(self) -> str:
        """The label of the phrases of a prompt that state it (`PromptFacts.chips`)."""
        return self.name

    def validate(self) -> None:
        """Raise ConfigError for values that make no sense."""

    @property
    def value(self) -> str:
        """What it asks for, as text; by default, its only field."""
        return str(getattr(self, next(iter(self.__match_args__))))

    @property
    def hard(self) -> str:
        """What always holds, in words."""
        return self.hard_text

    @property
    def soft(self) -> str:
        """What the logit biases favour, in words; empty if there are none."""
        return self.soft_text

    @property
    def attributes(self) -> frozenset[Attribute]:
        """The attributes that it limits."""
        return frozenset(self.masks(self.scope.first, None))

    def profile(self) -> dict[str, Any]:
        """The fields of a profile that it states if it holds everywhere."""
        return {}

    # Where it can hold.

    @property
    def needs_end(self) -> bool:
        """Whether it needs to know which bar is its last one."""
        return False

    @property
    def period(self) -> int:
        """Bars after which its masks repeat."""
        return 1

    @property
    def allows_note_limit(self) -> bool:
        """Whether it can hold in a piece that a limit on notes may end anywhere."""
        return True

    def check_length(self, num_bars: int | None, max_notes: int | None) -> None:
        """Raise ConfigError if it cannot hold in a piece of this length; None if that is open."""
        first, last = self.scope.bars or (1, 1)
        last = last or first
        if num_bars is not None and last > num_bars:
            raise ConfigError(
                f"{self.described} names bar {last}, but the piece has {num_bars} bars; "
                "make it longer, or the range shorter"
            )
        if self.needs_end and self.scope.end(num_bars) is None:
            remedy = "say how many bars" + ", or 'in bars 1-8'" * self.for_bars
            raise ConfigError(f"{self.described} needs a last bar; {remedy}")
        if max_notes is not None and not self.allows_note_limit:
            raise ConfigError(
                f"{self.described} cannot be promised of a piece that may end anywhere, with note "
                f"{max_notes}; leave out the limit on notes, or this"
            )

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        """Why it and another one of its class cannot both hold; empty if they can.

        bars: those that both cover, counted from 0. Conflicts that masks reveal need no mention.
        """
        return ""

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        """Why an edit cannot be held to it; empty if it can.

        drawn: attributes that the edit resamples; none if it writes new notes.
        """
        return ""

    def check_room(self, rooms: Sequence[int]) -> None:
        """Raise ConfigError if the bars leave it too few choices.

        rooms: different notes that may certainly open each bar, 0 for silence.
        """

    def resolve(self, constraints: Sequence[Constraint], num_bars: int | None) -> Constraint:
        """The constraint with what it takes from the other ones filled in."""
        return self

    # How it is enforced.

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        """What the notes that it covers may be in a bar, counted from 0, of its range."""
        return {}

    def opening_masks(self, bar: int, num_bars: int | None) -> Masks:
        """The same for the first note of a bar, where the other constraints leave a choice."""
        return {}

    def split(self, bar: int, lengths: frozenset[int]) -> list[Masks]:
        """The masks of the parts that it splits a bar into; empty if it does not.

        lengths: how long the bar may be, in grid steps. Raises ConfigError if it cannot be split.
        """
        return []

    @property
    def most_notes(self) -> int | None:
        """The most notes that a bar may have, or each instrument of the scope in a bar."""
        return None

    @property
    def decided_first(self) -> frozenset[Attribute]:
        """Attributes that have to be decided before others, which would leave them no choice."""
        # Drums are free of limits on pitches: if pitches were drawn first, most would be theirs.
        about_pitches = self.favours_chord_tones or Attribute.PITCH in self.attributes
        return frozenset({Attribute.TYPE, Attribute.INSTRUMENT} if about_pitches else ())

    def tracker(self) -> Tracker | None:
        """A new tracker for one piece, if it needs one."""
        return None

    def breaches(self, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> Iterator[str]:
        """Violations that no single value shows, in words.

        rows: those that it covers, [N, A]; bars: the bar of each, counted from 0, [N].
        """
        yield from ()


def contradiction(first: Constraint, second: Constraint, why: str) -> ConfigError:
    """The error that names two constraints which cannot both hold."""
    return ConfigError(
        f"{first.described} and {second.described} contradict each other: {why}; "
        "change one of them or leave it out"
    )


def blame(
    attribute: Attribute, masks: Sequence[tuple[Constraint, np.ndarray]], base: np.ndarray, bar: int
) -> ConfigError:
    """The error for masks [V] that leave nothing of `base` [V], in a bar counted from 0."""
    name = "time signature" if attribute == Attribute.TYPE else attribute.name.lower()
    why = f"they leave no {name} in bar {bar + 1}"
    for (first, first_mask), (second, second_mask) in combinations(masks, 2):
        if not (base & first_mask & second_mask).any():
            return contradiction(first, second, why)
    names = ", ".join(c.described for c, _ in masks)
    return ConfigError(f"{names} contradict each other: {why}")
