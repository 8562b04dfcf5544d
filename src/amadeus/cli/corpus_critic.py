"""`amadeus corpus critic`: trains the critic that chooses among candidates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from amadeus.corpus.shards import Shards
    from amadeus.critic import Critic
    from amadeus.critic.windows import Window

BARS = 16
_HELD_OUT = 5
"""Every fifth piece is not trained on, but used to measure the critic."""
_MOST_ROWS = 1500
"""Rows of a piece that its caption is written from."""

EXAMPLES = options.examples(
    "amadeus corpus critic shards --output critic",
    "amadeus corpus critic shards --pieces 500 --compose 200 --output critic --json",
)


def critic(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    pieces: Annotated[
        int, typer.Option(min=10, help="Maximum number of real pieces, sampled evenly.")
    ] = 3000,
    compose: Annotated[
        int,
        typer.Option(
            min=10,
            help="Pieces to compose with the packaged model, half of them from captions.",
        ),
    ] = 1000,
    output: Annotated[
        Path | None,
        typer.Option(help="Write critic.safetensors and registers.json to this folder."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the composed pieces.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Train the critic: a small network that tells real music from composed music.

    Shows how well it does on pieces that it was not trained on.
    """
    import numpy as np

    from amadeus.corpus.shards import Shards
    from amadeus.critic.bars import Bars
    from amadeus.critic.registers import measure_registers
    from amadeus.critic.training import EPOCHS, train_critic
    from amadeus.critic.windows import windows_of_piece
    from amadeus.files import write_atomically, write_text

    corpus = Shards(shards, "train")
    if not len(corpus):
        raise ConfigError(f"{shards} holds no training pieces; give other shards")
    chosen = np.unique(np.linspace(0, len(corpus) - 1, min(pieces, len(corpus))).astype(int))
    real, bars = [], []
    with progress_bar("Measuring real pieces", len(chosen)) as update:
        for done, index in enumerate(chosen.tolist()):
            update(done)
            rows = corpus.tokens(index)
            bars.append(Bars.of(rows))
            real.append(list(windows_of_piece(rows)))
    real = list(filter(None, real))
    if len(real) < _HELD_OUT:
        raise ConfigError(
            f"{shards}: {len(real)} of {len(chosen)} training pieces have {BARS} bars, and a "
            f"critic needs {_HELD_OUT}; measure more pieces, or give other shards"
        )
    every = (list(windows_of_piece(rows)) for rows in _composed(corpus, compose, seed))
    composed = list(filter(None, every))
    seen = [[w for i, p in enumerate(k) if i % _HELD_OUT for w in p] for k in (real, composed)]
    unseen = [[w for p in kind[::_HELD_OUT] for w in p] for kind in (real, composed)]
    with progress_bar("Training", EPOCHS) as update:
        trained = train_critic(seen[0], seen[1], update)
    areas = dict(_areas(trained, unseen[0], unseen[1]))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_atomically(output / "critic.safetensors", trained.save)
        registers = {str(k): v for k, v in measure_registers(bars).items()}
        write_text(output / "registers.json", json.dumps(registers, separators=(",", ":")) + "\n")
    if as_json:
        print_json({"auc": areas, "real": len(real), "composed": len(composed)})
        return
    print_table([("window", "AUC"), *((name, f"{area:.2f}") for name, area in areas.items())])
    typer.echo(f"\n{len(real):,} real and {len(composed):,} composed pieces, one in "
               f"{_HELD_OUT} held out")  # fmt: skip


def _composed(corpus: Shards, pieces: int, seed: int) -> Iterator[np.ndarray]:
    """Pieces by the packaged model without choosing, half of them from captions of real pieces."""
    import numpy as np

    from amadeus.errors import AmadeusError
    from amadeus.inference.composer import load_model
    from amadeus.text.captioner import write_captions
    from amadeus.text.facts import measure
    from amadeus.tokens import decode, encode

    composer, rng = load_model(words=False), np.random.default_rng(seed)
    with progress_bar("Composing", pieces) as update:
        for number in range(pieces):
            update(number)
            prompt = ""
            if number % 2:
                rows = corpus.tokens(int(rng.integers(len(corpus))))[:_MOST_ROWS]
                (prompt,) = write_captions(measure(decode(rows)), 1, number)
            try:
                score = composer.generate(prompt, bars=BARS, tries=1, seed=seed + number)
            except AmadeusError:
                continue  # a caption whose constraints contradict each other
            yield encode(score)


def _areas(
    trained: Critic, real: Sequence[Window], composed: Sequence[Window]
) -> Iterator[tuple[str, float]]:
    """The area under the ROC curve of every window."""
    import numpy as np

    from amadeus.critic.windows import WINDOWS
    from amadeus.evaluation.two_sample import area_under_curve

    for name in WINDOWS:
        kinds = [[w for w in kind if w[0] == name] for kind in (real, composed)]
        if all(kinds):
            odds = np.concatenate([trained.logits(kind) for kind in kinds])
            labels = np.repeat([1, 0], [len(kind) for kind in kinds])
            yield name, area_under_curve(odds, labels)
