"""The scope of a constraint: all bars or a range, all instruments or some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from amadeus.errors import ConfigError, ScoreError
from amadeus.music.instrument_words import INSTRUMENT_GROUPS
from amadeus.music.instruments import DRUMS as DRUM_PROGRAM
from amadeus.music.instruments import find_instrument
from amadeus.tokens.vocabulary import instrument_value


@dataclass(frozen=True, slots=True)
class Scope:
    """Bars count from 1, both ends included."""

    bars: tuple[int, int | None] | None = None
    """First and last bar; the last is None if the range extends to the end of the piece."""
    instruments: tuple[str, ...] = ()
    """Names: "piano", "acoustic guitar"; all instruments if empty. A name that may mean several
    programs, such as "guitar", covers all of them."""

    def __post_init__(self) -> None:
        if self.bars is not None:
            first, last = self.bars
            if first < 1:
                raise ConfigError(f"bars count from 1, got bar {first}")
            if last is not None and last < first:
                raise ConfigError(f"bars {first}-{last} is an empty range; write {last}-{first}")
        for name in self.instruments:
            programs_of(name)

    @property
    def first(self) -> int:
        """The first bar, counted from 0."""
        return 0 if self.bars is None else self.bars[0] - 1

    def end(self, num_bars: int | None) -> int | None:
        """The bar after the last one, counted from 0; None if the end is not known yet."""
        last = None if self.bars is None else self.bars[1]
        return num_bars if last is None else last

    def covers(self, bar: int) -> bool:
        """Whether a bar, counted from 0, is in the range."""
        end = self.end(None)
        return bar >= self.first and (end is None or bar < end)

    def covers_instrument(self, value: int) -> bool:
        """Whether it includes a value of the attribute `instrument`."""
        return not self.instruments or value in instrument_values(self.instruments)

    def fraction(self, bar: int, num_bars: int | None) -> float:
        """How far a bar, counted from 0, is from the first bar (0) to the last (1)."""
        end = self.end(num_bars)
        if end is None or end - self.first < 2:
            return 0.0
        return (bar - self.first) / (end - self.first - 1)

    def __str__(self) -> str:
        text = f" for {', '.join(self.instruments)}" if self.instruments else ""
        if self.bars is not None:
            first, last = self.bars
            text += f" in bar {first}" if first == last else f" in bars {first}-{last or ''}"
        return text


_PROGRAM = re.compile(r"program (\d{1,3})")

WHOLE = Scope()
"""The whole piece, all instruments."""


def spread(values: Sequence[str], num_bars: int | None) -> Iterator[tuple[str, Scope]]:
    """Each value and its even share of the bars; the first value alone if they are too few."""
    if len(values) < 2 or num_bars is None or num_bars < len(values):
        yield from ((value, WHOLE) for value in values[:1])
        return
    edges = [round(i * num_bars / len(values)) for i in range(len(values))]
    for value, first, end in zip(values, edges, [*edges[1:], num_bars], strict=True):
        yield value, Scope((first + 1, None if end == num_bars else end))


def programs_of(name: str) -> tuple[int, ...]:
    """The programs that a name may mean, the preferred one first; 128 is drums.

    "program 40" means only that program. Raises ConfigError, with the closest known names, for an
    unknown name.
    """
    wanted = " ".join(name.lower().replace("-", " ").split())
    if (number := _PROGRAM.fullmatch(wanted)) and int(number[1]) <= DRUM_PROGRAM:
        return (int(number[1]),)
    if wanted in INSTRUMENT_GROUPS:
        return INSTRUMENT_GROUPS[wanted]
    try:
        return (find_instrument(name),)
    except ScoreError:
        close = get_close_matches(wanted, INSTRUMENT_GROUPS, n=3) or ["piano", "violin", "drums"]
        raise ConfigError(
            f"no instrument is called {name!r}; did you mean {', '.join(close)}?"
        ) from None


@lru_cache(maxsize=256)
def instrument_values(names: tuple[str, ...]) -> frozenset[int]:
    """Values of the attribute `instrument` that any of these names may mean."""
    return frozenset(instrument_value(p) for name in names for p in programs_of(name))
