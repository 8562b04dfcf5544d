"""`end`: the harmony of the last bar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.kinds.chords import CHORD_TONES, read_chord
from amadeus.control.kinds.key import InScale, chords_on
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.tokens.vocabulary import Attribute


@dataclass(frozen=True, slots=True)
class Ending(Constraint):
    """The harmony of the last bar."""

    name: ClassVar[str] = "end"
    examples: ClassVar[tuple[str, ...]] = ("tonic", "Am")
    note: ClassVar[str] = "the harmony of the last bar"
    for_bars: ClassVar[bool] = False
    favours_chord_tones: ClassVar[bool] = True
    soft_text: ClassVar[str] = CHORD_TONES

    chord: str = "tonic"
    """ "Am", or "tonic": any chord on the tonic of the key."""
    root: int | None = field(default=None, kw_only=True, compare=False)
    """The tonic's pitch class, once it is known (`resolve`)."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        chord = re.sub(r"^(?:on\s+)?(?:the\s+)?", "", value, flags=re.IGNORECASE)
        return cls("tonic" if chord.lower() == "tonic" else chord, scope=scope)

    def validate(self) -> None:
        if self.chord != "tonic":
            read_chord(self.chord)

    @property
    def hard(self) -> str:
        chord = "a chord on the tonic" if self.chord == "tonic" else "this chord"
        return f"every note of the last bar has {chord}"

    @property
    def attributes(self) -> frozenset[Attribute]:
        return frozenset({Attribute.CHORD})

    @property
    def allows_note_limit(self) -> bool:
        return False

    @property
    def needs_end(self) -> bool:
        return True

    def resolve(self, constraints: Sequence[Constraint], num_bars: int | None) -> Constraint:
        if self.chord != "tonic":
            return self
        last = (num_bars or 1) - 1
        keys = [c for c in constraints if isinstance(c, InScale) and not c.scope.instruments]
        tonics = [key.scale.tonic for key in keys if key.scope.covers(last)]
        roots = [tonic for tonic in tonics if tonic is not None]
        if not roots:
            raise ConfigError(f"{self.described}: no key has a tonic there; add 'key: A minor'")
        return replace(self, root=roots[-1])

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        if num_bars is None or bar < num_bars - 1:
            return {}
        if self.chord != "tonic":
            return {Attribute.CHORD: only([read_chord(self.chord)])}
        return {} if self.root is None else {Attribute.CHORD: only(chords_on(self.root))}
