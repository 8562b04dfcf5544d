"""What the host tells the device about the next rows, in tensors that stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion.unmasking import Lean
from amadeus.tokens.grammar import MAX_SIZE, Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_MOST_LINKS = 2
_FEWEST_PRODUCTS = 16


class Inputs:
    """Tensors on a device by name and shape, which are written to and never moved."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._tensors: dict[tuple[str, tuple[int, ...]], Tensor] = {}

    def put(self, arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        """Copy arrays to the device. Returns tensors, the same ones for the same name and shape."""
        return {name: self._put(name, np.ascontiguousarray(a)) for name, a in arrays.items()}

    def _put(self, name: str, array: np.ndarray) -> Tensor:
        key = (name, array.shape)
        if key in self._tensors:
            self._tensors[key].copy_(torch.from_numpy(array))
        else:
            self._tensors[key] = torch.from_numpy(array).to(self._device, copy=True)
        return self._tensors[key]


def tasks_of(grammars: Sequence[Grammar], biases: Sequence[Lean | None]) -> dict[str, np.ndarray]:
    """The fields of `Task` on the host."""
    rows, possible = len(grammars), [grammar.possible() for grammar in grammars]
    products = _room(max(len(p.sets) for p in possible), _FEWEST_PRODUCTS)
    task = {
        "sets": np.zeros((rows, products, NUM_ATTRIBUTES, MAX_SIZE), dtype=bool),
        "first_beats": np.zeros((rows, products), dtype=np.int64),
        "bar_ticks": np.zeros((rows, products), dtype=np.int64),
        "ends_with": np.full(rows, -1, dtype=np.int64),
        "ranks": np.zeros((rows, NUM_ATTRIBUTES)),
    }
    for row, (grammar, one) in enumerate(zip(grammars, possible, strict=True)):
        for name in ("sets", "first_beats", "bar_ticks"):
            task[name][row, : len(one.sets)] = getattr(one, name)
        if grammar.in_last_bar:
            task["ends_with"][row] = grammar.ends_with
        for rank, attribute in enumerate(grammar.choices, start=1):
            task["ranks"][row, attribute] = rank
    return task if all(bias is None for bias in biases) else task | _leans(biases)


def _leans(biases: Sequence[Lean | None]) -> dict[str, np.ndarray]:
    """What leans on the logits, where anything does."""
    rows = len(biases)
    bias = np.zeros((rows, NUM_ATTRIBUTES, MAX_SIZE), dtype=np.float32)
    links = np.zeros((rows, _MOST_LINKS, 4), dtype=np.int64)
    longest = max((len(link.table) for b in biases if b for link in b.links), default=1)
    tables = np.zeros((rows, _MOST_LINKS, _room(longest), MAX_SIZE), dtype=np.float32)
    for row, lean in enumerate(biases):
        if lean is None:
            continue
        bias[row] = lean.always
        for number, link in enumerate(lean.links):
            links[row, number] = link.given, link.leaned, link.first, len(link.table)
            tables[row, number, : len(link.table)] = link.table
    return {"bias": bias, "links": links, "tables": tables}


def _room(count: int, fewest: int = 1) -> int:
    """The next power of two: few shapes, few graphs."""
    return max(fewest, 1 << (count - 1).bit_length())
