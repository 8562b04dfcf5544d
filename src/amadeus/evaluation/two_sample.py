"""Classifier two-sample test: how well a classifier tells composed music from real music.

A gradient-boosted classifier (scikit-learn) is trained on features of composed and real openings,
and predicts those that it was not trained on. An area under the ROC curve (AUC) of 0.5 means that
it cannot tell them apart, 1 that it always can. Pieces of one prompt are never split between
training and prediction.

Source: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import numpy as np

from amadeus.errors import ConfigError
from amadeus.evaluation.alignment import Heard, align
from amadeus.evaluation.comparison import measure
from amadeus.evaluation.evidence import Evidence, Part, System
from amadeus.evaluation.features import features_of_openings
from amadeus.evaluation.pictures import draw_feature_areas
from amadeus.reports.means import number
from amadeus.reports.report import Table

FEWEST = 20
"""Fewest pieces of either kind."""
_FOLDS, _REPEATS, _RESAMPLES = 5, 3, 1000
_MOST_FEATURES = 20
_TEST = """A classifier of gradient-boosted trees is trained to tell openings of composed pieces
from real ones, and tested on pieces that it was not trained on. AUC: the probability that it finds
a composed piece more likely composed than a real one. 0.5 means that it cannot tell them apart. The
real pieces are those nearest to the tempo, time signature and instruments that prompts ask for."""
_FEATURES = """AUC of a single feature: above 0.5 where composed pieces have more of it."""


@dataclass(frozen=True, slots=True)
class TwoSampleTest:
    """The result of a test."""

    auc: float
    low: float
    high: float
    """95 % interval from a bootstrap over groups."""
    pieces: int
    """Composed pieces; as many real ones were compared."""

    def __str__(self) -> str:
        return f"{self.auc:.2f} ({self.low:.2f} to {self.high:.2f})"


def two_sample_test(
    composed: Mapping[str, np.ndarray],
    real: Mapping[str, np.ndarray],
    groups: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
) -> TwoSampleTest:
    """Compare composed pieces with as many real ones.

    composed, real: values of every feature, [N] and [M], NaN where a piece has none.
    groups: the prompt of each composed piece; every piece is a group of its own if left out.
    Raises ConfigError for fewer than FEWEST pieces of either kind, and without scikit-learn.
    """
    names = list(composed)
    ours = np.stack([composed[name] for name in names], axis=1)
    theirs = np.stack([real[name] for name in names], axis=1)
    rng = np.random.default_rng(seed)
    size = min(len(ours), len(theirs))
    if size < FEWEST:
        raise ConfigError(
            f"a two-sample test takes at least {FEWEST} composed and {FEWEST} real pieces, got "
            f"{len(ours)} and {len(theirs)}"
        )
    owners = list(range(len(ours))) if groups is None else list(groups)
    ours_chosen = np.sort(rng.permutation(len(ours))[:size])
    theirs_chosen = np.sort(rng.permutation(len(theirs))[:size])
    number = {owner: i for i, owner in enumerate(dict.fromkeys(owners))}
    group = np.concatenate(
        [[number[owners[i]] for i in ours_chosen], len(number) + np.arange(size)]
    )
    x = np.concatenate([ours[ours_chosen], theirs[theirs_chosen]])
    y = np.repeat([1, 0], size)
    scores = _out_of_fold(x, y, group, seed)
    low, high = np.quantile(_resampled(scores, y, group, rng), (0.025, 0.975))
    return TwoSampleTest(area_under_curve(scores, y), float(low), float(high), size)


def real_against_real(
    real: Mapping[str, np.ndarray], pieces: int, *, seed: int = 0
) -> TwoSampleTest:
    """The same test of two halves of the real pieces, at most `pieces` each."""
    total = len(next(iter(real.values())))
    order = np.random.default_rng(seed).permutation(total)
    half = min(pieces, total // 2)
    one, other = (
        {name: values[order[at : at + half]] for name, values in real.items()} for at in (0, half)
    )
    return two_sample_test(one, other, seed=seed)


def feature_areas(
    composed: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """By feature, the AUC of its value alone: above 0.5 where composed pieces have more of it.

    The most telling features come first. Pieces without a value are left out.
    """
    areas = {}
    for name in composed:
        pair = [values[~np.isnan(values)] for values in (composed[name], real[name])]
        if min(map(len, pair)):
            y = np.repeat([1, 0], [len(pair[0]), len(pair[1])])
            areas[name] = area_under_curve(np.concatenate(pair), y)
    return dict(sorted(areas.items(), key=lambda item: -abs(item[1] - 0.5)))


def area_under_curve(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a score of label 1 is higher than one of label 0, ties counting half.

    The Mann-Whitney statistic. scores: float [N]; labels: 0 or 1, [N], of both kinds.
    """
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = int(labels.sum())
    excess = ranks[labels == 1].sum() - positive * (positive + 1) / 2
    return float(excess / (positive * (len(labels) - positive)))


