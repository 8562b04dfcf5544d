"""The engine on a GPU: the note step as CUDA graphs, with the sampling inside.

Launching a thousand small kernels takes longer than running them; a graph launches them together. A
graph needs tensors that stay where they are, so inputs are copied into them, and growing a tensor
discards the graphs. On other devices the same functions run without graphs, and tests use that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion.unmasking import NOISE_SHAPE, LogitBias, UnmaskConfig
from amadeus.inference.device.fusing import Fuser
from amadeus.inference.device.grammar import GrammarState, advance, state_of, task_of
from amadeus.inference.device.graphs import Graphs
from amadeus.inference.device.network import Seen, embed, enhance, fused, predict, read_block
from amadeus.inference.device.tables import UNKNOWN, Tables, tables_on
from amadeus.inference.device.tasks import (
    Course,
    Inputs,
    Sampling,
    Task,
    course_of,
    room,
    sampling_of,
    tasks_of,
)
from amadeus.inference.device.unmasking import Row, begin, reveal
from amadeus.inference.engine import OpenPiece
from amadeus.inference.torch_engine import TorchEngine
from amadeus.model import Amadeus
from amadeus.model.layers import rms_norm
from amadeus.model.note_decoder import NoteDecoder
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

Item = TypeVar("Item")


class DeviceEngine(TorchEngine):
    """The network and its state for B pieces; see `Engine` for the methods.

    Free slots take part as well, and rows are padded to a power of two: few shapes need few graphs.
    """

    most_ahead = 32
    """Rows of a piece that are composed before the host looks at them."""

    @torch.inference_mode()
    def __init__(self, model: Amadeus, texts: Sequence[np.ndarray | None], context: int) -> None:
        """See `TorchEngine`."""
        super().__init__(model, texts, context)
        # At full size from the start, because graphs cannot follow tensors that move.
        self._reserve(model.config.max_prefix + context)
        self._network, self._tables = fused(model), tables_on(self.device)
        self._inputs, self._graphs = Inputs(self.device), Graphs(self.device)
        self._fuse = Fuser(self.device).run

    @torch.inference_mode()
    def step(self, rows: np.ndarray) -> None:
        given = self._inputs.put({"rows": self._filled(rows), "positions": self._positions()})
        self.lengths[: self.size] += 1
        self._graphs.run("step", lambda: self._read(given["rows"], given["positions"]))

    @torch.inference_mode()
    def enhance(self) -> None:
        self._graphs.run("enhance", lambda: self.slots.copy_(self._enhanced()))

    @torch.inference_mode()
    def unmask(
        self, pieces: Sequence[OpenPiece], noise: np.ndarray, biases: Sequence[LogitBias | None]
    ) -> np.ndarray:
        grammars, configs, places = _columns(pieces)
        tasks = self._inputs.put(tasks_of(grammars, _full(biases)))
        sampling = self._inputs.put(sampling_of(configs))
        given = self._inputs.put({"noise": np.stack(_full(noise)), **places})
        course, guided = course_of(configs), _are_guided(pieces)

        def shown() -> Tensor:
            task, drawn = Task(**tasks), Sampling(**sampling)
            row = self._fuse(begin, self._tables, task, drawn)
            seen = _seen(self.slots, given, guided)
            return self._reveal(seen, task, drawn, given["noise"], course, row).shown

        shapes = tuple(tensor.shape for tensor in tasks.values())
        values = self._graphs.run(("unmask", shapes, course, guided), shown).cpu().numpy()
        known = values < UNKNOWN
        for grammar, row, is_known in zip(grammars, values, known, strict=False):
            if not is_known.all():
                grammar.allowed(row, is_known)  # raises an error that describes the problem
        return values[: len(pieces)].copy()

    @torch.inference_mode()
    def compose_ahead(
        self, pieces: Sequence[OpenPiece], noise: Callable[[int], np.ndarray], most: int
    ) -> np.ndarray:
        count, size = min(self.most_ahead, most), len(pieces)
        grammars, configs, places = _columns(pieces)
        positions, turn = self._positions(), np.zeros(1, dtype=np.int64)
        kept = self._inputs.put({**state_of(grammars), "position": positions, "turn": turn})
        sampling = self._inputs.put(sampling_of(configs))
        noises = np.zeros((self.most_ahead, room(size), *NOISE_SHAPE))
        noises[:count, :size] = noise(count)
        given = self._inputs.put(
            {
                "noises": noises,
                "composed": np.zeros((*noises.shape[:2], NUM_ATTRIBUTES), dtype=np.int64),
                "piece_of": _indices(pieces, len(self.lengths)),
                **places,
            }
        )
        course, guided = course_of(configs), _are_guided(pieces)

        def note() -> None:
            state = GrammarState(**{name: kept[name] for name in GrammarState._fields})
            drawn, turn = Sampling(**sampling), kept["turn"]
            task, row = self._fuse(_begin_note, self._tables, state, drawn)
            noise = given["noises"].index_select(0, turn)[0]
            seen = _seen(self._enhanced(), given, guided)
            rows = self._reveal(seen, task, drawn, noise, course, row).values
            given["composed"].index_copy_(0, turn, rows[None])
            self._read(rows[given["piece_of"]], kept["position"])
            self._fuse(_end_note, self._tables, state, rows, kept["position"], turn)

        key = ("compose", room(size), course, guided)
        for _ in range(count):
            self._graphs.run(key, note, changes=[*kept.values(), self.latents])
        self.lengths[: self.size] += count
        return given["composed"][:count, :size].cpu().numpy()

    def _enhanced(self) -> Tensor:
        """The slots of the next row of every slot's piece, [slots, A, E]."""
        memory = self.memory and self.memory.read(len(self.lengths), self.memory.capacity)
        return self._fuse(
            enhance, self._network.enhancement, self.latents, memory, self.memory_mask
        )

    def _reveal(
        self, seen: Seen, task: Task, sampling: Sampling, noise: Tensor, course: Course, row: Row
    ) -> Row:
        """Reveal all attributes of rows that have begun."""
        for _ in range(course.passes):
            row = self._fuse(
                _predict_and_reveal, self._network.decoder, seen,
                self._tables, task, sampling, noise, course, row,
            )  # fmt: skip
        return row

    def _read(self, rows: Tensor, positions: Tensor) -> None:
        """Read a row in every slot. rows: int64 [slots, A]; positions: int64 [slots]."""
        x, rotary, at = self._fuse(
            embed, self._network.embedder, rows, positions, self.cos, self.sin,
            self.caches[0].capacity,
        )  # fmt: skip
        for block, cache in zip(self._network.generator.blocks, self.caches, strict=True):
            x = self._fuse(read_block, block, x, rotary, cache, at)
        self.latents.copy_(self._fuse(rms_norm, x))

    def _positions(self) -> np.ndarray:
        """Position of the next row of every slot, int64 [slots]; slots after the last are free."""
        return np.where(np.arange(len(self.lengths)) < self.size, self.lengths, 0)

    def _filled(self, rows: np.ndarray) -> np.ndarray:
        """A row for every slot."""
        return np.pad(rows, ((0, len(self.lengths) - len(rows)), (0, 0)))

    def _double_slots(self) -> None:
        super()._double_slots()
        self._graphs.clear()


