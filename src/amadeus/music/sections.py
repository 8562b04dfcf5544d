"""Sections: the parts of a form such as "intro:4 A:8 A:8 B:8 A':8 outro:4", and their lengths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from amadeus.errors import ConfigError

NAMED_FORMS = {
    "binary": "A A B B", "ternary": "A B A", "da capo": "A B A", "rondo": "A B A C A",
    "song form": "A A B A", "verse-chorus": "verse chorus verse chorus bridge chorus",
}  # fmt: skip
"""Forms with a name of their own, as sections."""
SECTION_NAMES = (
    "intro", "verse", "prechorus", "chorus", "refrain", "hook", "bridge", "solo", "interlude",
    "break", "breakdown", "buildup", "drop", "theme", "trio", "middle", "vamp", "tag", "ending",
    "coda", "outro",
)  # fmt: skip
"""Names of sections that prompts may use; a form may have others."""
MAX_SECTIONS = 64
USUAL_BARS = 8
SHORT_BARS = 4
"""Usual length of the sections in SHORT."""
SHORT = frozenset(
    {"intro", "prechorus", "interlude", "break", "breakdown", "buildup", "vamp", "tag", "ending",
     "coda", "outro"}
)  # fmt: skip
_SECTION = re.compile(r"([A-Z]+|[a-z][a-z-]{0,19}|[A-Z][a-z-]{1,19})([\u2019']*)(?::(\d{1,4}))?")
_UNITS = (4, 2, 1)
"""Lengths are multiples of the first of these that fits."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a form."""

    label: str
    """A letter, "A", or a name in lower case, "chorus". Sections with the same label share their
    music."""
    variation: int = 0
    """Number of primes: 1 for "A'", a varied return of A."""
    bars: int | None = None
    """Its length; None if that is open."""

    def __str__(self) -> str:
        length = "" if self.bars is None else f":{self.bars}"
        return f"{self.label}{chr(39) * self.variation}{length}"

    @property
    def usual_bars(self) -> int:
        """Its length if nothing else is known."""
        return self.bars or (SHORT_BARS if self.label in SHORT else USUAL_BARS)


def read_sections(text: str) -> tuple[Section, ...]:
    """The sections of a form: "AABA", "A:8 B:8 A':8", "verse chorus verse", "rondo".

    Raises ConfigError for what is no form.
    """
    name = " ".join(text.lower().split())
    text = NAMED_FORMS.get(name) or NAMED_FORMS.get(name.removesuffix(" form")) or text
    sections = [s for word in re.split(r"[\s,|]+", text.strip()) for s in _read_word(word)]
    if not 1 <= len(sections) <= MAX_SECTIONS:
        raise ConfigError(f"a form has 1 to {MAX_SECTIONS} sections, got {len(sections)}")
    return tuple(sections)


def _read_word(word: str) -> list[Section]:
    match = _SECTION.fullmatch(word)
    if match is None or match[3] == "0":
        raise ConfigError(
            f"{word!r} is no section of a form; write a letter or a name with its bars, such as "
            "A:8, A':8 or chorus:8"
        )
    name, primes, bars = match.groups()
    labels = [*name] if name.isupper() else [name.lower()]
    length = None if bars is None else int(bars)
    # In "AABA'", only the last letter is varied.
    return [
        Section(label, len(primes) if place == len(labels) - 1 else 0, length)
        for place, label in enumerate(labels)
    ]


def form_text(sections: Sequence[Section]) -> str:
    """The sections as `read_sections` reads them."""
    return " ".join(map(str, sections))


def usual_length(sections: Sequence[Section]) -> int:
    """Bars of a form if nothing else is known."""
    return sum(section.usual_bars for section in sections)


def is_open(sections: Sequence[Section]) -> bool:
    """Whether the length of a section is open."""
    return any(section.bars is None for section in sections)


def with_lengths(sections: Sequence[Section], num_bars: int) -> tuple[Section, ...]:
    """The sections with lengths that add up to a number of bars.

    Open sections share what the others leave in proportion to their usual lengths, in multiples of
    4 or 2 bars where possible; the last one takes the rest. Raises ConfigError if that is
    impossible.
    """
    fixed = sum(section.bars or 0 for section in sections)
    open_sections = [section for section in sections if section.bars is None]
    left = num_bars - fixed
    if left < len(open_sections) or (left and not open_sections):
        raise ConfigError(
            f"the sections {form_text(sections)} do not have {num_bars} bars together; "
            "change their lengths or that of the piece"
        )
    if not open_sections:
        return tuple(sections)
    lengths = iter(_shares([section.usual_bars for section in open_sections], left))
    return tuple(s if s.bars is not None else replace(s, bars=next(lengths)) for s in sections)


def _shares(usual: Sequence[int], total: int) -> list[int]:
    """Lengths near to the usual ones, scaled to a total of bars."""
    exact = [bars * total / sum(usual) for bars in usual]
    for unit in _UNITS:
        lengths = [max(unit, round(share / unit) * unit) for share in exact]
        lengths[-1] = total - sum(lengths[:-1])
        if lengths[-1] >= unit and abs(lengths[-1] - exact[-1]) <= unit:
            return lengths
    return _evenly(total, len(usual))


def _evenly(total: int, parts: int) -> list[int]:
    return [total // parts + (part < total % parts) for part in range(parts)]