def two_sample_part(evidence: Evidence) -> Part | None:
    """How well a classifier tells the openings from real ones, and by which features.

    None without real music, and where there are fewer than FEWEST pieces of either kind.
    """
    real = evidence.reference
    systems = [system for system in evidence.systems if len(system.openings) >= FEWEST]
    if not systems or len(real) < 2 * FEWEST or find_spec("sklearn") is None:
        return None
    known = features_of_openings(real, measure(real))
    tests: dict[str, TwoSampleTest] = {}
    areas: dict[str, dict[str, float]] = {}
    tables = []
    for system in systems:
        ours = features_of_openings(system.openings, system.metrics)
        like = _of_like_kind(system, evidence)
        theirs = {name: values[like] for name, values in known.items()}
        theirs |= {name: np.full(len(like), np.nan) for name in ours if name not in theirs}
        ours |= {name: np.full(len(like), np.nan) for name in theirs if name not in ours}
        tests[system.name] = two_sample_test(ours, theirs, system.owners)
        areas[system.name] = feature_areas(ours, theirs)
        rows = [
            [name, f"{area:.2f}", *(f"{np.nanmean(of[name]):.2f}" for of in (ours, theirs))]
            for name, area in list(areas[system.name].items())[:_MOST_FEATURES]
        ]
        header = ("feature", "AUC", "mean", "real music")
        tables.append(Table(f"What gives it away: {system.name}", header, rows, _FEATURES))
    tests["real against real"] = real_against_real(
        known, max(len(system.openings) for system in systems)
    )
    rows = [[name, str(test), str(test.pieces)] for name, test in tests.items()]
    tables.insert(0, Table("Composed or real?", ("", "AUC", "pieces of each"), rows, _TEST))
    values = {
        "tests": {name: asdict(test) for name, test in tests.items()},
        "features": {
            name: {k: number(v) for k, v in found.items()} for name, found in areas.items()
        },
    }
    shown = {name: dict(list(found.items())[:_MOST_FEATURES]) for name, found in areas.items()}
    return Part(tables, {"two-sample test": values}, {"features": draw_feature_areas(shown)})


def _of_like_kind(system: System, evidence: Evidence) -> np.ndarray:
    """Indices of a real opening for each piece: the one nearest to what its prompt asked for.

    Every real opening is taken once, while there are enough. Pieces without a prompt get any.
    """
    rng = np.random.default_rng(0)
    heard = [Heard.of(score) for score in evidence.reference]
    wanted = dict(zip((id(piece) for piece, _ in system.answers), system.answers, strict=True))
    free = list(rng.permutation(len(heard)))
    chosen = []
    for piece in system.readable:
        if not free:
            free = list(rng.permutation(len(heard)))
        best = 0
        if id(piece) in wanted:
            asked = wanted[id(piece)][1]
            best = int(np.argmax([_likeness(align(heard[i], asked)) for i in free]))
        chosen.append(free.pop(best))
    return np.array(chosen)


def _likeness(found: Mapping[str, float]) -> float:
    return sum(found.get(name, 0.0) for name in ("TBT", "CTS", "CI F1"))


def _out_of_fold(x: np.ndarray, y: np.ndarray, group: np.ndarray, seed: int) -> np.ndarray:
    """Mean predictions for pieces that the classifier was not trained on, [N]."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError:
        raise ConfigError(
            "the two-sample test needs scikit-learn; install it with pip install "
            "'amadeus-music[evaluate]'"
        ) from None
    scores = np.zeros(len(y))
    for repeat in range(_REPEATS):
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed + repeat)
        for train, test in folds.split(x, y, group):
            classifier = HistGradientBoostingClassifier(
                max_iter=150, learning_rate=0.06, min_samples_leaf=5, max_leaf_nodes=12,
                l2_regularization=1.0, random_state=seed + repeat,
            )  # fmt: skip
            classifier.fit(x[train], y[train])
            scores[test] += classifier.predict_proba(x[test])[:, 1] / _REPEATS
    return scores


def _resampled(
    scores: np.ndarray, y: np.ndarray, group: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """AUCs of groups drawn with replacement, composed and real ones apart."""
    members = [np.flatnonzero(group == one) for one in range(group.max() + 1)]
    kinds = [[m for m in members if len(m) and y[m[0]] == kind] for kind in (1, 0)]
    areas = []
    for _ in range(_RESAMPLES):
        drawn = [kind[i] for kind in kinds for i in rng.integers(len(kind), size=len(kind))]
        picks = np.concatenate(drawn)
        areas.append(area_under_curve(scores[picks], y[picks]))
    return np.array(areas)
