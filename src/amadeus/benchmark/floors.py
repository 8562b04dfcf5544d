"""Limits of the hardware: its memory bandwidth and multiplication rate, and the needs of a note.

A note reads every weight once and computes all matrix products. An engine that does these one after
the other cannot be faster than the sum of both times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from math import prod
from time import perf_counter

import torch

from amadeus.benchmark.networks import Network
from amadeus.benchmark.timing import Load
from amadeus.model.checkpoint_files import weight_shapes
from amadeus.model.config import ModelConfig
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES

_READ_BYTES = 2**28
_MATRIX = 1024
_TAKES = 5


@dataclass(frozen=True, slots=True)
class Machine:
    """The best of several measurements, with all threads or on a GPU."""

    bytes_per_second: float
    """Summing an array much larger than the caches."""
    float_products_per_second: float
    """Multiply-adds of a float32 matrix product."""
    byte_products_per_second: float
    """Multiply-adds of an int8 matrix product; on a GPU it is not measured."""
    half_products_per_second: float = 0.0
    """Multiply-adds of a bfloat16 matrix product, on a GPU; on a CPU it is not measured."""

    def or_faster(self, other: Machine) -> Machine:
        """The best of two measurements; other work on the machine can only slow one down."""
        return Machine(*map(max, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class Floor:
    """The work for a note of each piece, and its least time in milliseconds."""

    weight_bytes: int
    products: int
    reading_ms: float
    computing_ms: float

    @property
    def ms(self) -> float:
        return self.reading_ms + self.computing_ms


def measure_machine(device: str | None = None) -> Machine:
    """Measure the processor, or the GPU `device`."""
    on_gpu = device is not None
    read, size = (_READ_BYTES * 8, _MATRIX * 8) if on_gpu else (_READ_BYTES, _MATRIX)
    array = torch.ones(read // 4, device=device)
    square = torch.randn(size, size, generator=torch.Generator().manual_seed(0)).to(device)
    # The low-precision type of the engine for each device.
    small = square.to(torch.bfloat16) if on_gpu else (square * 30).to(torch.int8)
    multiply = torch.mm if on_gpu else torch._int_mm
    products = size**3
    pace = products / _fastest(lambda: multiply(small, small), device)
    return Machine(
        read / _fastest(array.sum, device),
        products / _fastest(lambda: square @ square, device),
        *((0.0, pace) if on_gpu else (pace, 0.0)),
    )


def floor_of(network: Network, load: Load, machine: Machine) -> Floor:
    """The floor for the engine of the machine: bfloat16 on a GPU, int8 in the compiled core."""
    if machine.half_products_per_second:
        width, pace = 2, machine.half_products_per_second
    elif network.native is not None:
        width, pace = 1, machine.byte_products_per_second
    else:
        width, pace = 4, machine.float_products_per_second
    weights = sum(
        prod(shape)
        for name, shape in weight_shapes(network.config).items()
        if name.startswith(("generator", "enhancement", "decoder.blocks", "decoder.heads"))
    )
    read = weights * width
    products = load.batch * products_of_a_note(network.config, load.steps)
    return Floor(read, products, 1000 * read / machine.bytes_per_second, 1000 * products / pace)


def products_of_a_note(config: ModelConfig, steps: int) -> int:
    """Multiply-adds of all matrices for one note; attention itself is left out.

    The last decoder layer and the heads are only computed for attributes that are still masked.
    """
    everything = NUM_ATTRIBUTES * steps
    masked = sum(NUM_ATTRIBUTES - NUM_ATTRIBUTES * t // steps for t in range(steps))
    total = 0
    for name, shape in weight_shapes(config).items():
        if name.startswith("generator") or name == "enhancement.spread.weight":
            total += prod(shape)
        elif name.startswith("decoder.blocks"):
            is_last = name.startswith(f"decoder.blocks.{config.decoder_layers - 1}.")
            needed = masked if is_last and ".key" not in name and ".value" not in name else 0
            total += prod(shape) * (needed or everything)
        elif name == "decoder.heads":
            total += sum(SIZES) * config.decoder_width * masked // NUM_ATTRIBUTES
        elif name.startswith("enhancement.among_slots") or name in _OF_SLOTS:
            total += prod(shape) * NUM_ATTRIBUTES
    return total


_OF_SLOTS = ("enhancement.to_theme.query.weight", "enhancement.to_theme.output.weight")
"""The keys and values of the theme are computed once per piece."""


def _fastest(work: Callable[[], object], device: str | None) -> float:
    """Seconds."""
    times = []
    for _ in range(_TAKES + 1):
        start = perf_counter()
        work()
        if device is not None:
            torch.accelerator.synchronize(device)
        times.append(perf_counter() - start)
    return min(times)