def _seen(slots: Tensor, given: dict[str, Tensor], guided: bool) -> Seen:
    unconditional = slots[given["unconditional"]] if guided else None
    return Seen(slots[given["conditional"]], unconditional, given["scales"])


def _predict_and_reveal(
    decoder: NoteDecoder, seen: Seen, tables: Tables, task: Task, sampling: Sampling,
    noise: Tensor, course: Course, row: Row,
) -> Row:  # fmt: skip
    logits = predict(decoder, seen, row.shown)
    return reveal(tables, task, sampling, noise, course, row, logits)


def _begin_note(tables: Tables, state: GrammarState, sampling: Sampling) -> tuple[Task, Row]:
    task = task_of(tables, state)
    return task, begin(tables, task, sampling)


def _end_note(
    tables: Tables, state: GrammarState, rows: Tensor, positions: Tensor, turn: Tensor
) -> None:
    """Advance every piece by a row."""
    for old, new in zip(state, advance(tables, state, rows), strict=True):
        if new is not old:
            old.copy_(new)
    positions.add_(1)
    turn.add_(1)


def _are_guided(pieces: Sequence[OpenPiece]) -> bool:
    return any(piece.unconditional >= 0 for piece in pieces)


def _full(items: Sequence[Item] | np.ndarray) -> list[Item]:
    """The items, padded with the first one to a power of two."""
    return [*items, *[items[0]] * (room(len(items)) - len(items))]


def _columns(
    pieces: Sequence[OpenPiece],
) -> tuple[Sequence[Grammar], Sequence[UnmaskConfig], dict[str, np.ndarray]]:
    """Grammars, configs and slots of as many rows as there is room for.

    Pieces that are not guided have the same slot twice.
    """
    grammars, configs, *places = zip(*_full(pieces), strict=True)
    conditional, unconditional, scales = (np.array(place) for place in places)
    slots: dict[str, np.ndarray] = {
        "conditional": conditional.astype(np.int64),
        "unconditional": np.where(unconditional < 0, conditional, unconditional).astype(np.int64),
        "scales": np.where(unconditional < 0, 1.0, scales).astype(np.float32),
    }
    return grammars, configs, slots


def _indices(pieces: Sequence[OpenPiece], slots: int) -> np.ndarray:
    """The index of the piece in each slot, int64 [slots]; any index for free slots."""
    of = np.zeros(slots, dtype=np.int64)
    for index, piece in enumerate(pieces):
        of[piece.slot] = index
        if piece.unconditional >= 0:
            of[piece.unconditional] = index
    return of
