"""What the experiment on steps has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.policies import ORDERS, STEPS
from amadeus.experiments.steps import NOTES, ROUNDS, Compared, Outcome
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Report, Table

_METRICS = ("pitch entropy", "pitch-class entropy", "scale consistency", "groove consistency",
            "polyphony", "note density", "instruments")  # fmt: skip
"""In the page; the distance is over all of them."""
_SUMMARY = """A note has eight attributes. T steps reveal them in T predictions, so T = 8 is one at
a time and there is nothing finer: T = 16 could be no other than T = 8, and is refused. Attributes
revealed in one step are drawn without knowledge of each other. "Sure at p" reveals in each of at
most eight steps the surest attribute and whatever has a value of at least that probability. The
last four policies reveal one at a time, but not the surest first.

{pieces} pieces of {bars} bars composed without words under each policy, with the same seeds and
default sampling, beside {openings} openings of real pieces that no training saw. Nats are what the
first {rows} rows of {real} such pieces cost: the likelihood of real rows under the sampler itself,
at temperature 1 and grammar included. Entropies are in bits. Notes a second are those of one stream
and of processor time, the median of {rounds} takes of {notes} notes. In brackets, the interval that
holds 95 % of bootstrap means over pieces.

**{verdict}**"""
_MUSIC = """Distance: the mean over the metrics of `evaluation/metrics.py` of the distance to the
real openings, in their standard deviations; {floor:.2f} lie between two halves of them. "Beyond" is
how much further from real music than with {first}."""
_COST = "Differences pair the pieces."


def report_on(
    found: Compared, *, pieces: int, bars: int, rows: int, provenance: Mapping[str, Any]
) -> Report:
    """The report."""
    first = next(iter(found.outcomes))
    beyond = {name: found.distance_beyond_first(name) for name in found.outcomes}
    return Report(
        title="Steps and orders",
        summary=_SUMMARY.format(
            pieces=pieces, bars=bars, rows=rows, real=len(found.first.cost.nats),
            openings=found.num_openings, rounds=ROUNDS, notes=NOTES,
            verdict=_verdict(found, beyond),
        ),
        tables=[
            _what_it_costs(found, first),
            _what_comes_of_it(found, beyond, first),
        ],
        values={
            "policies": {
                name: _values(outcome, found, beyond[name])
                for name, outcome in found.outcomes.items()
            },
            "real": {name: Mean.of(values).to_dict() for name, values in found.real.items()},
            "distance among real": number(found.distance_among_real()),
        },
        provenance=provenance,
        pictures={"steps": draw(found, beyond)},
    )  # fmt: skip


def _verdict(found: Compared, beyond: Mapping[str, Mean]) -> str:
    extra = {name: _extra(outcome, found) for name, outcome in found.outcomes.items()}
    texts = []
    if "T = 4" in extra:
        four = beyond["T = 4"]
        told = "no closer to real music than" if four.low > 0 else (
            "closer to real music than" if four.high < 0 else "not to be told from"
        )  # fmt: skip
        texts.append(
            f"Pieces of T = 4 are {told} those of T = 8 by their statistics "
            f"({four.signed(2)}); its rows cost {extra['T = 4'].signed()} nats more."
        )
    orders = [extra[name].mean for name in ORDERS if name in extra]
    if orders:
        base = found.first.cost.nats.mean()
        largest = max(map(abs, orders))
        texts.append(
            f"One at a time, other orders cost {min(orders):+.3f} to {max(orders):+.3f} nats a row "
            f"of {base:.2f}, at most {100 * largest / base:.1f} % more or less."
        )
    return " ".join(texts)


def _extra(outcome: Outcome, found: Compared) -> Mean:
    return Mean.of(outcome.cost.nats - found.first.cost.nats)


def _what_it_costs(found: Compared, first: str) -> Table:
    rows = [
        [name, f"{outcome.cost.predictions.mean():.2f}",
         f"{median(outcome.notes_per_second):.0f}", str(Mean.of(outcome.cost.nats)),
         "" if name == first else _extra(outcome, found).signed()]
        for name, outcome in found.outcomes.items()
    ]  # fmt: skip
    header = ("policy", "predictions a row", "notes a second", "nats a row", f"beyond {first}")
    return Table("What it costs", header, rows, _COST)


def _what_comes_of_it(found: Compared, beyond: Mapping[str, Mean], first: str) -> Table:
    rows = [["real openings", f"{found.distance_among_real():.2f}", "",
             *(str(Mean.of(found.real[metric])) for metric in _METRICS)]]  # fmt: skip
    rows += [
        [name, f"{found.distance(name):.2f}", "" if name == first else beyond[name].signed(2),
         *(str(Mean.of(outcome.metrics[metric])) for metric in _METRICS)]
        for name, outcome in found.outcomes.items()
    ]  # fmt: skip
    header = ("policy", "distance", f"beyond {first}", *_METRICS)
    note = _MUSIC.format(floor=found.distance_among_real(), first=first)
    return Table("What comes of it", header, rows, note)


def _values(outcome: Outcome, found: Compared, beyond: Mean) -> dict[str, Any]:
    compared = Compared({"": outcome}, found.real)
    return {
        "predictions": round(float(outcome.cost.predictions.mean()), 4),
        "notes per second": [round(speed, 2) for speed in outcome.notes_per_second],
        "nats": np.round(outcome.cost.nats, 5).tolist(),
        "nats beyond the first": _extra(outcome, found).to_dict(),
        "distance": number(compared.distance("")),
        "distance beyond the first": beyond.to_dict(),
        "metrics": {name: Mean.of(values).to_dict() for name, values in outcome.metrics.items()},
    }


def draw(found: Compared, beyond: Mapping[str, Mean]) -> Figure:
    """Nats, distance and speed of every policy beside the first."""
    names = list(found.outcomes)
    places = range(len(names))[::-1]
    columns = {
        "nats a row, beyond": [_extra(found.outcomes[name], found) for name in names],
        "distance, beyond": [beyond[name] for name in names],
    }
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.2, 0.9 + 0.25 * len(names)), layout="constrained")
        *panels, right = figure.subplots(1, 3, sharey=True)
        for axes, (title, means) in zip(panels, columns.items(), strict=True):
            axes.axvline(0, color=PALE, lw=1)
            for place, name, mean in zip(places, names, means, strict=True):
                colour = STRONG if name in STEPS else INK
                axes.plot([mean.low, mean.high], [place, place], color=colour, lw=2)
                axes.plot(mean.mean, place, "o", ms=5, color=colour)
            axes.set_title(title)
        speeds = [median(found.outcomes[name].notes_per_second) for name in names]
        right.barh(places, speeds, color=PALE, height=0.6)
        right.set_title("notes a second")
        panels[0].set_yticks(places, names)
    return figure
