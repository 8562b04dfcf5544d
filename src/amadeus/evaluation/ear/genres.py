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
    pieces: int
    """Real pieces of the genre in that measurement."""


HEARD: Mapping[str, tuple[HeardGenre, ...]] = {
    "MTT": (
        HeardGenre("classical", "classical", 0.88, 39),
        HeardGenre("punk", "rock", 0.88, 10),
        HeardGenre("rock", "rock", 0.77, 91),
        HeardGenre("hip hop", "beat", 0.75, 12),
        HeardGenre("country", "country", 0.74, 21),
    ),
    "MSD": (
        HeardGenre("punk", "punk", 0.96, 10),
        HeardGenre("jazz", "jazz", 0.86, 17),
        HeardGenre("rock", "rock", 0.80, 91),
        HeardGenre("alternative rock", "alternative rock", 0.76, 21),
    ),
}
"""By network, the genres that it hears in validation pieces with an AUC of about 0.75 or more.

Measured on the first 16 bars, up to 15 seconds, of 189 pieces with a genre label, without drum
solos. docs/log.md has the figures of the genres that cannot be heard.
"""

_WORDS = {
    "classical": ("classical", "baroque"),
    "hip hop": ("hip hop", "hiphop", "rap"),
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
