"""What all readers of prompts share: phrases with their values, and what refuses a phrase."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from amadeus.text.prompt_text import Span, Unread, contradiction
from amadeus.text.prompt_words import NUMBER

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phrase(Generic[T]):
    """What a phrase states."""

    value: T
    span: Span


def read_phrases(
    unread: Unread,
    pattern: re.Pattern[str],
    value: Callable[[re.Match[str]], T],
    unless_after: re.Pattern[str] | None = None,
) -> list[Phrase[T]]:
    """Claim the matches of a pattern, except those right after `unless_after`."""
    return [
        Phrase(value(match), unread.claim(*match.span()))
        for match in unread.matches(pattern)
        if unless_after is None or not unread.is_after(unless_after, match.start())
    ]


def agreed(what: str, phrases: list[Phrase[T]]) -> T | None:
    """The one value that all phrases state; None where there are none."""
    for other in phrases[1:]:
        if other.value != phrases[0].value:
            raise contradiction(f"states two {what}", phrases[0].span, other.span)
    return phrases[0].value if phrases else None


REFUSED = re.compile(
    r"\b(?:not|n't|never|no|avoid|instead\sof|rather\sthan|without|except|other\sthan"
    r"|anything\sbut)\s(?:(?:be|use|using|in|at|the|key|of|an?|time|signature)\s){0,4}$",
    re.IGNORECASE,
)


def accepted(unread: Unread, phrases: list[Phrase[T]]) -> list[Phrase[T]]:
    """What is not refused: "in 3/4, not 4/4" asks for 3/4."""
    return [f for f in phrases if not unread.is_after(REFUSED, f.span.start)]


# What may follow a short phrase such as "in three" or "in C" without changing its sense.
GOES_ON = (
    r"(?=\s*(?:$|[\0,;:.!?|()\n]|-(?=[\s>]))|\s+(?:then|to|followed|moving|modulating"
    r"|with|at|for|featuring|played|using|on|over|lasting"
    rf"|without|in|as|by|time|of\s+(?:{NUMBER}|\0))(?!\w))"
)
