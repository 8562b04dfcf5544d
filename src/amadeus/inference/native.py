"""The engine of the compiled core: without torch, and with the sampling.

Weights, cached keys and values, and the activations they are multiplied with are quantized to
bytes. With `exact`, everything stays in float32.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache

import numpy as np

from amadeus.diffusion.unmasking import NOISE_SHAPE, LogitBias, UnmaskConfig
from amadeus.errors import CheckpointError, ConfigError, GrammarError
from amadeus.inference.engine import Engine, OpenPiece
from amadeus.inference.request import token_states
from amadeus.model.checkpoint_files import PROFILE_VECTORS
from amadeus.model.config import MOST, ModelConfig
from amadeus.native.library import Sizes, UnmaskTask, Vocabulary, load
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute

_REFUSED = -3
"""What a call returns if an argument is out of range; as in api.cpp."""
_LOG = logging.getLogger(__name__)
_NO_THRESHOLD = 2.0
"""A confidence that no attribute reaches."""
_LANES = 16
"""The width of a head must be a multiple of the floats in the widest SIMD register."""
_ORDERS = ("confidence", "entropy", "random", "fixed")
_NO_LOGITS = np.where(VALUES, np.float32(0), np.float32(-np.inf))
_METRE_TICKS = np.ascontiguousarray(v.METRE_TICKS)
_VOCABULARY = Vocabulary(
    Attribute.TYPE, Attribute.BEAT, v.FIRST_BAR, v.FIRST_REST, _METRE_TICKS.ctypes.data
)


def fits(config: ModelConfig) -> bool:
    """Whether there is a core and it can run a network of these sizes."""
    heads = (config.width // config.heads, config.decoder_width // config.decoder_heads)
    return load() is not None and not any(width % _LANES for width in heads)


@cache
def log_if_missing() -> None:
    """Log, once, that no core can be used, and how to get one."""
    if load() is None:
        _LOG.warning(
            "amadeus: there is no usable compiled core, so torch composes, more than ten times "
            "slower; install a C++ compiler (g++ or clang++), then install Amadeus again"
        )


class NativeNetwork:
    """A network that the core has loaded."""

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, np.ndarray], *, exact: bool = False
    ) -> None:
        """weights: by their names in a checkpoint, in any float type.

        exact: compute in float32 throughout, for comparison with torch.
        Raises CheckpointError for weights that are missing or have the wrong size.
        """
        core = load()
        if core is None or not fits(config):
            raise ConfigError("the compiled core cannot run this network; leave it to torch")
        self.config, self.core = config, core
        names = {field.name for field in fields(ModelConfig)} & {n for n, *_ in Sizes._fields_}
        sizes = Sizes(**{name: getattr(config, name) for name in names})
        sizes.max_values, sizes.exact, sizes.values[:] = MAX_SIZE, exact, SIZES
        tensors = {k: np.ascontiguousarray(w, dtype=np.float32) for k, w in weights.items()}
        # Profiles reach the core as part of the text, so it does not need these.
        self.profile_vectors: np.ndarray | None = tensors.pop(PROFILE_VECTORS, None)
        count = len(tensors)
        self._handle = core.amadeus_create_network(
            ctypes.byref(sizes),
            (ctypes.c_char_p * count)(*(name.encode() for name in tensors)),
            (ctypes.c_void_p * count)(*(tensor.ctypes.data for tensor in tensors.values())),
            (ctypes.c_int64 * count)(*(tensor.size for tensor in tensors.values())),
            count,
        )
        if self._handle is None:
            raise CheckpointError(
                f"{core.amadeus_last_error().decode()}; copy the checkpoint again"
            )

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.core.amadeus_destroy_network(self._handle)


class NativeEngine(Engine):
    """The network and its state for B pieces; see `Engine` for the methods.

    They raise GrammarError for rows and slots that are out of range, before anything changes.
    """

    def __init__(
        self,
        network: NativeNetwork,
        texts: Sequence[np.ndarray | None],
        context: int,
        threads: int | None = None,
    ) -> None:
        """texts: the captions of the first pieces, as in `admit`.

        context: the most rows of a piece. Raises ConfigError if it is out of range.
        """
        if not 1 <= context <= MOST["context"]:
            raise ConfigError(f"context must be 1 to {MOST['context']} rows, got {context}")
        self.network, self._core = network, network.core
        self.texts: list[np.ndarray] = []
        self._handle = self._core.amadeus_create_engine(
            network._handle, network.config.max_prefix + context, threads or default_threads()
        )
        if self._handle is None:
            raise RuntimeError(self._core.amadeus_last_error().decode())
        for text in texts:
            self.admit(text)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._core.amadeus_destroy_engine(self._handle)

    @property
    def size(self) -> int:
        return len(self.texts)

    def admit(self, text: np.ndarray | None) -> None:
        states = token_states(text, self.network.config)
        self._check(self._core.amadeus_admit(self._handle))
        self.texts.append(states)

    def prefill(self, slot: int, rows: np.ndarray) -> None:
        rows, text = _of_shape(rows, np.int64, (len(rows), NUM_ATTRIBUTES)), self.texts[slot]
        arguments = (text.ctypes.data, len(text), rows.ctypes.data, len(rows))
        self._check(self._core.amadeus_prefill(self._handle, slot, *arguments))

    def step(self, rows: np.ndarray) -> None:
        rows = _of_shape(rows, np.int64, (self.size, NUM_ATTRIBUTES))
        self._check(self._core.amadeus_step(self._handle, rows.ctypes.data))

    def enhance(self) -> None:
        self._check(self._core.amadeus_enhance(self._handle))

    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        slots = np.ascontiguousarray(
            np.arange(self.size) if places is None else places, dtype=np.int32
        )
        shape = (len(slots), NUM_ATTRIBUTES)
        values, known = _of_shape(values, np.int64, shape), _of_shape(known, np.uint8, shape)
        logits = np.repeat(_NO_LOGITS[None], len(slots), axis=0)
        arguments = (values.ctypes.data, known.ctypes.data, logits.ctypes.data)
        self._check(
            self._core.amadeus_predict(self._handle, slots.ctypes.data, len(slots), *arguments)
        )
        return logits

    def unmask(
        self, pieces: Sequence[OpenPiece], noise: np.ndarray, biases: Sequence[LogitBias | None]
    ) -> np.ndarray:
        tasks = (UnmaskTask * len(pieces))()
        noise = _of_shape(noise, np.float64, (len(tasks), *NOISE_SHAPE))
        noises = [noise.ctypes.data + n * noise.strides[0] for n in range(len(tasks))]
        referenced = [_fill(*each) for each in zip(tasks, pieces, noises, biases, strict=True)]
        failed = self._core.amadeus_unmask(self._handle, _VOCABULARY, tasks, len(tasks))
        del referenced
        if failed >= 0:
            known = np.array(tasks[failed].known[:], dtype=bool)
            # Raises an error that describes the contradiction.
            pieces[failed].grammar.allowed(np.array(tasks[failed].values[:]), known)
        self._check(failed, success=-1)
        return np.array([task.values[:] for task in tasks], dtype=np.int64)

    def retire(self, slot: int) -> None:
        self._check(self._core.amadeus_retire(self._handle, slot))
        self.texts[slot] = self.texts[-1]
        self.texts.pop()

    def _check(self, result: int, success: int = 0) -> None:
        if result != success:
            error = self._core.amadeus_last_error().decode()
            raise GrammarError(error) if result == _REFUSED else RuntimeError(error)


@cache
def _template(config: UnmaskConfig) -> UnmaskTask:
    task = UnmaskTask(order=_ORDERS.index(config.order), steps=config.num_steps)
    task.threshold = _NO_THRESHOLD if config.threshold is None else config.threshold
    for to, values in zip(task.draws, zip(*config.draws, strict=True), strict=True):
        to[:] = values
    task.fixed_ranks[:] = [config.fixed_order.index(name) for name in ATTRIBUTES]
    return task


def _fill(
    task: UnmaskTask, piece: OpenPiece, noise: int, bias: LogitBias | None
) -> tuple[object, ...]:
    """Fill in the task of one row. Returns the arrays whose addresses the task contains.

    noise: the address of the row's noise.
    """
    grammar, config, *place = piece
    template = _template(config)
    ctypes.memmove(ctypes.byref(task), ctypes.byref(template), ctypes.sizeof(UnmaskTask))
    possible = grammar.possible()
    task.products = possible.sets.ctypes.data
    task.first_beats = possible.first_beats.ctypes.data
    task.bar_ticks = possible.bar_ticks.ctypes.data
    task.num_products = len(possible.sets)
    task.noise = noise
    task.conditional, task.unconditional, task.guidance = place
    task.ends_with = grammar.ends_with if grammar.in_last_bar else -1
    for rank, attribute in enumerate(grammar.choices, start=1):
        task.first_ranks[attribute] = rank
    if bias is None:
        return (possible,)
    always = _of_shape(bias.always, np.float32, VALUES.shape)
    task.bias = always.ctypes.data
    tables = [_of_shape(link.table, np.float32, (len(link.table), MAX_SIZE)) for link in bias.links]
    for to, link, table in zip(task.conditional_biases, bias.links, tables, strict=False):
        to.source, to.target, to.first, to.count = link.given, link.target, link.first, len(table)
        to.table = table.ctypes.data
    return possible, always, tables


def _of_shape(array: np.ndarray, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """A contiguous array of this type, for the core, which does not check shapes itself."""
    if np.shape(array) != shape:
        raise GrammarError(f"an array has shape {np.shape(array)}, not {shape}")
    return np.ascontiguousarray(array, dtype=dtype)


def default_threads() -> int:
    """The CPUs that this process may use, but at most 4, because a step is too short for more."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(4, available or 1))
