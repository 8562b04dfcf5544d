"""`instruments`: who plays, who does not, and how much."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np

from amadeus.control.constraint import Constraint, Masks, Moment, Tracker, no_bias, only
from amadeus.control.kinds.reading import match, split_names
from amadeus.control.scope import Scope, instrument_values, programs_of
from amadeus.errors import ConfigError
from amadeus.profile import Part
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts

Mode = Literal["exactly", "at least", "none of"]
FAIR_SHARE = 0.5
"""Share of the notes that several instruments are drawn to split equally; the rest is free."""
SHARE_BIAS = 40.0
"""Nats for an instrument that has none of its share of the notes, and in proportion."""
MOST_TOWARDS_SHARE = 10.0
"""The most nats; a soloist is this sure to go on alone."""
FADING = 0.7
"""Weight of notes after one more bar, so that an instrument may return after a solo. If a share of
the notes was asked for, all of them count in full."""

_SHARE = re.compile(r"\s*\bin\s+(\d{1,3}(?:\.\d+)?)\s*%\s+of\s+(?:the\s+)?(bars|notes)\b", re.I)


@dataclass(frozen=True, slots=True)
class Playing(Constraint):
    """Which instruments play. A name that may mean several programs is one instrument: the first
    of its programs that the other constraints let play."""

    name: ClassVar[str] = "instruments"
    examples: ClassVar[tuple[str, ...]] = (
        "piano, bass, drums", "at least piano, bass", "no drums", "none in bars 5-6",
        "at least cello in 50% of the bars", "at least cello in 30% of the notes",
    )  # fmt: skip

    instruments: tuple[str, ...]
    """Names; none of them with "exactly" is silence."""
    mode: Mode = "exactly"
    """These and no others, these among others, or all but these."""
    bar_share: float | None = None
    """Share of the bars in which each plays at least, above 0 and up to 1."""
    note_share: float | None = None
    """Share of the notes that each has at least; this is a bias."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        shares = {of.lower(): float(percent) / 100 for percent, of in _SHARE.findall(value)}
        bars, notes = shares.get("bars"), shares.get("notes")
        players = _SHARE.sub("", value).strip()
        if players.lower() == "none":
            return cls((), bar_share=bars, note_share=notes, scope=scope)
        words = r"(?:(at least|with)|(no|not|none of|without)|exactly|only)?\s*(.+)"
        least, absent, names = match(words, players).groups()
        mode: Mode = "at least" if least else "none of" if absent else "exactly"
        return cls(split_names(names), mode, bars, notes, scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        players = tuple(instrument.name for instrument in facts.instruments)
        absent = tuple(instrument.name for instrument in facts.absent)
        stated = [cls(players)] if players else []
        return [*stated, *([cls(absent, "none of")] if absent else [])]

    @property
    def prompt_label(self) -> str:
        return "without" if self.mode == "none of" else "instrument"

    def validate(self) -> None:
        instrument_values(self.instruments)
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode {self.mode!r} is none of 'exactly', 'at least', 'none of'")
        if not self.instruments and self.mode != "exactly":
            raise ConfigError(f"instruments: name the instruments for '{self.mode}'")
        for share in (self.bar_share, self.note_share):
            if share is not None and not 0 < share <= 1:
                raise ConfigError(f"a share is above 0 and at most 100 %, got {100 * share:g} %")
        if (self.bar_share or self.note_share) and not self.demands:
            raise ConfigError(f"'{self}': only instruments that play can have a share")
        if len(self.instruments) * (self.note_share or 0) > 1:
            raise ConfigError(f"'{self}': together that is more than all notes; ask for less")

    @property
    def value(self) -> str:
        prefix = {"exactly": "", "at least": "at least ", "none of": "no "}[self.mode]
        bars = "" if self.bar_share is None else f" in {100 * self.bar_share:g}% of the bars"
        notes = "" if self.note_share is None else f" in {100 * self.note_share:g}% of the notes"
        return f"{prefix}{', '.join(self.instruments) or 'none'}{bars}{notes}"

    @property
    def hard(self) -> str:
        if self.mode == "none of":
            return "none of these plays"
        if self.is_silence:
            return "no instrument plays"
        share = self.bar_share
        bars = "" if share is None else f" in at least {100 * share:g} % of the bars"
        return f"each of these plays{bars}" + ", and no others" * (self.mode == "exactly")

    @property
    def soft(self) -> str:
        share = self.soft_share
        if share is None:
            return ""
        latest = "latest " * (self.note_share is None)
        return f"each is favoured while it has less than {100 * share:.0f} % of the {latest}notes"

    @property
    def soft_share(self) -> float | None:
        """The share of the notes that each is drawn towards, if any.

        By default, several instruments are drawn towards equal shares of half of the latest notes,
        so that a quartet does not become a solo.
        """
        if self.note_share is None and len(self.demands) > 1:
            return FAIR_SHARE / len(self.demands)
        return self.note_share

    @property
    def is_silence(self) -> bool:
        """Whether no instrument may play."""
        return self.mode == "exactly" and not self.instruments

    @property
    def demands(self) -> tuple[tuple[int, ...], ...]:
        """The instruments that have to play: of each, the values of `instrument` it may have."""
        return () if self.mode == "none of" else _groups(self.instruments)

    @property
    def attributes(self) -> frozenset[Attribute]:
        return frozenset({Attribute.INSTRUMENT})

    def profile(self) -> dict[str, Any]:
        if not self.demands:
            return {}
        parts = tuple(Part(group[0]) for group in self.demands)
        return {"parts": parts} | ({"num_parts": len(parts)} if self.mode == "exactly" else {})

    @property
    def allows_note_limit(self) -> bool:
        in_some_bars = bool(self.demands) and self.scope.bars is not None
        return not (self.is_silence or in_some_bars or self.bar_share is not None)

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        has_details = self.bar_share or self.note_share or self.scope.bars or self.is_silence
        if not has_details or Attribute.INSTRUMENT not in drawn:
            return ""
        return ("where only the players change, they change for all of the edited bars; "
                "name instruments alone")  # fmt: skip

    def bars_needed(self, bar: int, num_bars: int | None) -> int:
        """In how many bars each has to have played by the end of a bar, counted from 0."""
        end = self.scope.end(num_bars)
        passed = (bar if end is None else min(bar, end - 1)) + 1 - self.scope.first
        return ceil((self.bar_share or 0) * max(0, passed) - 1e-9)

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        named = only(list(instrument_values(self.instruments)))
        if self.mode == "exactly":
            return {Attribute.INSTRUMENT: named}
        return {Attribute.INSTRUMENT: ~named} if self.mode == "none of" else {}

    @property
    def decided_first(self) -> frozenset[Attribute]:
        return frozenset({Attribute.TYPE, Attribute.INSTRUMENT} if self.soft_share else ())

    def tracker(self) -> Tracker | None:
        return _Shares(self, self.soft_share) if self.soft_share else None

    def breaches(self, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> Iterator[str]:
        if (self.scope.end(num_bars) or 0) > num_bars:
            return
        needed = max(1, self.bars_needed(num_bars - 1, num_bars))
        for name, group in zip(self.instruments, self.demands, strict=False):
            played = len(set(bars[np.isin(rows[:, Attribute.INSTRUMENT], group)].tolist()))
            if played < needed:
                yield f"{name} plays in {played} bars, not {needed}, and breaks {self.described}"


class _Shares(Tracker):
    """In favour of instruments that have less than their share of the notes."""

    def __init__(self, playing: Playing, share: float) -> None:
        self._playing, self._share = playing, share
        self._played: defaultdict[int, float] = defaultdict(float)

    def update(self, row: np.ndarray, bar: int) -> None:
        played = self._played
        if v.opens_bar(row[0]) and self._playing.note_share is None:
            played.update((instrument, FADING * notes) for instrument, notes in played.items())
        if v.has_sound(row[0]) and self._playing.scope.covers(bar):
            played[int(row[Attribute.INSTRUMENT])] += 1

    def bias(self, moment: Moment) -> np.ndarray:
        bias, played = no_bias(), self._played
        total = sum(played.values())
        for group in self._playing.demands:
            mine = [value for value in group if value in moment.instruments]
            share = sum(played[value] for value in mine) / total if total else 0.0
            missing = max(0.0, SHARE_BIAS * (self._share - share))
            bias[Attribute.INSTRUMENT, mine] += min(missing, MOST_TOWARDS_SHARE)
        return bias


@lru_cache(maxsize=256)
def _groups(names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """The values of `instrument` that each name may mean; needed before every note."""
    return tuple(tuple(map(v.instrument_value, programs_of(name))) for name in names)
