"""The text of a prompt as it is being read: what is understood is blanked out, and never moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from amadeus.errors import ConfigError

_BLANK = "\0"
# One spelling of each sign; one character for one, so that positions stay.
_PLAIN = str.maketrans("\0♯♭\u2019\u2010\u2011\u2013\u2014\u00a0", " #b'---- ")
_TAG_ENDS = _BLANK + ",;:.!?|()\n"


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase of the prompt: text[start:end]."""

    start: int
    end: int
    text: str


class Unread:
    """A prompt and what is left of it to read; positions are those of the whole prompt."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.left = text.translate(_PLAIN)

    def span(self, start: int, end: int) -> Span:
        """The phrase between two positions, as it was written."""
        return Span(start, end, self.text[start:end])

    def claim(self, start: int, end: int) -> Span:
        """Take a phrase, so that no one else reads it."""
        self.left = self.left[:start] + _BLANK * (end - start) + self.left[end:]
        return self.span(start, end)

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Leave out whatever matches."""
        for match in pattern.finditer(self.left):
            self.claim(*match.span())

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Matches in what is left; what is claimed meanwhile is not searched again."""
        position = 0
        while match := pattern.search(self.left, position):
            yield match
            position = match.end()

    def is_after(self, cue: re.Pattern[str], position: int) -> re.Match[str] | None:
        """Match `cue`, which ends in "$", right before a position (within 40 characters)."""
        return cue.search(self.left[max(0, position - 40) : position])

    def is_tag(self, start: int, end: int) -> bool:
        """Whether a phrase stands alone between commas or other punctuation."""
        before, after = self.left[:start].rstrip(" "), self.left[end:].lstrip(" ")
        return (not before or before[-1] in _TAG_ENDS) and (not after or after[0] in _TAG_ENDS)


def contradiction(what: str, first: Span, second: Span) -> ConfigError:
    """The error that names two phrases which cannot both hold."""
    return ConfigError(
        f"the prompt {what}: {first.text!r} and {second.text!r}; "
        "keep one of them, or switch prompt constraints off"
    )
