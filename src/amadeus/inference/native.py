"""The engine of the compiled core: what `engine.Engine` is, without torch, and with the sampling.

Weights and cached keys and values are bytes, and activations are rounded to bytes where they meet
them, unless `exact`, which keeps everything in float32.
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
from amadeus.inference.request import token_states
from amadeus.model.checkpoint_files import PROFILE_VECTORS
from amadeus.model.config import MOST, ModelConfig
from amadeus.native.library import Sizes, Task, Vocabulary, load
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute

_REFUSED = -3
"""What a call returns that was given something out of range; as in api.cpp."""
_LOG = logging.getLogger(__name__)
_NEVER_SURE = 2.0
_LANES = 16
"""Heads are a multiple of so many floats wide."""
_ORDERS = ("confidence", "entropy", "random", "fixed")
_NO_LOGITS = np.where(VALUES, np.float32(0), np.float32(-np.inf))
_METRE_TICKS = np.ascontiguousarray(v.METRE_TICKS)
_VOCABULARY = Vocabulary(
    Attribute.TYPE, Attribute.BEAT, v.FIRST_BAR, v.FIRST_REST, _METRE_TICKS.ctypes.data
)


def fits(config: ModelConfig) -> bool:
    """Whether the core can run a network of these sizes, and is there."""
    heads = (config.width // config.heads, config.decoder_width // config.decoder_heads)
    return load() is not None and not any(width % _LANES for width in heads)


@cache
def log_if_missing() -> None:
    """Log, once, that there is no core here and how to get one."""
    if load() is None:
        _LOG.warning(
            "amadeus: there is no compiled core, so torch composes instead, more than ten times "
            "slower; install a C++ compiler (g++ or clang++), then install Amadeus again"
        )


class NativeNetwork:
    """A network in the core's own form."""

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, np.ndarray], *, exact: bool = False
    ) -> None:
        """weights: by the names of a checkpoint, any float type.

        exact: compute in float32 throughout, for comparison.
        Raises CheckpointError for weights that are missing or of another size.
        """
        core = load()
        if core is None or not fits(config):
            raise ConfigError("the compiled core cannot run this network; leave it to torch")
        self.config, self.core = config, core
        names = {field.name for field in fields(ModelConfig)} & {n for n, *_ in Sizes._fields_}
        sizes = Sizes(**{name: getattr(config, name) for name in names})
        sizes.most_values, sizes.exact, sizes.values[:] = MAX_SIZE, exact, SIZES
        tensors = {k: np.ascontiguousarray(w, dtype=np.float32) for k, w in weights.items()}
        # What a profile says reaches the core as text does.
        self.profile_vectors: np.ndarray | None = tensors.pop(PROFILE_VECTORS, None)
        count = len(tensors)
        self._handle = core.amadeus_open(
            ctypes.byref(sizes),
            (ctypes.c_char_p * count)(*(name.encode() for name in tensors)),
            (ctypes.c_void_p * count)(*(tensor.ctypes.data for tensor in tensors.values())),
            (ctypes.c_int64 * count)(*(tensor.size for tensor in tensors.values())),
            count,
        )
        if self._handle is None:
            raise CheckpointError(f"{core.amadeus_problem().decode()}; copy the checkpoint again")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.core.amadeus_close(self._handle)


