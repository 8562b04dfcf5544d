"""What an edit changes and keeps: bars, parts, single notes and attributes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from amadeus.control.note_range import parse_notes
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.tokens.vocabulary import ATTRIBUTES, Attribute

NAMES = {name: Attribute[name.upper()] for name in ATTRIBUTES} | {
    "rhythm": Attribute.BEAT,
    "harmony": Attribute.CHORD,
    "orchestration": Attribute.INSTRUMENT,
    "melody": Attribute.PITCH,
    "length": Attribute.DURATION,
    "dynamics": Attribute.VELOCITY,
}
"""The names of attributes."""
VARIED = frozenset({Attribute.PITCH, Attribute.DURATION, Attribute.VELOCITY})
"""What is resampled by default for single notes and in a variation."""
MUSICAL = VARIED | {Attribute.BEAT, Attribute.CHORD}
"""What is resampled by default if only kept attributes are named: not instruments and tempo."""
SHARED = frozenset({Attribute.CHORD, Attribute.TEMPO})
"""What all notes of an onset have in common."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A change to a piece.

    With bars and parts alone, new notes replace the old ones. With `notes`, `resample`, `keep` or
    `vary`, the notes stay and some of their attributes are resampled.
    """

    bars: tuple[int, int | None] | None = None
    """First and last bar that change, counted from 1; None for the end. All bars if None."""
    parts: tuple[str, ...] = ()
    """Instruments whose notes change; all instruments if empty."""
    add: tuple[str, ...] = ()
    """Instruments that get new parts; with `parts`, they replace these."""
    notes: tuple[str, ...] = ()
    """The only notes that change, as in `note_range`: "C4-G5 from 9:1 to 9:3"."""
    resample: tuple[str, ...] = ()
    """Attributes that are resampled; by default VARIED for single notes and for a variation, and
    MUSICAL otherwise."""
    keep: tuple[str, ...] = ()
    """Attributes that are not resampled."""
    vary: float | None = None
    """Share of the notes that change, above 0 and up to 1."""

    def __post_init__(self) -> None:
        Scope(self.bars, (*self.parts, *self.add))  # which checks both
        for text in self.notes:
            parse_notes(text)
        _attributes(self.keep), _attributes(self.resample)
        if self.vary is not None and not 0 < self.vary <= 1:
            raise ConfigError(
                f"vary is a share of the notes, above 0 and at most 1; got {self.vary:g}"
            )
        if self.writes:
            return
        if self.add:
            raise ConfigError(
                f"a new part ({', '.join(self.add)}) has new notes, so there is nothing to keep, "
                "resample or name; leave out one or the other"
            )
        self._check_attributes()

    def _check_attributes(self) -> None:
        both = _attributes(self.resample) & _attributes(self.keep)
        if both:
            raise ConfigError(f"{_names(both)} cannot be both kept and resampled; name it once")
        if Attribute.TYPE in _attributes(self.resample):
            raise ConfigError(
                "type says where bars begin, and is always kept; to write new notes, leave out "
                "what is resampled and kept"
            )
        if not self.drawn:
            raise ConfigError("every attribute is kept, so nothing would change; keep fewer")
        if Attribute.INSTRUMENT in self.drawn and (self.vary or self.notes):
            raise ConfigError("instruments change part by part; leave out vary and notes, or keep "
                              "instrument")  # fmt: skip
        if self.drawn & SHARED and self.notes:
            raise ConfigError(
                f"{_names(self.drawn & SHARED)} is that of all notes that begin together; leave "
                "out notes, or keep it"
            )
        if Attribute.BEAT in self.drawn and (self.parts or self.vary or self.notes):
            raise ConfigError(
                "a new rhythm for some of the notes would change their order among the others; "
                "keep rhythm, or write the part anew by leaving out what is kept and resampled"
            )

    @property
    def writes(self) -> bool:
        """Whether new notes are written, rather than attributes resampled."""
        return not (self.notes or self.resample or self.keep or self.vary)

    @property
    def drawn(self) -> frozenset[Attribute]:
        """Attributes of given notes that are resampled."""
        if self.writes:
            return frozenset()
        default = VARIED if self.vary or self.notes else MUSICAL
        return (_attributes(self.resample) or default) - _attributes(self.keep)


def _attributes(names: Iterable[str]) -> frozenset[Attribute]:
    """Raises ConfigError, with the nearest names, for one that is unknown."""
    attributes = set()
    for name in names:
        wanted = name.strip().lower()
        known = wanted if wanted in NAMES else wanted.removesuffix("s")
        if known not in NAMES:
            close = get_close_matches(wanted, NAMES, n=2) or list(NAMES)
            raise ConfigError(f"no attribute is called {name!r}; did you mean {', '.join(close)}?")
        attributes.add(NAMES[known])
    return frozenset(attributes)


def _names(attributes: Iterable[Attribute]) -> str:
    return ", ".join(ATTRIBUTES[a] for a in sorted(attributes))
