"""The inputs of the device for the next rows, in tensors that stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion.unmasking import MOST_LINKS, DrawSettings, LogitBias, Order, UnmaskConfig
from amadeus.tokens.grammar import MAX_SIZE, Grammar
from amadeus.tokens.products import Possible
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES

ORDERS = get_args(Order)
FIRST = 1e9
"""Above every other urgency."""
_NEVER_SURE = 2.0
_COLDEST = 1e-300
"""Replaces a temperature of 0; all but the most likely value underflow."""
_REACH = 1 - 2.0**-40
"""A factor for uniform numbers that keeps them below the total despite rounding."""
_WORD = 64


class Sampling(NamedTuple):
    """An `UnmaskConfig` for every row."""

    draws: Tensor
    """float64 [R, A, settings], the `DrawSettings` of each attribute, temperatures above 0."""
    reach: Tensor
    """float64 [R, A], factors of the uniform numbers; 0 takes the most likely value."""
    threshold: Tensor
    """float32 [R]."""
    steps: Tensor
    """int64 [R]."""
    order: Tensor
    """int64 [R], in the order of `ORDERS`."""
    places: Tensor
    """float64 [R, A], the place of each attribute in the fixed order, times -1."""


class Task(NamedTuple):
    """The `Possible` rows, and what is added to the logits."""

    sets: Tensor
    """int64 or int16 [R, words, A, V], the products that contain each value, as bits."""
    ends_with: Tensor
    """int64 [R], the type that replaces a new bar in the last bar, or -1."""
    urgent: Tensor
    """float64 [R, A]: FIRST or slightly less for attributes to be decided first, in order; minus
    infinity for others."""
    bias: Tensor | None = None
    """float32 [R, A, V]."""
    links: Tensor | None = None
    """int64 [R, L, 4] for each `Link`: given, target, first, and the rows of its table; 0 for
    none."""
    tables: Tensor | None = None
    """float32 [R, L, values of the given attribute, V]."""


class Course(NamedTuple):
    """The steps that all rows take; there is a CUDA graph for each course."""

    passes: int
    """Maximum predictions per row."""
    reveals: int
    """Maximum attributes revealed after one prediction."""
    orders: tuple[str, ...]
    """The orders that are used."""
    settings: frozenset[str]
    """The `DrawSettings` that differ from their default in any row."""
    hurries: bool
    """Whether any row has a threshold."""


def course_of(configs: Sequence[UnmaskConfig]) -> Course:
    """The steps that suit all of these configs."""
    reveals = [
        NUM_ATTRIBUTES if c.threshold is not None else -(-NUM_ATTRIBUTES // c.num_steps)
        for c in configs
    ]
    return Course(
        passes=max(config.num_steps for config in configs),
        reveals=max(reveals),
        orders=tuple(sorted({config.order for config in configs})),
        settings=frozenset().union(*map(_changed_settings, configs)),
        hurries=any(config.threshold is not None for config in configs),
    )


@cache
def _changed_settings(config: UnmaskConfig) -> frozenset[str]:
    default = DrawSettings()._asdict()
    return frozenset(
        name for draw in config.draws for name, value in draw._asdict().items()
        if value != default[name]
    )  # fmt: skip


def sampling_of(configs: Sequence[UnmaskConfig]) -> dict[str, np.ndarray]:
    """The fields of `Sampling` on the host."""
    draws = np.array([config.draws for config in configs], dtype=np.float64)  # [R, A, settings]
    temperatures = draws[..., DrawSettings._fields.index("temperature")]  # a view
    reach = np.where(temperatures > 0, _REACH, 0.0)
    np.maximum(temperatures, _COLDEST, out=temperatures)
    return {
        "draws": draws,
        "reach": reach,
        "threshold": np.array(
            [_NEVER_SURE if c.threshold is None else c.threshold for c in configs], np.float32
        ),
        "steps": np.array([c.num_steps for c in configs], dtype=np.int64),
        "order": np.array([ORDERS.index(c.order) for c in configs], dtype=np.int64),
        "places": np.array(
            [[-c.fixed_order.index(name) for name in ATTRIBUTES] for c in configs], np.float64
        ),
    }


class Inputs:
    """Tensors on a device by name and shape; they are overwritten but never moved."""

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


def tasks_of(
    grammars: Sequence[Grammar], biases: Sequence[LogitBias | None]
) -> dict[str, np.ndarray]:
    """The fields of `Task` on the host."""
    rows, possible = len(grammars), [grammar.possible() for grammar in grammars]
    words = room(max(-(-len(p.sets) // _WORD) for p in possible))
    task = {
        "sets": np.stack([_bits(p, words) for p in possible]),
        "ends_with": np.full(rows, -1, dtype=np.int64),
        "urgent": np.full((rows, NUM_ATTRIBUTES), -np.inf),
    }
    for row, grammar in enumerate(grammars):
        if grammar.in_last_bar:
            task["ends_with"][row] = grammar.ends_with
        for place, attribute in enumerate(grammar.choices):
            task["urgent"][row, attribute] = FIRST - place
    return task if all(bias is None for bias in biases) else task | _biases(biases)


def _bits(possible: Possible, words: int) -> np.ndarray:
    """The products that contain each value, int64 [words, A, V]."""
    sets = np.zeros((words * _WORD, NUM_ATTRIBUTES, MAX_SIZE), dtype=bool)
    sets[: len(possible.sets)] = possible.sets
    packed = np.packbits(sets, axis=0, bitorder="little")  # [8 words, A, V]
    return np.ascontiguousarray(np.moveaxis(packed, 0, -1)).view("<i8").transpose(2, 0, 1)


def _biases(biases: Sequence[LogitBias | None]) -> dict[str, np.ndarray]:
    """What is added to the logits."""
    rows = len(biases)
    bias = np.zeros((rows, NUM_ATTRIBUTES, MAX_SIZE), dtype=np.float32)
    links = np.zeros((rows, MOST_LINKS, 4), dtype=np.int64)
    longest = max((len(link.table) for b in biases if b for link in b.links), default=1)
    tables = np.zeros((rows, MOST_LINKS, room(longest), MAX_SIZE), dtype=np.float32)
    for row, soft in enumerate(biases):
        if soft is None:
            continue
        bias[row] = soft.always
        for number, link in enumerate(soft.links):
            links[row, number] = link.given, link.target, link.first, len(link.table)
            tables[row, number, : len(link.table)] = link.table
    return {"bias": bias, "links": links, "tables": tables}


def room(count: int) -> int:
    """The next power of two; few shapes need few graphs."""
    return 1 << max(0, count - 1).bit_length()
