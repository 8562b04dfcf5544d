"""The genres that the networks can hear in real music, and the words that name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amadeus.errors import ConfigError
from amadeus.evaluation.ear.listener import hear
from amadeus.music.score import Score


@dataclass(frozen=True, slots=True)
class HeardGenre:
    """A genre, and the tag by which a network tells it from others."""

    genre: str
    tag: str
    auc: float
    """Probability that the tag is stronger in a real piece of the genre than in one of another."""


HEARD: Mapping[str, tuple[HeardGenre, ...]] = {
    "MTT": (
        HeardGenre("classical", "classical", 0.88),
        HeardGenre("hip hop", "beat", 0.83),
        HeardGenre("rock", "rock", 0.78),
        HeardGenre("country", "country", 0.77),
    ),
    "MSD": (
        HeardGenre("jazz", "jazz", 0.79),
        HeardGenre("rock", "rock", 0.83),
        HeardGenre("classical", "instrumental", 0.78),
    ),
}
"""By network, the genres that it hears in validation pieces with an AUC of 0.75 or more.

Measured on the first 16 bars (up to 16 seconds) of real pieces with at least one genre label;
docs/log.md has the figures of the others.
"""

_WORDS = {
    "classical": ("classical", "baroque", "romantic"),
    "hip hop": ("hip hop", "hiphop", "rap"),
    "metal": ("metal", "heavy metal"),
}
"""The words that name a genre in prompts; the genre itself for others."""


def audible_genres() -> tuple[str, ...]:
    """Every genre that a network can hear."""
    return tuple(dict.fromkeys(heard.genre for network in HEARD.values() for heard in network))


def named_genres(text: str) -> frozenset[str]:
    """The genres in HEARD that a prompt, or the name of a folder, names.

    A narrow genre includes the wider one, as in the labels of real pieces: "hard rock" is rock.
    """
    words = re.sub(r"[\W_]+", " ", text.lower())
    return frozenset(
        genre
        for genre in audible_genres()
        if any(re.search(rf"\b{word}\b", words) for word in _WORDS.get(genre, (genre,)))
    )


def score_genre(score: Score, genre: str, network: str = "MSD") -> float:
    """How strongly a network hears a genre in a score: the probability of its tag.

    The network that chooses among candidates must not judge the result. MSD is for choosing, and
    MTT for judging. Raises ConfigError for a genre that the network cannot hear.
    """
    tags = {heard.genre: heard.tag for heard in HEARD[network]}
    if genre not in tags:
        raise ConfigError(f"{network} does not hear {genre}; choose one of {', '.join(tags)}")
    return hear(score, (network,))[network][tags[genre]]
