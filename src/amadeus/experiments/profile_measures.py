"""Profiles: does knowing them help to predict music, and does composed music follow them?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.corpus.augment import bar_rows
from amadeus.corpus.dataset import profile_of_excerpt
from amadeus.corpus.shards import Shards
from amadeus.errors import ConfigError, CorpusError
from amadeus.evaluation.memorisation import Passages
from amadeus.evaluation.openings import first_bars
from amadeus.inference.likelihood import nats_of_rows
from amadeus.inference.prefix import prefix, profile_vectors
from amadeus.profile import FIELDS, Profile, profile_of_score
from amadeus.profile.distance import distance
from amadeus.profile.profile import Measure
from amadeus.text.facts import Facts
from amadeus.tokens import Attribute, decode
from amadeus.tokens.vocabulary import is_predicted

if TYPE_CHECKING:
    from amadeus.inference.composer import Composer
    from amadeus.inference.session import Model

RIGHT, OTHER, NONE = "its own", "another piece's", "none"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Nats per row of the openings of P pieces, [P] each, NaN where a piece has no such value."""

    rows: int
    """Most rows of an opening."""
    whole: Mapping[str, np.ndarray]
    """With the profile of RIGHT, OTHER or NONE."""
    alone: Mapping[str, np.ndarray]
    """By field, with that value alone."""
    without: Mapping[str, np.ndarray]
    """By field, with all values but that one."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What music measures that was asked for several values of one measure."""

    measure: Measure
    asked: np.ndarray
    """float [V], from low to high."""
    found: np.ndarray
    """float [V, S], by value and seed; NaN where it cannot be measured."""

    @property
    def correlation(self) -> float:
        """Spearman's rank correlation of what was asked for and what is there."""
        asked = np.repeat(self.asked, self.found.shape[1])
        found = self.found.ravel()
        known = ~np.isnan(found)
        one, other = _ranks(asked[known]), _ranks(found[known])
        if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
            return float("nan")
        return float(np.corrcoef(one, other)[0, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Likened:
    """Pieces composed with the profiles of N real ones."""

    names: Sequence[str]
    """The corpus of each real piece."""
    distances: np.ndarray
    """float [N, N]: of composed piece i from the profile of real piece j."""
    longest: np.ndarray
    """Notes of the longest passage that a composed piece shares with its own model, int [N]."""
    shared: np.ndarray
    """Share of its passages that are in its own model, float [N]."""

    @property
    def nearest(self) -> np.ndarray:
        """Whether each composed piece is nearest to its own model, bool [N]."""
        own = np.diag(self.distances)
        others = self.distances + np.diag(np.full(len(own), np.inf))
        return own < others.min(1)

    @property
    def ranks(self) -> np.ndarray:
        """How many of the others are nearer than its own model, or as near, int [N]."""
        own = np.diag(self.distances)[:, None]
        return (self.distances <= own).sum(1) - 1


def check_reads_profiles(model: Any, name: str) -> None:
    """Raises ConfigError for a model that was trained without profiles."""
    if not model.config.profile:
        raise ConfigError(f"{name} was trained without profiles; give another with --model")


def hear(
    model: Model,
    shards: Shards,
    chosen: Sequence[int],
    *,
    rows: int,
    by_value: bool,
    progress: Progress = lambda *_: None,
) -> Heard:
    """What the first rows of pieces cost with several profiles, each in the same random orders.

    by_value: also with each value alone, and with all others.
    """
    excerpts = [np.asarray(shards.tokens(index))[:rows] for index in chosen]
    profiles = [
        _profile(shards, index, excerpt) for index, excerpt in zip(chosen, excerpts, strict=True)
    ]
    whole: dict[str, list[float]] = {RIGHT: [], OTHER: [], NONE: []}
    alone: dict[str, list[float]] = {name: [] for name in FIELDS if by_value}
    without: dict[str, list[float]] = {name: [] for name in FIELDS if by_value}
    for number, (excerpt, profile) in enumerate(zip(excerpts, profiles, strict=True)):
        progress(f"Hearing {rows} rows", number, len(chosen))
        other = replace(
            profiles[number - 1], from_start=profile.from_start, bars_left=profile.bars_left
        )
        told = {RIGHT: profile, OTHER: other, NONE: Profile()}
        for name, values in whole.items():
            values.append(_nats(model, excerpt, told[name], number))
        values_of = profile.stated
        for name in alone:
            known = name in values_of
            only = Profile(**{name: values_of[name]}) if known else Profile()
            rest = Profile(**{n: value for n, value in values_of.items() if n != name})
            alone[name].append(_nats(model, excerpt, only, number) if known else np.nan)
            without[name].append(_nats(model, excerpt, rest, number) if known else np.nan)
    return Heard(rows, _arrays(whole), _arrays(alone), _arrays(without))


def follow(
    composer: Composer,
    measure: Measure,
    *,
    levels: int,
    seeds: int,
    bars: int,
    first_seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Followed:
    """Compose with several values of a measure, the rest of the profile from real pieces."""
    asked = values_of(measure, levels)
    found = np.full((len(asked), seeds), np.nan)
    for place, value in enumerate(asked):
        progress(f"Asking for {measure.title}", place, len(asked))
        wanted: dict[str, Any] = {measure.name: value}
        scores = composer.generate_many(
            [""] * seeds, bars=bars, seed=first_seed, profile=Profile(**wanted)
        )
        for seed, score in enumerate(scores):
            heard = profile_of_score(score) if score.num_notes else Profile()
            measured = getattr(heard, measure.name)
            found[place, seed] = np.nan if measured is None else measured
    return Followed(measure, np.array(asked), found)


def values_of(measure: Measure, levels: int) -> list[float]:
    """So many values from low to high, in the middle of ranges that are spread evenly."""
    places = np.unique(np.linspace(1, len(measure.edges) - 1, levels).round().astype(int))
    return [(measure.edges[place - 1] + measure.edges[place]) / 2 for place in places.tolist()]


def liken(
    composer: Composer,
    shards: Shards,
    chosen: Sequence[int],
    *,
    bars: int,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Likened:
    """Compose with the profiles of real openings, and see whose profiles the pieces have.

    Raises CorpusError where fewer than two pieces are long enough.
    """
    openings = {i: rows for i in chosen if (rows := first_bars(shards.tokens(i), bars)) is not None}
    if len(openings) < 2:
        raise CorpusError(f"fewer than two of the pieces have {bars} bars; ask for fewer")
    profiles = [_profile(shards, index, rows) for index, rows in openings.items()]
    progress("Composing alike", 0, bars * len(openings))
    scores = composer.generate_many(
        [""] * len(openings), bars=bars, seed=seed, profile=profiles, fill_profile=False,
        progress=lambda done, _: progress("Composing alike", done, bars * len(openings)),
    )  # fmt: skip
    found = [profile_of_score(score) if score.num_notes else Profile() for score in scores]
    models = [Passages([decode(shards.tokens(index))]) for index in openings]
    return Likened(
        [shards.pieces[index].corpus for index in openings],
        np.array([[distance(profile, one) for profile in profiles] for one in found]),
        np.array([m.longest_shared(score) for m, score in zip(models, scores, strict=True)]),
        np.array([m.share(score) for m, score in zip(models, scores, strict=True)]),
    )


def of_different_kinds(shards: Shards, pieces: int, fewest_bars: int = 0) -> list[int]:
    """So many pieces, the corpora taking turns, those with few bars left out."""
    places: dict[str, list[int]] = {}
    for place, piece in enumerate(shards.pieces):
        places.setdefault(piece.corpus, []).append(place)
    turns = max(map(len, places.values()), default=0)
    in_turn = [many[turn] for turn in range(turns) for many in places.values() if turn < len(many)]
    chosen: list[int] = []
    for place in in_turn:
        if len(chosen) == pieces:
            break
        if not fewest_bars or first_bars(shards.tokens(place), fewest_bars) is not None:
            chosen.append(place)
    return chosen


def _profile(shards: Shards, index: int, rows: np.ndarray) -> Profile:
    facts = Facts.from_dict(shards.pieces[index].facts)
    return profile_of_excerpt(rows, facts, len(bar_rows(np.asarray(shards.tokens(index)))))


def _nats(model: Model, rows: np.ndarray, profile: Profile, seed: int) -> float:
    text = prefix(profile_vectors(model), profile, None)
    nats = nats_of_rows(model, rows, text=text, seed=seed)
    return float(nats.sum() / is_predicted(rows[1:, Attribute.TYPE]).sum())


def _arrays(lists: Mapping[str, list[float]]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in lists.items()}


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, equal values sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]
