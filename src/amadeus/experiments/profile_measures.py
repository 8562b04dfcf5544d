"""Measures of profiles: do they help to predict music, and does composed music follow them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.corpus.augment import bar_rows
from amadeus.corpus.dataset import profile_of_excerpt
from amadeus.corpus.shards import Shards
from amadeus.errors import ConfigError, CorpusError
from amadeus.evaluation.memorisation import Passages
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.options import Progress, no_progress
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


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Nats per row of the openings of P pieces, [P] each; NaN for pieces without such a value."""

    rows: int
    """Most rows of an opening."""
    whole: Mapping[str, np.ndarray]
    """With the profile that RIGHT, OTHER or NONE names."""
    alone: Mapping[str, np.ndarray]
    """By field, with only that value."""
    without: Mapping[str, np.ndarray]
    """By field, with all values except that one."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """The values of one measure in music composed for several targets."""

    measure: Measure
    targets: np.ndarray
    """float [V], from low to high."""
    obtained: np.ndarray
    """float [V, S], by target and seed; NaN if it cannot be measured."""

    @property
    def correlation(self) -> float:
        """Spearman's rank correlation of targets and obtained values."""
        targets = np.repeat(self.targets, self.obtained.shape[1])
        obtained = self.obtained.ravel()
        known = ~np.isnan(obtained)
        ranks = _ranks(targets[known]), _ranks(obtained[known])
        if known.sum() < 2 or not np.ptp(ranks[0]) or not np.ptp(ranks[1]):
            return float("nan")
        return float(np.corrcoef(*ranks)[0, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Likened:
    """Pieces composed with the profiles of N real pieces, their models."""

    names: Sequence[str]
    """The corpus of each real piece."""
    distances: np.ndarray
    """float [N, N]: of composed piece i from the profile of model j."""
    longest: np.ndarray
    """Notes of the longest passage that a composed piece shares with its model, int [N]."""
    shared: np.ndarray
    """Share of its passages that are in its model, float [N]."""

    @property
    def nearest(self) -> np.ndarray:
        """Whether each composed piece is nearer to its model than to any other, bool [N]."""
        own = np.diag(self.distances)
        others = self.distances + np.diag(np.full(len(own), np.inf))
        return own < others.min(1)

    @property
    def ranks(self) -> np.ndarray:
        """Number of other models that are at least as near as the piece's own, int [N]."""
        own = np.diag(self.distances)[:, None]
        return (self.distances <= own).sum(1) - 1


def check_reads_profiles(model: Any, name: str) -> None:
    """Raises ConfigError for a model that was trained without profiles."""
    if not model.config.profile:
        raise ConfigError(f"{name} was trained without profiles; choose another with --model")


def predict(
    model: Model,
    shards: Shards,
    chosen: Sequence[int],
    *,
    rows: int,
    by_value: bool,
    progress: Progress = no_progress,
) -> Predicted:
    """Nats of the first rows of pieces with several profiles, in the same random orders.

    by_value: also with each value alone, and with all values except that one.
    """
    excerpts = [np.asarray(shards.tokens(index))[:rows] for index in chosen]
    profiles = [
        _profile(shards, index, excerpt) for index, excerpt in zip(chosen, excerpts, strict=True)
    ]
    whole: dict[str, list[float]] = {RIGHT: [], OTHER: [], NONE: []}
    alone: dict[str, list[float]] = {name: [] for name in FIELDS if by_value}
    without: dict[str, list[float]] = {name: [] for name in FIELDS if by_value}
    for number, (excerpt, profile) in enumerate(zip(excerpts, profiles, strict=True)):
        progress(f"Predicting {rows} rows", number, len(chosen))
        other = replace(
            profiles[number - 1], from_start=profile.from_start, bars_left=profile.bars_left
        )
        given = {RIGHT: profile, OTHER: other, NONE: Profile()}
        for name, values in whole.items():
            values.append(_nats(model, excerpt, given[name], number))
        values_of = profile.stated
        for name in alone:
            known = name in values_of
            only = Profile(**{name: values_of[name]}) if known else Profile()
            rest = Profile(**{n: value for n, value in values_of.items() if n != name})
            alone[name].append(_nats(model, excerpt, only, number) if known else np.nan)
            without[name].append(_nats(model, excerpt, rest, number) if known else np.nan)
    return Predicted(rows, _arrays(whole), _arrays(alone), _arrays(without))


def follow(
    composer: Composer,
    measure: Measure,
    *,
    levels: int,
    seeds: int,
    bars: int,
    first_seed: int = 0,
    progress: Progress = no_progress,
) -> Followed:
    """Compose for several targets of a measure; the rest of the profile is from real pieces."""
    targets = values_of(measure, levels)
    obtained = np.full((len(targets), seeds), np.nan)
    for place, target in enumerate(targets):
        progress(f"Composing for {measure.title}", place, len(targets))
        wanted: dict[str, Any] = {measure.name: target}
        scores = composer.generate_many(
            [""] * seeds, bars=bars, seed=first_seed, profile=Profile(**wanted)
        )
        for seed, score in enumerate(scores):
            profile = profile_of_score(score) if score.num_notes else Profile()
            measured = getattr(profile, measure.name)
            obtained[place, seed] = np.nan if measured is None else measured
    return Followed(measure, np.array(targets), obtained)


def values_of(measure: Measure, levels: int) -> list[float]:
    """Values from low to high, in the middle of evenly spaced ranges."""
    places = np.unique(np.linspace(1, len(measure.edges) - 1, levels).round().astype(int))
    return [(measure.edges[place - 1] + measure.edges[place]) / 2 for place in places.tolist()]


def liken(
    composer: Composer,
    shards: Shards,
    chosen: Sequence[int],
    *,
    bars: int,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Likened:
    """Compose with the profiles of real openings, and compare the pieces with all of these.

    Raises CorpusError if fewer than two pieces are long enough.
    """
    openings = {i: rows for i in chosen if (rows := first_bars(shards.tokens(i), bars)) is not None}
    if len(openings) < 2:
        raise CorpusError(f"fewer than two of the pieces have {bars} bars; use fewer bars")
    profiles = [_profile(shards, index, rows) for index, rows in openings.items()]
    progress("Composing from profiles", 0, bars * len(openings))
    scores = composer.generate_many(
        [""] * len(openings), bars=bars, seed=seed, profile=profiles, fill_profile=False,
        progress=lambda done, _: progress("Composing from profiles", done, bars * len(openings)),
    )  # fmt: skip
    composed = [profile_of_score(score) if score.num_notes else Profile() for score in scores]
    models = [Passages([decode(shards.tokens(index))]) for index in openings]
    return Likened(
        [shards.pieces[index].corpus for index in openings],
        np.array([[distance(wanted, profile) for wanted in profiles] for profile in composed]),
        np.array([m.longest_shared(score) for m, score in zip(models, scores, strict=True)]),
        np.array([m.share(score) for m, score in zip(models, scores, strict=True)]),
    )


def from_every_corpus(shards: Shards, pieces: int, fewest_bars: int = 0) -> list[int]:
    """Places of pieces with at least `fewest_bars` bars, one from each corpus in turn."""
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
    """Ranks from 0; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]
