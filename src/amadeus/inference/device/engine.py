"""The engine on a GPU: the note step as CUDA graphs, with the sampling inside.

Launching a thousand small kernels one by one takes longer than running them; a graph launches them
as one. It needs tensors that stay where they are: what goes in is copied there, and what is grown
makes the graphs that knew it void. Elsewhere the same functions run as they are, which is how they
are tested without a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion.unmasking import Lean, UnmaskConfig
from amadeus.inference.device.grammar import Place, Rules, place_of
from amadeus.inference.device.graphs import Graphs
from amadeus.inference.device.tasks import Inputs, tasks_of
from amadeus.inference.device.unmasking import (
    PredictMasked,
    Sampling,
    Task,
    Unmasking,
    most_reveals,
    sampling_of,
)
from amadeus.inference.engine import Engine
from amadeus.model import Amadeus
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class DeviceEngine(Engine):
    """The network and its memory of B pieces; the methods are those of `Engine`, and two more."""

    reveals = True
    goes_ahead = True
    most_ahead = 32
    """Rows of a piece that are composed before the host looks at them."""

    def __init__(self, model: Amadeus, texts: Sequence[np.ndarray | None], context: int) -> None:
        """See `Engine`."""
        super().__init__(model, texts, context)
        self._rules = Rules(self.device)
        self._inputs, self._graphs = Inputs(self.device), Graphs(self.device)

    @torch.inference_mode()
    def step(self, rows: np.ndarray) -> None:
        """Read one more row of every piece. rows: int64 [B, A]."""
        positions = self.lengths[: self.size].copy()
        self._reserve(int(positions.max()) + 1)
        self.lengths[: self.size] += 1
        given = self._inputs.put({"rows": rows, "positions": positions})
        self._graphs.run(("step", self.size), lambda: self._read(given["rows"], given["positions"]))

    @torch.inference_mode()
    def enhance(self) -> None:
        """Turn the latent of every piece into the slots of its next row."""
        self._graphs.run(("enhance", self.size), super().enhance)

    @torch.inference_mode()
    def unmask(
        self,
        places: Sequence[tuple[int, int, float]],
        grammars: Sequence[Grammar],
        configs: Sequence[UnmaskConfig],
        noise: np.ndarray,
        biases: Sequence[Lean | None],
    ) -> np.ndarray:
        """What `diffusion.unmask` gives with this engine's predictions, int64 [R, A].

        places: of each row the slot of its piece, the slot that is deaf to the text or -1, and the
        guidance; the rest is as in `diffusion.unmask`.
        """
        tasks = self._inputs.put(tasks_of(grammars, biases))
        sampling = self._inputs.put(sampling_of(configs))
        others = self._inputs.put({"noise": noise, **_places(places)})
        passes, reveals = most_reveals(configs)
        shapes = tuple(tensor.shape for tensor in tasks.values())
        guided = any(deaf >= 0 for _, deaf, _ in places)

        def reveal() -> tuple[Tensor, Tensor, Tensor]:
            unmasking = Unmasking(
                Task(**tasks), Sampling(**sampling), others["noise"], self._rules.metres
            )
            unmasking.run(self._predictor(others, guided), passes, reveals)
            return unmasking.values, unmasking.known, unmasking.stuck

        key = ("unmask", len(places), shapes, passes, reveals, guided)
        values, known, stuck = (tensor.cpu().numpy() for tensor in self._graphs.run(key, reveal))
        for grammar, row, is_known in zip(grammars, values, known, strict=True):
            if stuck.any():
                grammar.allowed(row, is_known)  # says what is wrong
        return values.copy()

    @torch.inference_mode()
    def compose(
        self,
        places: Sequence[tuple[int, int, float]],
        grammars: Sequence[Grammar],
        configs: Sequence[UnmaskConfig],
        noise: np.ndarray,
    ) -> np.ndarray:
        """Compose and read the next K rows of every piece by the grammar alone: int64 [K, R, A].

        noise: float64 [K, R, 2, A], K at most `most_ahead`; the rest is as in `unmask`. All slots
        are those of the pieces. Rows after a piece's end mean nothing.
        """
        count = len(noise)
        self._reserve(int(self.lengths[: self.size].max()) + count)
        passes, reveals = most_reveals(configs)
        guided = any(deaf >= 0 for _, deaf, _ in places)
        state = self._inputs.put(
            {
                **place_of(grammars),
                "position": self.lengths[: self.size],
                "turn": np.zeros(1, dtype=np.int64),
            }
        )
        sampling = self._inputs.put(sampling_of(configs))
        padded = np.zeros((self.most_ahead, *noise.shape[1:]))
        padded[:count] = noise
        shape = (self.most_ahead, len(places), NUM_ATTRIBUTES)
        given = self._inputs.put(
            {
                "noises": padded,
                "composed": np.zeros(shape, dtype=np.int64),
                "piece_of": _pieces(places, self.size),
                **_places(places),
            }
        )

        def note() -> None:
            place = Place(**{name: state[name] for name in Place._fields})
            super(DeviceEngine, self).enhance()
            noise = given["noises"].index_select(0, state["turn"])[0]
            unmasking = Unmasking(
                self._rules.task(place), Sampling(**sampling), noise, self._rules.metres
            )
            unmasking.run(self._predictor(given, guided), passes, reveals)
            rows = unmasking.values
            given["composed"].index_copy_(0, state["turn"], rows[None])
            self._read(rows[given["piece_of"]], state["position"])
            for old, new in zip(place, self._rules.advance(place, rows), strict=True):
                old.copy_(new)
            state["position"].add_(1)
            state["turn"].add_(1)

        key = ("compose", len(places), self.size, passes, reveals, guided)
        for _ in range(count):
            self._graphs.run(key, note, changes=[*state.values(), self.latents])
        self.lengths[: self.size] += count
        return given["composed"][:count].cpu().numpy()

    def _read(self, rows: Tensor, positions: Tensor) -> None:
        """Read a row of every piece, all of the memory in view. rows: [B, A]; positions: [B]."""
        width = self.cache[0].shape[3]
        mask = torch.arange(width, device=self.device) <= positions[:, None]
        self.latents[: len(rows)] = self.read(rows, positions, width, mask)

    def _predictor(self, places: dict[str, Tensor], guided: bool) -> PredictMasked:
        """Logits of the next rows of the pieces in these places, float32 [R, A, V]."""
        hearing, deaf = self.slots[places["hearing"]], self.slots[places["deaf"]]
        scales = places["scales"][:, None, None]

        def predict(values: Tensor, masked: Tensor) -> Tensor:
            logits = self.model.decoder(hearing, values, masked)
            if not guided:
                return logits
            without = self.model.decoder(deaf, values, masked)
            # Padding is minus infinity in both; see `diffusion.guide`.
            change = torch.where(logits.isfinite(), logits - without, 0.0)
            return without + scales * change

        return predict

    def _reserve(self, length: int) -> None:
        """Double the cache until it holds this many positions."""
        before = self.cache[0]
        super()._reserve(length)
        if self.cache[0] is not before:
            self._graphs.clear()

    def _double_slots(self) -> None:
        super()._double_slots()
        self._graphs.clear()


def _places(places: Sequence[tuple[int, int, float]]) -> dict[str, np.ndarray]:
    """Of each row its slot, the one that is deaf to the text or the same again, and how far it is
    guided."""
    hearing, deaf, scales = (np.array(column) for column in zip(*places, strict=True))
    return {
        "hearing": hearing.astype(np.int64),
        "deaf": np.where(deaf < 0, hearing, deaf).astype(np.int64),
        "scales": np.where(deaf < 0, 1.0, scales).astype(np.float32),
    }


def _pieces(places: Sequence[tuple[int, int, float]], slots: int) -> np.ndarray:
    """Of each slot the piece that sits there, int64 [slots]."""
    of = np.zeros(slots, dtype=np.int64)
    for piece, (hearing, deaf, _) in enumerate(places):
        of[hearing] = piece
        if deaf >= 0:
            of[deaf] = piece
    return of
