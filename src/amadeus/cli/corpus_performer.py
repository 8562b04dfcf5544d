"""`amadeus corpus performer`: trains the network that performs music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import CorpusError

if TYPE_CHECKING:
    from amadeus.performer.dataset import Example
    from amadeus.performer.network import PerformerNetwork

VARIATIONS = (0.0, 0.3, 0.6, 1.0)
_GROUPS = ("velocity", "offset", "pedal", "")


def performer(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Unpacked corpora with their manifest.csv."),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Write performer.safetensors to this folder.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure these weights instead of training new ones."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Updates of the network.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Train the performer: a small network that predicts how written notes are played.

    It learns from asap, groove-drums, piano-midi-de and freemidi, as far as they are in FOLDER.
    Composers that it was not trained on show how well it does.
    """
    from amadeus.files import write_atomically
    from amadeus.performer.dataset import SOURCES, read_manifest
    from amadeus.performer.training import TrainingConfig, train_performer
    from amadeus.performer.weights import load_network, save_network

    rows = read_manifest(folder)
    rows = [row for row in rows if (folder / row["file"]).is_file()]
    chosen = SOURCES[:1] if weights is not None else SOURCES
    examples: list[list[Example]] = []
    with progress_bar("Reading corpora", len(chosen)) as update:
        for done, source in enumerate(chosen):
            update(done)
            examples.append(list(source.examples(folder, rows)))
    held_out = [example for example in examples[0] if example.is_held_out]
    seen = [[example for example in found if not example.is_held_out] for found in examples]
    used = [(found, source.share) for found, source in zip(seen, chosen, strict=True) if found]
    if not used:
        raise CorpusError(f"{folder} has none of the corpora; unpack asap and the others there")
    if weights is not None:
        network = load_network(weights)
    else:
        config = TrainingConfig(seed=seed, **options.given(steps=steps))
        with progress_bar("Training", config.steps) as update:
            excerpts, shares = zip(*used, strict=True)
            network = train_performer(excerpts, shares, config, lambda done, _: update(done))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_atomically(output / "performer.safetensors", lambda path: save_network(network, path))
    measured = measure(network, seen[0], held_out) if held_out and seen[0] else {}
    if as_json:
        print_json(measured)
        return
    for title, table in measured.items():
        typer.echo(f"{title}:")
        columns = list(next(iter(table.values())))
        lines = [[name, *(f"{row[c]:.2f}" for c in columns)] for name, row in table.items()]
        print_table([("", *columns), *lines])
        typer.echo()


def measure(
    network: PerformerNetwork, seen: Sequence[Example], held_out: Sequence[Example]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Correlations with players, and the AUC of distributions, by method and attribute.

    seen: performances that were trained on, for the simple rule.
    """
    from amadeus.evaluation.two_sample import FEWEST, two_sample_test
    from amadeus.performer.measuring import (
        Predict,
        Rule,
        correlations,
        distributions,
        flat,
        humanized,
        predictor,
    )

    predicted = {
        f"variation {variation:g}": predictor(network, variation) for variation in VARIATIONS
    }
    methods: dict[str, Predict] = {"rule": Rule.of(seen), **predicted}
    found = {name: correlations(held_out, values) for name, values in methods.items()}
    report = {"correlation with players": found}
    real, owners = distributions(held_out, None)
    if len(owners) < FEWEST:
        return report
    areas: dict[str, dict[str, Any]] = {}
    for name, values in {"as written": flat, "random": humanized, **predicted}.items():
        ours, owners = distributions(held_out, values)
        areas[name] = {}
        for group in _GROUPS:
            names = [feature for feature in ours if feature.startswith(group)]
            test = two_sample_test({n: ours[n] for n in names}, {n: real[n] for n in names}, owners)
            areas[name][group or "all"] = test.auc
    return {**report, "AUC against real performances": areas}
