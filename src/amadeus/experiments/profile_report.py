"""What the experiment on profiles has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.profile import NONE, OTHER, RIGHT, Followed, Heard, Likened
from amadeus.profile import FIELDS
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Report, Table

_SUMMARY = "A profile says what a piece is like in a few values; the model is conditioned on it."
_HEARD = """{pieces} validation pieces, from their beginning. Nats per row with the profile of the
piece, with another piece's and with none: the bound of `inference/likelihood.py`, one random order
a row, the same for all three. In brackets, the
interval that holds 95 % of bootstrap means over pieces."""
_VALUES = """Nats per row of the first {rows} rows. "Alone": how many fewer with this value alone
than with none. "Left out": how many more with all values but this one than with all."""
_FOLLOWED = """{seeds} pieces of {bars} bars for each of several values of one measure; the rest of
the profile comes from real pieces that are near to it. Spearman's correlation is between what was
asked for and what the composed music measures, over all of the pieces."""
_LIKENED = """{pieces} pieces of {bars} bars, each composed with the profile of the opening of one
real piece. "Nearest" counts those whose own profile is nearer to that of their model than to that
of any other. A shared passage has at least 16 notes of one instrument, transposed or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was measured; empty or None where it was not asked for."""

    heard: Sequence[Heard] = ()
    followed: Sequence[Followed] = ()
    likened: Likened | None = None


def report_on(found: Found, *, bars: int, provenance: Mapping[str, Any]) -> Report:
    """The report."""
    tables: list[Table] = []
    values: dict[str, Any] = {}
    if found.heard:
        pieces = len(found.heard[0].whole[RIGHT])
        tables.append(
            Table(
                "Nats per row",
                ("rows", RIGHT, NONE, OTHER, "none less its own", "another's less its own"),
                [_heard_row(one) for one in found.heard],
                _HEARD.format(pieces=pieces),
            )
        )
        values["heard"] = [_heard_values(one) for one in found.heard]
    for one in found.heard:
        if one.alone:
            tables.append(
                Table(
                    "Which values help",
                    ("value", "pieces", "alone", "left out"),
                    _value_rows(one),
                    _VALUES.format(rows=one.rows),
                )
            )
    if found.followed:
        seeds = found.followed[0].found.shape[1]
        tables.append(
            Table(
                "What is asked for is followed",
                ("measure", "asked low", "found", "asked high", "found", "Spearman"),
                [_followed_row(one) for one in found.followed],
                _FOLLOWED.format(seeds=seeds, bars=bars),
            )
        )
        values["followed"] = {one.measure.name: _followed_values(one) for one in found.followed}
    if found.likened is not None:
        tables.append(_likened_table(found.likened, bars))
        values["likened"] = _likened_values(found.likened)
    return Report(
        title="Profiles",
        summary=_SUMMARY,
        tables=tables,
        values=values,
        provenance=provenance,
        pictures={"profile": draw(found)} if found.heard or found.followed else {},
    )


def _heard_row(one: Heard) -> list[str]:
    own, none, other = (one.whole[name] for name in (RIGHT, NONE, OTHER))
    means = [f"{values.mean():.3f}" for values in (own, none, other)]
    return [str(one.rows), *means, Mean.of(none - own).signed(), Mean.of(other - own).signed()]


def _gains(one: Heard) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By field, nats saved by it alone, and lost without it, [P]; those that help most first."""
    found = {
        name: (one.whole[NONE] - one.alone[name], one.without[name] - one.whole[RIGHT])
        for name in FIELDS
        if not np.isnan(one.alone[name]).all()
    }
    return dict(sorted(found.items(), key=lambda item: -np.nanmean(item[1][0])))


def _value_rows(one: Heard) -> list[list[str]]:
    return [
        [name.replace("_", " "), str(int((~np.isnan(alone)).sum())), Mean.of(alone).signed(),
         Mean.of(without).signed()]
        for name, (alone, without) in _gains(one).items()
    ]  # fmt: skip


