"""Profiles: do they help to predict real music, does new music follow them, and can it copy them?

A model is conditioned on the profile of a piece: about twenty values that describe it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.errors import ConfigError
from amadeus.experiments import measuring
from amadeus.experiments import options as experiment_options
from amadeus.experiments.options import Progress, names
from amadeus.experiments.profile_measures import (
    NONE,
    OTHER,
    RIGHT,
    Followed,
    Likened,
    Predicted,
    check_reads_profiles,
    follow,
    from_every_corpus,
    liken,
    predict,
)
from amadeus.profile import FIELDS, MEASURES
from amadeus.reports.figures import draw_intervals, new_figure
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, STRONG, Report, Table

PARTS = ("hear", "follow", "like")


def run(options: experiment_options.Profile, progress: Progress) -> Report:
    parts, lengths = _parts(options.only), _lengths(options.rows)
    composer = measuring.load_composer(options, words=False)
    check_reads_profiles(composer.model, measuring.model_name(options))
    shards, description = measuring.held_out(options)
    chosen = from_every_corpus(shards, options.pieces)
    bars, seed = options.bars, options.seed
    provenance = measuring.provenance(options, pieces=f"{len(chosen)} of {description}")
    predicted, followed, likened = [], [], None
    if "hear" in parts:
        predicted = [
            predict(composer.model, shards, chosen, rows=rows, by_value=rows == lengths[0],
                    progress=progress)
            for rows in lengths
        ]  # fmt: skip
    if "follow" in parts:
        followed = [
            follow(composer, measure, levels=options.levels, seeds=options.seeds, bars=bars,
                   first_seed=seed, progress=progress)
            for measure in MEASURES
        ]  # fmt: skip
    if "like" in parts:
        models = from_every_corpus(shards, options.pieces, bars)
        likened = liken(composer, shards, models, bars=bars, seed=seed, progress=progress)
    return report(Results(predicted, followed, likened), bars=bars, provenance=provenance)


def _parts(only: str | None) -> list[str]:
    """The parts to run. Raises ConfigError for an unknown part."""
    parts = names(only) or list(PARTS)
    for name in parts:
        if name not in PARTS:
            raise ConfigError(f"--only: unknown part {name!r}; choose from {', '.join(PARTS)}")
    return parts


def _lengths(rows: str) -> list[int]:
    """Numbers of rows. Raises ConfigError for anything but whole numbers of at least 2."""
    lengths = [int(name) if name.isdecimal() else 0 for name in names(rows)]
    if not lengths or min(lengths) < 2:
        raise ConfigError(
            f"--rows takes whole numbers of at least 2 separated by commas, got {rows!r}"
        )
    return lengths


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results of each part; empty or None for parts that were not run."""

    predicted: Sequence[Predicted] = ()
    followed: Sequence[Followed] = ()
    likened: Likened | None = None


_SUMMARY = "A profile describes a piece in about twenty values, and the model is conditioned on it."
_PREDICTED = """{pieces} validation pieces, from their beginning. Nats per row with the profile of
the piece, with another piece's and with none: the bound of `inference/likelihood.py`, with one
random order per row, the same for all three. Brackets give 95 % bootstrap intervals over pieces."""
_VALUES = """Nats per row of the first {rows} rows. "Alone" is what this value saves compared with
no profile. "Left out" is what the other values cost more without this one."""
_FOLLOWED = """{seeds} pieces of {bars} bars for each of several targets of one measure; the rest of
the profile comes from similar real pieces. Spearman's correlation is between the targets and the
values measured in the composed music, over all pieces."""
_LIKENED = """{pieces} pieces of {bars} bars, each composed with the profile of the opening of a
real piece, its model. "Nearest" counts the pieces whose profile is nearer to that of their model
than to any other model's. A shared passage has at least 16 notes of one instrument, in any
transposition."""


def report(results: Results, *, bars: int, provenance: Mapping[str, Any]) -> Report:
    tables: list[Table] = []
    values: dict[str, Any] = {}
    if results.predicted:
        pieces = len(results.predicted[0].whole[RIGHT])
        header = ("rows", RIGHT, NONE, OTHER, "none less its own", "another's less its own")
        rows = [_predicted_row(predicted) for predicted in results.predicted]
        tables.append(Table("Nats per row", header, rows, _PREDICTED.format(pieces=pieces)))
        values["heard"] = [_predicted_values(predicted) for predicted in results.predicted]
    for predicted in results.predicted:
        if predicted.alone:
            note, rows = _VALUES.format(rows=predicted.rows), _value_rows(predicted)
            columns = ("value", "pieces", "alone", "left out")
            tables.append(Table("Which values help", columns, rows, note))
    if results.followed:
        header = ("measure", "low target", "obtained", "high target", "obtained", "Spearman")
        note = _FOLLOWED.format(seeds=results.followed[0].obtained.shape[1], bars=bars)
        rows = [_followed_row(followed) for followed in results.followed]
        tables.append(Table("Does music follow the profile?", header, rows, note))
        values["followed"] = {f.measure.name: _followed_values(f) for f in results.followed}
    if results.likened is not None:
        tables.append(_likened_table(results.likened, bars))
        values["likened"] = _likened_values(results.likened)
    return Report(
        title="Profiles",
        summary=_SUMMARY,
        tables=tables,
        values=values,
        provenance=provenance,
        pictures={"profile": draw(results)} if results.predicted or results.followed else {},
    )


