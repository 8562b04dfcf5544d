"""Decoders: masked diffusion compared with attributes in turn, independent heads and flat tokens.

All are trained on the same data with equal compute. The measures are nats per row of held-out
music, and the distance of composed from real music.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.corpus.shards import Shards
from amadeus.diffusion import UnmaskConfig
from amadeus.evaluation.comparison import Comparison, compare, measure
from amadeus.experiments.ablation import COLORS, NEGLIGIBLE, Arm, draw_curves, train_arms
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.decoders import DECODERS, DIFFUSION, FLAT, IN_TURN, INDEPENDENT
from amadeus.experiments.decoders.flat_composing import compose_flat
from amadeus.experiments.measuring import evenly, openings_of
from amadeus.experiments.options import Decoders, Progress
from amadeus.experiments.recipes import describe, prepare, provenance_of_training, with_steps
from amadeus.experiments.runs import Recipe, Runs
from amadeus.inference.composition import compose
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.music.score import Score
from amadeus.reports.figures import new_figure
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, Report, Table
from amadeus.tokens import decode

MAX_NOTES = 256
"""Of a composed piece, because poorly trained models do not always finish a bar."""
REAL_PIECES = 300
RESAMPLES = 200
_SAMPLING: dict[str, UnmaskConfig] = {
    DIFFUSION: sampling_config(),
    IN_TURN: sampling_config(order="fixed"),
    INDEPENDENT: sampling_config(steps=1),
    FLAT: sampling_config(order="fixed"),
}
"""How rows are sampled from each decoder."""
_DESCRIPTIONS = {
    DIFFUSION: "any attribute given any others; a bound",
    IN_TURN: "each attribute given those before it; exact",
    INDEPENDENT: "all attributes at once from the latent; exact",
    FLAT: "one causal Transformer over single values; exact",
}


def run(options: Decoders, progress: Progress) -> Report:
    runs, base = prepare(options, progress)
    seeds = range(options.seeds)
    comparison = compare_decoders(runs, base, seeds, options.pieces, options.bars, progress)
    return report(comparison, describe(base), provenance_of_training(options, base))


@dataclass(frozen=True, slots=True)
class Composed:
    """Pieces composed with one decoder."""

    distance: Mean
    """Mean over metrics of the distance from real openings, with its interval over pieces."""
    rows_per_second: float
    """Of processor time, one piece at a time."""
    rows: float
    """Mean per piece."""


@dataclass(frozen=True, slots=True, eq=False)
class DecoderComparison:
    """All results, by decoder."""

    arms: dict[str, Arm]
    composed: dict[str, Composed]
    pieces: int
    """Number of composed pieces per decoder."""
    bars: int
    among_real: float
    """The distance between two halves of the real openings."""


def compare_decoders(
    runs: Runs, base: Recipe, seeds: Sequence[int], pieces: int, bars: int, progress: Progress
) -> DecoderComparison:
    """Train all decoders with equal compute, and compose with the first seed's weights.

    Raises ConfigError if hardly any real piece has `bars` bars.
    """
    held_out = Shards(base.config.shards, "validation")
    pieces_of_corpus = [tokens.astype(np.int64) for tokens in evenly(held_out, REAL_PIECES)]
    real = [decode(tokens) for tokens in openings_of(pieces_of_corpus, bars, fewest=4)]
    recipes, seconds = _with_equal_compute(runs, base)
    arms = train_arms(runs, recipes, seeds, seconds)
    metrics = measure(real)
    composed = {}
    for name, recipe in recipes.items():
        model = runs.model(recipe.but(seed=seeds[0]))
        scores, taken = _compose(model, name, pieces, bars, progress)
        composed[name] = _measured(scores, taken, metrics)
    among_real = compare(real[::2], real[1::2]).mean_distance
    return DecoderComparison({arm.name: arm for arm in arms}, composed, pieces, bars, among_real)


def _with_equal_compute(runs: Runs, base: Recipe) -> tuple[dict[str, Recipe], list[float]]:
    """Recipes that take as long as the base, by decoder, and the seconds of an update of each."""
    recipes = {name: replace(base, decoder=name) for name in DECODERS}
    seconds = runs.seconds_per_update(list(recipes.values()))
    for (name, recipe), cost in zip(list(recipes.items()), seconds, strict=True):
        if abs(seconds[0] / cost - 1) > NEGLIGIBLE:
            steps = max(1, round(base.config.steps * seconds[0] / cost))
            recipes[name] = with_steps(recipe, steps)
    return recipes, seconds


def _compose(
    model: Any, decoder: str, pieces: int, bars: int, progress: Progress
) -> tuple[list[np.ndarray], float]:
    """Tokens of pieces, [N, A] each, and the processor time that they took together."""
    composed, seconds = [], 0.0
    for seed in range(pieces):
        progress(f"{decoder}: composing", seed, pieces)
        request = Request(num_bars=bars, max_notes=MAX_NOTES, seed=seed, unmask=_SAMPLING[decoder])
        began = process_time()
        if decoder == FLAT:
            composed.append(compose_flat(model, request, model.config.context))
        else:
            composed.append(compose(model, [request])[0])
        seconds += process_time() - began
    return composed, seconds


def _measured(
    pieces: Sequence[np.ndarray], seconds: float, real: dict[str, np.ndarray]
) -> Composed:
    scores: list[Score] = [decode(tokens) for tokens in pieces]
    metrics, count = measure(scores), len(scores)
    picks = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    resampled = [
        Comparison({name: values[pick] for name, values in metrics.items()}, real).mean_distance
        for pick in picks
    ]
    low, high = np.nanquantile(resampled, (0.025, 0.975))
    distance = Mean(Comparison(metrics, real).mean_distance, float(low), float(high))
    rows = sum(len(tokens) - 1 for tokens in pieces)
    return Composed(distance, rows / seconds, rows / count)


_SUMMARY = """The paper argues that the attributes of a note have no natural order, and that masked
diffusion over them should therefore beat decoding them in turn. This experiment trains four
decoders behind the same generator, on the same data with equal compute: the masked diffusion of
Amadeus; a causal Transformer of the same size over the attributes, each given those before it; the
same decoder without access to other attributes (independent heads); and no decoder, but a flat
sequence with a token for every changed attribute and always for pitch, duration and velocity. Each
is trained with {seeds} seeds.

