"""How well a model follows prompts: composing from each, and measuring what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from amadeus.evaluation.alignment import (
    MEASURES,
    Wanted,
    align,
    mean_alignment,
    shuffled_alignment,
)
from amadeus.inference.composer import Composer
from amadeus.music.score import Score
from amadeus.text.prompt_list import LabelledPrompt

Means = dict[str, tuple[float, int]]
"""Mean of each measure, and the number of pieces that it is over."""


class Piece(NamedTuple):
    """One composed piece."""

    prompt: str
    seed: int
    score: Score
    alignment: dict[str, float]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Every prompt with every seed, with the prompt's constraints and without."""

    constrained: list[Piece]
    free: list[Piece]
    """Composed from the same prompts and seeds by the model alone."""
    wanted: list[Wanted]
    """Of each piece, what its prompt asks for."""

    def columns(self) -> dict[str, Means]:
        """The table, column by column."""
        free = [piece.score for piece in self.free]
        return {
            "constraints on": mean_alignment([piece.alignment for piece in self.constrained]),
            "constraints off": mean_alignment([piece.alignment for piece in self.free]),
            "off, shuffled prompts": shuffled_alignment(free, self.wanted),
        }

    def to_markdown(self) -> str:
        """The table in percent, one measure a line."""
        columns = self.columns()
        lines = [
            f"| measure | {' | '.join(columns)} | pieces |",
            f"| --- |{' ---: |' * (len(columns) + 1)}",
        ]
        for name, meaning in MEASURES.items():
            cells = [means[name] for means in columns.values() if name in means]
            if cells:
                shares = " | ".join(f"{100 * mean:.1f}" for mean, _ in cells)
                lines.append(f"| {name}: {meaning} | {shares} | {cells[0][1]} |")
        return "\n".join(lines) + "\n"


def follow_prompts(
    composer: Composer, prompts: Sequence[LabelledPrompt], *, seeds: int, **settings: Any
) -> Alignment:
    """Compose every prompt with so many seeds, with and without its constraints, and measure.

    settings: those of `Composer.generate_many`; `seed` is the first one.
    Raises ConfigError for labels that cannot be read.
    """
    wanted = [w for p in prompts for w in [Wanted.from_labels(p.labels)] * seeds]
    texts = [text for p in prompts for text in [p.text] * seeds]
    first = settings.get("seed", 0)

    def compose(prompt_constraints: bool) -> list[Piece]:
        scores = composer.generate_many(texts, prompt_constraints=prompt_constraints, **settings)
        return [
            Piece(texts[i], first + i, score, align(score, wanted[i]))
            for i, score in enumerate(scores)
        ]

    return Alignment(compose(True), compose(False), wanted)