class NativeEngine:
    """The network and its memory of B pieces; the methods are those of `engine.Engine`.

    All of them raise GrammarError for rows and slots that are out of range, before they change
    anything.
    """

    reveals = True
    goes_ahead = False

    def __init__(
        self,
        network: NativeNetwork,
        texts: Sequence[np.ndarray | None],
        context: int,
        threads: int | None = None,
    ) -> None:
        """texts: the caption of every piece that is there from the start, as in `admit`.

        context: most rows of a piece. Raises ConfigError for one that is out of range.
        """
        if not 1 <= context <= MOST["context"]:
            raise ConfigError(f"context must be 1 to {MOST['context']} rows, got {context}")
        self.network, self._core = network, network.core
        self.texts: list[np.ndarray] = []
        self._handle = self._core.amadeus_begin(
            network._handle, network.config.max_prefix + context, threads or default_threads()
        )
        if self._handle is None:
            raise RuntimeError(self._core.amadeus_problem().decode())
        for text in texts:
            self.admit(text)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._core.amadeus_end(self._handle)

    @property
    def size(self) -> int:
        """The number of pieces, B."""
        return len(self.texts)

    def admit(self, text: np.ndarray | None) -> None:
        """Make room for one more piece, after the last one; `prefill` comes next.

        text: its caption, [S, text_width], or None. Raises ConfigError for one that does not fit.
        """
        states = token_states(text, self.network.config)
        self._check(self._core.amadeus_admit(self._handle))
        self.texts.append(states)

    def prefill(self, slot: int, rows: np.ndarray) -> None:
        """Read the text and the rows [N, A] of the piece in this slot, from the beginning."""
        rows, text = _of_shape(rows, np.int64, (len(rows), NUM_ATTRIBUTES)), self.texts[slot]
        arguments = (text.ctypes.data, len(text), rows.ctypes.data, len(rows))
        self._check(self._core.amadeus_prefill(self._handle, slot, *arguments))

    def step(self, rows: np.ndarray) -> None:
        """Read one more row of every piece. rows: int64 [B, A]."""
        rows = _of_shape(rows, np.int64, (self.size, NUM_ATTRIBUTES))
        self._check(self._core.amadeus_step(self._handle, rows.ctypes.data))

    def enhance(self) -> None:
        """Turn the latent of every piece into the slots of its next row."""
        self._check(self._core.amadeus_enhance(self._handle))

    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        """See `engine.Engine`; all 0 where the value is known."""
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

    def looks_ahead(self, pieces: int) -> bool:
        """Never: eight states take nearly eight times as long as one."""
        return False

    def unmask(
        self,
        places: Sequence[tuple[int, int, float]],
        grammars: Sequence[Grammar],
        configs: Sequence[UnmaskConfig],
        noise: np.ndarray,
        biases: Sequence[LogitBias | None],
    ) -> np.ndarray:
        """What `diffusion.unmask` gives with this engine's predictions, int64 [R, A].

        places: of each row the slot of its piece, its slot without the text or -1, and the
        guidance; the rest is as in `diffusion.unmask`.
        """
        tasks = (Task * len(grammars))()
        noise = _of_shape(noise, np.float64, (len(tasks), *NOISE_SHAPE))
        noises = [noise.ctypes.data + n * noise.strides[0] for n in range(len(grammars))]
        kept = [
            _fill(*given)
            for given in zip(tasks, places, grammars, configs, noises, biases, strict=True)
        ]
        stuck = self._core.amadeus_unmask(self._handle, _VOCABULARY, tasks, len(tasks))
        del kept
        if stuck >= 0:
            known = np.array(tasks[stuck].known[:], dtype=bool)
            grammars[stuck].allowed(np.array(tasks[stuck].values[:]), known)  # says what is wrong
        self._check(stuck, fine=-1)
        return np.array([task.values[:] for task in tasks], dtype=np.int64)

    def retire(self, slot: int) -> None:
        """Forget the piece in this slot; the last one takes the place."""
        self._check(self._core.amadeus_retire(self._handle, slot))
        self.texts[slot] = self.texts[-1]
        self.texts.pop()

    def _check(self, result: int, fine: int = 0) -> None:
        if result != fine:
            problem = self._core.amadeus_problem().decode()
            raise GrammarError(problem) if result == _REFUSED else RuntimeError(problem)


@cache
def _template(config: UnmaskConfig) -> Task:
    task = Task(order=_ORDERS.index(config.order), steps=config.num_steps)
    task.threshold = _NEVER_SURE if config.threshold is None else config.threshold
    task.temperatures[:], task.top_ps[:] = config.temperatures, config.top_ps
    task.places[:] = [config.fixed_order.index(name) for name in ATTRIBUTES]
    return task


def _fill(
    task: Task,
    place: tuple[int, int, float],
    grammar: Grammar,
    config: UnmaskConfig,
    noise: int,
    bias: LogitBias | None,
) -> tuple[object, ...]:
    """Describe one row to the core; noise: its address. Returns what has to live as long."""
    ctypes.memmove(ctypes.byref(task), ctypes.byref(_template(config)), ctypes.sizeof(Task))
    possible = grammar.possible()
    task.products = possible.sets.ctypes.data
    task.first_beats = possible.first_beats.ctypes.data
    task.bar_ticks = possible.bar_ticks.ctypes.data
    task.num_products = len(possible.sets)
    task.noise = noise
    task.with_text, task.without_text, task.guidance = place
    task.ends_with = grammar.ends_with if grammar.in_last_bar else -1
    for rank, attribute in enumerate(grammar.choices, start=1):
        task.first[attribute] = rank
    if bias is None:
        return (possible,)
    always = _of_shape(bias.always, np.float32, VALUES.shape)
    task.bias = always.ctypes.data
    tables = [_of_shape(link.table, np.float32, (len(link.table), MAX_SIZE)) for link in bias.links]
    for to, link, table in zip(task.links, bias.links, tables, strict=False):
        to.given, to.leaned, to.first, to.count = link.given, link.target, link.first, len(table)
        to.table = table.ctypes.data
    return possible, always, tables


def _of_shape(array: np.ndarray, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """The array as the core reads it, which knows nothing of its size."""
    if np.shape(array) != shape:
        raise GrammarError(f"an array has shape {np.shape(array)}, not {shape}")
    return np.ascontiguousarray(array, dtype=dtype)


def default_threads() -> int:
    """As many as this process may use, up to 4: a step is too short for more."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(4, available or 1))