def _heard_values(one: Heard) -> dict[str, Any]:
    return {
        "rows": one.rows,
        "nats": {name: values.round(5).tolist() for name, values in one.whole.items()},
        "values": {
            name: {"alone": Mean.of(alone).to_dict(), "left out": Mean.of(without).to_dict()}
            for name, (alone, without) in (_gains(one) if one.alone else {}).items()
        },
    }


def _followed_row(one: Followed) -> list[str]:
    low, high = Mean.of(one.found[0]), Mean.of(one.found[-1])
    return [
        one.measure.title, f"{one.asked[0]:.3g}", f"{low.mean:.3g}", f"{one.asked[-1]:.3g}",
        f"{high.mean:.3g}", f"{one.correlation:.2f}",
    ]  # fmt: skip


def _followed_values(one: Followed) -> dict[str, Any]:
    return {
        "asked": one.asked.tolist(),
        "found": [[number(value) for value in row] for row in one.found.tolist()],
        "means": [Mean.of(row).to_dict() for row in one.found],
        "spearman": number(one.correlation),
    }


def _likened_table(one: Likened, bars: int) -> Table:
    own = np.diag(one.distances)
    others = one.distances[~np.eye(len(own), dtype=bool)]
    rows = [
        ["nearest to its own model", f"{one.nearest.sum()} of {len(own)}"],
        ["mean number of others that are as near", f"{one.ranks.mean():.2f}"],
        ["mean distance from its own model", f"{own.mean():.3f}"],
        ["mean distance from the others", f"{others.mean():.3f}"],
        ["pieces that share a passage with their model", f"{(one.longest > 0).sum()}"],
        ["longest shared passage, notes", f"{one.longest.max()}"],
    ]
    note = _LIKENED.format(pieces=len(own), bars=bars)
    return Table("Music like a file", ("what", "found"), rows, note)


def _likened_values(one: Likened) -> dict[str, Any]:
    return {
        "corpora": list(one.names),
        "nearest": one.nearest.tolist(),
        "ranks": one.ranks.tolist(),
        "distances": one.distances.round(4).tolist(),
        "longest shared passage": one.longest.tolist(),
        "share of passages": one.shared.round(4).tolist(),
    }


def draw(found: Found) -> Figure:
    """What each value saves and is missed by, and how measures follow what was asked for."""
    by_value = [one for one in found.heard if one.alone]
    panels = [bool(by_value), bool(found.followed)]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.2, 4.2), layout="constrained")
        axes = iter(figure.subplots(1, sum(panels), squeeze=False)[0])
        if by_value:
            _draw_gains(next(axes), _gains(by_value[0]))
        if found.followed:
            _draw_followed(next(axes), found.followed)
    return figure


def _draw_followed(axes: Any, followed: Sequence[Followed]) -> None:
    for one in followed:
        means = np.array([Mean.of(row).mean for row in one.found])
        spread = max(Mean.of(np.abs(one.found - np.nanmean(means)).ravel()).mean, 1e-9)
        asked = np.linspace(0, 1, len(means))
        found = (means - np.nanmean(means)) / spread
        axes.plot(asked, found, "-o", ms=3, lw=1, label=one.measure.title)
    axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    axes.set_xticks([0, 1], ["low", "high"])
    axes.set_xlabel("asked for")
    axes.set_title("found, in mean deviations")


def _draw_gains(axes: Any, gains: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    axes.set_title("nats a row: alone (blue), left out (black)")
    places = np.arange(len(gains))[::-1]
    axes.axvline(0, color=PALE, lw=1)
    for place, pair in zip(places, gains.values(), strict=True):
        for values, shift, colour in zip(pair, (0.15, -0.15), (STRONG, INK), strict=True):
            mean = Mean.of(values)
            axes.plot([mean.low, mean.high], [place + shift] * 2, color=colour, lw=1.5)
            axes.plot(mean.mean, place + shift, "o", ms=4, color=colour)
    axes.set_yticks(places, [name.replace("_", " ") for name in gains])