{setting}"""
_NOTE = """Nats per row over the first {rows} rows of {pieces} validation pieces; less is better.
For masked diffusion this is a bound, the mean over all unmasking orders, so its likelihood may be
better than shown. It also learns each attribute given any of the others, whereas the other decoders
learn each at a single place. Flat tokens can give probability to impossible tokens, which the other
three cannot. Compute is measured in turns on one thread, and decoders with faster updates get more
of them. Brackets give 95 % bootstrap intervals over pieces, seeds averaged."""
_MUSIC_NOTE = """{pieces} pieces of {bars} bars (at most {most} notes) without a prompt, composed
with the weights of the first seed and sampled as is usual for each decoder: at T = 8, in order, all
at once, and token by token. The distance is the mean over the metrics of `evaluation/metrics.py` of
the distance from real openings, in their standard deviations, with the interval over resampled
pieces; two halves of the real openings are {floor:.2f} apart. Rows per second are measured in eager
PyTorch, one piece at a time, without the cache that `amadeus benchmark` uses for attributes in
turn."""


def report(comparison: DecoderComparison, setting: str, provenance: Mapping[str, Any]) -> Report:
    """setting: how the runs were trained."""
    first = comparison.arms[DIFFUSION]
    values = {
        "decoders": {
            name: {
                **arm.to_dict(),
                "beyond masked diffusion": arm.beyond(first).to_dict(),
                "distance": comparison.composed[name].distance.to_dict(),
                "rows per second": round(comparison.composed[name].rows_per_second, 2),
                "rows of a piece": round(comparison.composed[name].rows, 1),
            }
            for name, arm in comparison.arms.items()
        },
        "distance among real": round(comparison.among_real, 5),
    }
    return Report(
        title="Decoders",
        summary=_SUMMARY.format(seeds=len(first.runs), setting=setting),
        tables=[verdict_table("decoders", values), _likelihood(comparison), _music(comparison)],
        values=values,
        provenance=provenance,
        pictures={"decoders": draw(comparison)},
    )


def _likelihood(comparison: DecoderComparison) -> Table:
    first, rows = comparison.arms[DIFFUSION], []
    for name, arm in comparison.arms.items():
        gap, seen = arm.beyond(first), arm.steps * arm.runs[0].rows_per_update
        rows.append([
            f"{name}: {_DESCRIPTIONS[name]}", f"{arm.runs[0].parameters:,}",
            f"{1000 * arm.seconds:.0f}", f"{arm.steps:,}", f"{seen:,}", arm.nats_text(),
            *(["", ""] if arm is first else [str(gap), gap.seeds_text()]),
        ])  # fmt: skip
    config, pieces = first.runs[0].recipe.config, len(first.runs[0].nats)
    header = ("decoder", "parameters", "ms per update", "updates", "rows seen", "nats per row",
              "beyond diffusion", "by seed")  # fmt: skip
    return Table("Likelihood", header, rows, _NOTE.format(rows=config.rows, pieces=pieces))


def _music(comparison: DecoderComparison) -> Table:
    rows = [
        [name, str(composed.distance), f"{composed.rows:.0f}", f"{composed.rows_per_second:.0f}"]
        for name, composed in comparison.composed.items()
    ]
    note = _MUSIC_NOTE.format(
        pieces=comparison.pieces, bars=comparison.bars, most=MAX_NOTES, floor=comparison.among_real
    )
    header = ("decoder", "distance from real openings", "rows per piece", "rows per second")
    return Table("Music", header, rows, note)


def draw(comparison: DecoderComparison) -> Figure:
    """Learning curves over compute, and likelihood against distance from real music."""
    with new_figure(8.4, 3.2) as figure:
        curves, music = figure.subplots(1, 2, width_ratios=(1.3, 1))
        by_time = {name: arm.curve * (arm.seconds, 1) for name, arm in comparison.arms.items()}
        draw_curves(curves, by_time, "seconds of compute, one thread")
        for (name, composed), color in zip(comparison.composed.items(), COLORS, strict=True):
            nats, distance = comparison.arms[name].nats.mean(), composed.distance
            music.plot([nats, nats], [distance.low, distance.high], color=PALE, lw=3)
            music.plot(nats, distance.mean, "o", ms=6, color=color)
        music.axhline(comparison.among_real, color=INK, lw=0.8, ls=":")
        music.set_ylim(bottom=0)
        music.set_title("After training")
        music.set_xlabel("nats per row")
        music.set_ylabel("distance of composed from real pieces")
    return figure