def _predicted_row(predicted: Predicted) -> list[str]:
    own, none, other = (predicted.whole[name] for name in (RIGHT, NONE, OTHER))
    means = [f"{values.mean():.3f}" for values in (own, none, other)]
    return [
        str(predicted.rows),
        *means,
        Mean.of(none - own).signed(),
        Mean.of(other - own).signed(),
    ]


def _gains(predicted: Predicted) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By field, the nats that it saves alone, and costs if left out, [P]; the best first."""
    gains = {
        name: (
            predicted.whole[NONE] - predicted.alone[name],
            predicted.without[name] - predicted.whole[RIGHT],
        )
        for name in FIELDS
        if predicted.alone and not np.isnan(predicted.alone[name]).all()
    }
    return dict(sorted(gains.items(), key=lambda item: -np.nanmean(item[1][0])))


def _value_rows(predicted: Predicted) -> list[list[str]]:
    return [
        [name.replace("_", " "), str(int((~np.isnan(alone)).sum())), Mean.of(alone).signed(),
         Mean.of(without).signed()]
        for name, (alone, without) in _gains(predicted).items()
    ]  # fmt: skip


def _predicted_values(predicted: Predicted) -> dict[str, Any]:
    return {
        "rows": predicted.rows,
        "nats": {name: values.round(5).tolist() for name, values in predicted.whole.items()},
        "values": {
            name: {"alone": Mean.of(alone).to_dict(), "left out": Mean.of(without).to_dict()}
            for name, (alone, without) in _gains(predicted).items()
        },
    }


def _followed_row(followed: Followed) -> list[str]:
    low, high = Mean.of(followed.obtained[0]), Mean.of(followed.obtained[-1])
    return [
        followed.measure.title, f"{followed.targets[0]:.3g}", f"{low.mean:.3g}",
        f"{followed.targets[-1]:.3g}", f"{high.mean:.3g}", f"{followed.correlation:.2f}",
    ]  # fmt: skip


def _followed_values(followed: Followed) -> dict[str, Any]:
    return {
        "asked": followed.targets.tolist(),
        "found": [[number(value) for value in row] for row in followed.obtained.tolist()],
        "means": [Mean.of(row).to_dict() for row in followed.obtained],
        "spearman": number(followed.correlation),
    }


def _likened_table(likened: Likened, bars: int) -> Table:
    own = np.diag(likened.distances)
    others = likened.distances[~np.eye(len(own), dtype=bool)]
    rows = [
        ["pieces nearest to their model", f"{likened.nearest.sum()} of {len(own)}"],
        ["mean number of other models that are as near", f"{likened.ranks.mean():.2f}"],
        ["mean distance from their model", f"{own.mean():.3f}"],
        ["mean distance from the others", f"{others.mean():.3f}"],
        ["pieces that share a passage with their model", f"{(likened.longest > 0).sum()}"],
        ["longest shared passage, notes", f"{likened.longest.max()}"],
    ]
    note = _LIKENED.format(pieces=len(own), bars=bars)
    return Table("Music from the profile of a piece", ("", "value"), rows, note)


def _likened_values(likened: Likened) -> dict[str, Any]:
    return {
        "corpora": list(likened.names),
        "nearest": likened.nearest.tolist(),
        "ranks": likened.ranks.tolist(),
        "distances": likened.distances.round(4).tolist(),
        "longest shared passage": likened.longest.tolist(),
        "share of passages": likened.shared.round(4).tolist(),
    }


def draw(results: Results) -> Figure:
    """What each value saves alone and costs if left out, and how measures follow their targets."""
    by_value = [predicted for predicted in results.predicted if predicted.alone]
    panels = [bool(by_value), bool(results.followed)]
    with new_figure(8.2, 4.2) as figure:
        axes = iter(figure.subplots(1, sum(panels), squeeze=False)[0])
        if by_value:
            _draw_gains(next(axes), _gains(by_value[0]))
        if results.followed:
            _draw_followed(next(axes), results.followed)
    return figure


def _draw_gains(axes: Axes, gains: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for column, shift, color in ((0, 0.15, STRONG), (1, -0.15, INK)):
        means = {name.replace("_", " "): Mean.of(pair[column]) for name, pair in gains.items()}
        draw_intervals(axes, means, [color] * len(means), shift)
    axes.set_title("nats per row: alone (blue), left out (black)")


def _draw_followed(axes: Axes, followed: Sequence[Followed]) -> None:
    for each in followed:
        means = np.array([Mean.of(row).mean for row in each.obtained])
        center = np.nanmean(means)
        spread = max(Mean.of(np.abs(each.obtained - center).ravel()).mean, 1e-9)
        places = np.linspace(0, 1, len(means))
        axes.plot(places, (means - center) / spread, "-o", ms=3, lw=1, label=each.measure.title)
    axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    axes.set_xticks([0, 1], ["low", "high"])
    axes.set_xlabel("target")
    axes.set_title("obtained, in mean deviations")
