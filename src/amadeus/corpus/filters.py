"""Which pieces are worth learning from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.corpus.manifest import LICENCE_CLASSES, About
from amadeus.errors import ConfigError, CorpusError
from amadeus.music.score import Score
from amadeus.tokens.rows import count_bars
from amadeus.tokens.vocabulary import Attribute, has_sound, is_rest


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Bounds that a piece has to keep."""

    min_notes: int = 32
    """Fewer are a fragment."""
    max_notes: int = 100_000
    """More are not looked at any further."""
    max_rows: int = 20_000
    """Most rows of tokens: notes, empty bars and marks."""
    min_seconds: float = 8.0
    max_seconds: float = 20 * 60.0
    min_bars: int = 4
    """From the first bar to that of the last onset."""
    max_notes_per_second: float = 120.0
    """Denser pieces are pictures painted with notes."""
    min_pitches: int = 2
    """Different pitches and drum sounds."""
    max_empty_bars: float = 0.5
    """Largest share of bars in which no note begins."""
    keep_performed: bool = False
    """Keep pieces that were played against no beat, whose bars mean nothing."""
    licences: tuple[str, ...] = LICENCE_CLASSES
    """Licence classes to keep."""

    def __post_init__(self) -> None:
        bounds = (
            ("min_notes", "max_notes"),
            ("min_notes", "max_rows"),
            ("min_seconds", "max_seconds"),
        )
        for low, high in bounds:
            if getattr(self, low) > getattr(self, high):
                raise ConfigError(
                    f"{low} {getattr(self, low)} exceeds {high} {getattr(self, high)}; "
                    "no piece could keep both"
                )
        for licence in self.licences:
            if licence not in LICENCE_CLASSES:
                choices = ", ".join(LICENCE_CLASSES)
                raise ConfigError(f"there is no licence class {licence!r}; choose from {choices}")


def check_about(about: About, filters: Filters) -> None:
    """Raises CorpusError, whose message is the reason, for a file that is not worth opening."""
    if about.licence_class not in filters.licences:
        raise CorpusError(f"of licence class {about.licence_class}")
    if about.performed and not filters.keep_performed:
        raise CorpusError("played against no beat")


def check_score(score: Score, filters: Filters) -> None:
    """Raises CorpusError, whose message is the reason, for a score that is not worth encoding.

    Cheap, and what it lets through is cheap enough to encode.
    """
    if score.num_notes < filters.min_notes:
        raise CorpusError(f"fewer than {filters.min_notes} notes")
    if score.num_notes > filters.max_notes:
        raise CorpusError(f"more than {filters.max_notes} notes")
    seconds = score.seconds
    if seconds < filters.min_seconds:
        raise CorpusError(f"shorter than {filters.min_seconds:g} seconds")
    if seconds > filters.max_seconds:
        raise CorpusError(f"longer than {filters.max_seconds:g} seconds")
    if score.num_notes > filters.max_notes_per_second * seconds:
        raise CorpusError(f"more than {filters.max_notes_per_second:g} notes a second")


def check_tokens(tokens: np.ndarray, filters: Filters) -> None:
    """Raises CorpusError, whose message is the reason, for a piece that is not worth keeping.

    tokens: [N, A].
    """
    types = tokens[:, Attribute.TYPE]
    sound = has_sound(types)
    num_bars = count_bars(tokens)
    if sound.sum() < filters.min_notes:  # unisons have become one
        raise CorpusError(f"fewer than {filters.min_notes} notes")
    if len(tokens) > filters.max_rows:
        raise CorpusError(f"more than {filters.max_rows} rows")
    if num_bars < filters.min_bars:
        raise CorpusError(f"fewer than {filters.min_bars} bars")
    if len(np.unique(tokens[sound, Attribute.PITCH])) < filters.min_pitches:
        raise CorpusError(f"fewer than {filters.min_pitches} different pitches")
    if is_rest(types).sum() > filters.max_empty_bars * num_bars:
        raise CorpusError(f"more than {100 * filters.max_empty_bars:g} % empty bars")
