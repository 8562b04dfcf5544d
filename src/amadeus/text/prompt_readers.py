"""What all readers of prompts share: phrases with their values, and what refuses a phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from amadeus.text.prompt_text import Span, Unread, contradiction
from amadeus.text.prompt_words import NUMBER

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a phrase states."""

    value: T
    span: Span


def agreed(what: str, found: list[Found[T]]) -> T | None:
    """The one value that all phrases state; None where there are none."""
    for other in found[1:]:
        if other.value != found[0].value:
            raise contradiction(f"states two {what}", found[0].span, other.span)
    return found[0].value if found else None


REFUSED = re.compile(
    r"\b(?:not|n't|never|no|avoid|instead\sof|rather\sthan|without|except|other\sthan"
    r"|anything\sbut)\s(?:(?:be|use|using|in|at|the|key|of|an?|time|signature)\s){0,4}$",
    re.IGNORECASE,
)


def accepted(unread: Unread, found: list[Found[T]]) -> list[Found[T]]:
    """What is not refused: "in 3/4, not 4/4" asks for 3/4."""
    return [f for f in found if not unread.is_after(REFUSED, f.span.start)]


# What may follow a short phrase such as "in three" or "in C" without changing its sense.
GOES_ON = (
    r"(?=\s*(?:$|[\0,;:.!?|()\n]|-(?=[\s>]))|\s+(?:then|to|followed|moving|modulating"
    r"|with|at|for|featuring|played|using|on|over|lasting"
    rf"|without|in|as|by|time|of\s+(?:{NUMBER}|\0))(?!\w))"
)
