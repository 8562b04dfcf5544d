"""Pieces that a model composes from prompts, to be evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amadeus.evaluation.pieces import Piece
from amadeus.inference.composer import Composer
from amadeus.text.prompt_list import LabelledPrompt

WAYS = {"constraints on": True, "constraints off": False}
"""The ways of composing: with what a prompt states as constraints, and by the model alone."""


def compose_prompts(
    composer: Composer, prompts: Sequence[LabelledPrompt], *, seeds: int, **settings: Any
) -> dict[str, list[Piece]]:
    """So many pieces of every prompt, with equal seeds, in each of the WAYS.

    A piece is named after its prompt and its number, as `read_folder` matches them: ID-1.mid.
    settings: those of `Composer.generate_many`; `seed` is the first one.
    """
    asked = [(prompt, number) for prompt in prompts for number in range(1, seeds + 1)]
    texts = [prompt.text for prompt, _ in asked]
    return {
        way: [
            Piece(name=f"{prompt.id}-{number}.mid", score=score, prompt=prompt)
            for (prompt, number), score in zip(
                asked,
                composer.generate_many(texts, prompt_constraints=constrained, **settings),
                strict=True,
            )
        ]
        for way, constrained in WAYS.items()
    }
