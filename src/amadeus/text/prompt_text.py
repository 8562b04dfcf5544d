"""The text of a prompt as it is being read: what is understood is blanked out, and never moves.

Before it is read, a prompt is rewritten: other spellings, and words of other languages, become the
English words that the readers know. Spans refer to the rewritten text, and `Unread.original` turns
them into spans of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from amadeus.errors import ConfigError

_BLANK = "\0"
_TAG_ENDS = _BLANK + ",;:.!?|()\n"

Rule = tuple[re.Pattern[str], "str | Callable[[re.Match[str]], str]"]
"""A pattern and what its matches become, as in `re.sub`."""


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase: its place, and the text of the prompt there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A phrase that looks like an instruction and was not understood."""

    span: Span
    suggestion: str = ""
    """What may have been meant; "" where that is open."""

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{self.span.text!r}{hint}"


class Unread:
    """A prompt and what is left of it to read; positions are those of the rewritten prompt."""

    def __init__(self, text: str, rules: Iterable[Rule] = ()) -> None:
        """rules: applied to the prompt one after the other."""
        self.prompt = text
        self.left = text.replace(_BLANK, " ")
        # Where in the prompt each character begins and ends.
        self._starts = list(range(len(text)))
        self._ends = list(range(1, len(text) + 1))
        for pattern, replacement in rules:
            self._rewrite(pattern, replacement)
        self.text = self.left
        self.unknown: list[Unknown] = []

    def _rewrite(
        self, pattern: re.Pattern[str], replacement: str | Callable[[re.Match[str]], str]
    ) -> None:
        for match in reversed(list(pattern.finditer(self.left))):
            new = match.expand(replacement) if isinstance(replacement, str) else replacement(match)
            start, end = match.span()
            if start == end or new == match[0]:
                continue
            self._starts[start:end] = [self._starts[start]] * len(new)
            self._ends[start:end] = [self._ends[end - 1]] * len(new)
            self.left = self.left[:start] + new + self.left[end:]

    def span(self, start: int, end: int) -> Span:
        """The phrase between two positions, as it was written."""
        if start == end:
            return Span(start, end, "")
        return Span(start, end, self.prompt[self._starts[start] : self._ends[end - 1]])

    def original(self, span: Span) -> Span:
        """The place of a phrase in the prompt itself."""
        start = self._starts[span.start] if span.text else 0
        return Span(start, start + len(span.text), span.text)

    def claim(self, start: int, end: int) -> Span:
        """Take a phrase, so that no other reader reads it."""
        self.left = self.left[:start] + _BLANK * (end - start) + self.left[end:]
        return self.span(start, end)

    def report(self, start: int, end: int, suggestion: str = "") -> None:
        """Take a phrase that was not understood."""
        self.unknown.append(Unknown(self.original(self.claim(start, end)), suggestion))

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
