"""Revealing rows on a device: what `diffusion.unmasking` does, in torch, for all rows at once.

Every row takes the same steps, whatever is drawn; a step that finds nothing masked changes nothing.
So no step waits for the host, and all of them can be captured as one CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion.unmasking import Order, UnmaskConfig
from amadeus.tokens.vocabulary import (
    ATTRIBUTES,
    FIRST_BAR,
    FIRST_REST,
    MAX_BAR_TICKS,
    NUM_ATTRIBUTES,
    Attribute,
)

PredictMasked = Callable[[Tensor, Tensor], Tensor]
"""(values int64 [R, A], masked bool [R, A]) -> logits float32 [R, A, V]."""

_NEVER_SURE = 2.0
_FIRST = 1e9
"""More urgent than anything."""
_CONFIDENCE, _ENTROPY, _RANDOM, _FIXED = range(len(get_args(Order)))
_TYPE, _BEAT = int(Attribute.TYPE), int(Attribute.BEAT)


class Sampling(NamedTuple):
    """An `UnmaskConfig` for every row."""

    temperatures: Tensor
    """float64 [R, A]."""
    top_ps: Tensor
    """float64 [R, A]."""
    threshold: Tensor
    """float32 [R]."""
    steps: Tensor
    """int64 [R]."""
    order: Tensor
    """int64 [R], in the order of `Order`."""
    places: Tensor
    """float64 [R, A], of each attribute in the fixed order."""


class Task(NamedTuple):
    """What is asked of every row: `Possible` rows, and what leans on the logits."""

    sets: Tensor
    """bool [R, P, A, V], products; those without a value are none."""
    first_beats: Tensor
    """int64 [R, P]."""
    bar_ticks: Tensor
    """int64 [R, P]."""
    ends_with: Tensor
    """int64 [R], the type that takes the place of a new bar in the last one, or -1."""
    ranks: Tensor
    """float64 [R, A]: 1, 2, ... for attributes to be decided first, 0 for others."""
    bias: Tensor | None = None
    """float32 [R, A, V]."""
    links: Tensor | None = None
    """int64 [R, L, 4]: the attribute that is given, the one that is leaned, the first value that
    the table is for, and how many it is for; 0 for none."""
    tables: Tensor | None = None
    """float32 [R, L, values of the given attribute, V]."""


def sampling_of(configs: Sequence[UnmaskConfig]) -> dict[str, np.ndarray]:
    """The fields of `Sampling` on the host."""
    orders = get_args(Order)
    return {
        "temperatures": np.array([c.temperatures for c in configs], dtype=np.float64),
        "top_ps": np.array([c.top_ps for c in configs], dtype=np.float64),
        "threshold": np.array(
            [_NEVER_SURE if c.threshold is None else c.threshold for c in configs], np.float32
        ),
        "steps": np.array([c.num_steps for c in configs], dtype=np.int64),
        "order": np.array([orders.index(c.order) for c in configs], dtype=np.int64),
        "places": np.array(
            [[c.fixed_order.index(name) for name in ATTRIBUTES] for c in configs], np.float64
        ),
    }


def most_reveals(configs: Sequence[UnmaskConfig]) -> tuple[int, int]:
    """The most predictions that one of these needs, and the most attributes after one of them."""
    passes = max(config.num_steps for config in configs)
    reveals = [
        NUM_ATTRIBUTES if c.threshold is not None else -(-NUM_ATTRIBUTES // c.num_steps)
        for c in configs
    ]
    return passes, max(reveals)


class Unmasking:
    """Rows on their way from all [MASK] to whole."""

    def __init__(self, task: Task, sampling: Sampling, noise: Tensor, metres: Tensor) -> None:
        """noise: float64 [R, 2, A], uniform in [0, 1); metres: METRE_TICKS on the device."""
        self.task, self.sampling, self.noise = task, sampling, noise
        device, (rows, width) = noise.device, (len(noise), task.sets.shape[-1])
        self.values = torch.zeros(rows, NUM_ATTRIBUTES, dtype=torch.int64, device=device)
        self.known = torch.zeros(rows, NUM_ATTRIBUTES, dtype=torch.bool, device=device)
        self.stuck = torch.zeros(rows, dtype=torch.bool, device=device)
        """Whether no legal row has the values that are known, bool [R]."""
        self._left = sampling.steps.clone()
        self._every = torch.arange(width, device=device)
        self._columns = torch.arange(NUM_ATTRIBUTES, device=device)
        self._metres = metres
        self.legal = torch.zeros_like(task.sets[:, 0])
        self._settle(torch.ones(rows, dtype=torch.bool, device=device))

    def run(self, predict: PredictMasked, passes: int, reveals: int) -> None:
        """Reveal everything; see `most_reveals`."""
        for _ in range(passes):
            self._step(predict(self.values, ~self.known), reveals)

    def _step(self, logits: Tensor, reveals: int) -> None:
        """`Row.step`. logits: float32 [R, A, V]."""
        masked = NUM_ATTRIBUTES - self.known.sum(-1)
        share = (masked + self._left - 1).div(self._left.clamp(min=1), rounding_mode="floor")
        self._left = self._left - 1
        logits = self._with_end_for_new_bar(self._lean(logits))
        legal_logits = logits.masked_fill(~self.legal, -torch.inf)
        confidence, entropy = _certainty(legal_logits)
        sure = self._sure(confidence)
        # Stable, so that equals come in the order of the attributes.
        order = torch.sort(-self._urgency(confidence, entropy), dim=-1, stable=True)[1]
        for place in range(reveals):
            attribute = order[:, place : place + 1]  # [R, 1]
            wanted = (place < share) | sure.gather(1, attribute)[:, 0]
            self._reveal(attribute, logits, wanted & ~self.known.gather(1, attribute)[:, 0])

    def _reveal(self, attribute: Tensor, logits: Tensor, wanted: Tensor) -> None:
        """Draw an attribute of every row where that is wanted, bool [R]. attribute: [R, 1]."""
        index = attribute[..., None].expand(-1, -1, logits.shape[-1])
        value = draw(
            logits.gather(1, index)[:, 0],
            self.legal.gather(1, index)[:, 0],
            self.sampling.temperatures.gather(1, attribute),
            self.sampling.top_ps.gather(1, attribute),
            self.noise[:, 1].gather(1, attribute),
        )
        here = (self._columns == attribute) & wanted[:, None]
        self.values = torch.where(here, value[:, None], self.values)
        self.known = self.known | here
        self._settle(wanted)

    def _settle(self, changed: Tensor) -> None:
        """Commit what the grammar leaves no choice about, in the rows that changed, bool [R]."""
        legal, alive = self._allowed()
        self.legal = torch.where(changed[:, None, None], legal, self.legal)
        self.stuck = self.stuck | (~alive & changed)
        settled = (self.legal.sum(-1) == 1) & ~self.known
        self.values = torch.where(settled, self.legal.int().argmax(-1), self.values)
        self.known = self.known | settled

    def _allowed(self) -> tuple[Tensor, Tensor]:
        """`Grammar.allowed`: bool [R, A, V], and whether there is anything, bool [R]."""
        sets, values, known = self.task.sets, self.values, self.known
        index = values[:, None, :, None].expand(-1, sets.shape[1], -1, 1)
        alive = (sets.gather(3, index)[..., 0] | ~known[:, None]).all(-1)  # [R, P]
        row_type, beat = values[:, _TYPE, None], values[:, _BEAT, None]  # [R, 1]
        type_known, beat_known = known[:, _TYPE, None], known[:, _BEAT, None]
        opens = type_known & (row_type >= FIRST_BAR) & (row_type < FIRST_REST)
        metre = self._metres[(row_type - FIRST_BAR).clamp(0, len(self._metres) - 1)]
        here = torch.where(opens, metre, MAX_BAR_TICKS)
        first = torch.where(beat_known, beat, self.task.first_beats)
        last = torch.where(type_known, here, self.task.bar_ticks)
        alive = alive & ((first <= last) | ~(type_known | beat_known))
        legal = (sets & alive[..., None, None]).any(1)  # [R, A, V]
        beats = legal[:, _BEAT] & (~opens | (self._every <= metre))
        bars = self._metres >= beat  # [R, metres]
        types = legal[:, _TYPE].clone()
        types[:, FIRST_BAR:FIRST_REST] &= bars | ~beat_known
        legal = torch.cat([types[:, None], beats[:, None], legal[:, 2:]], dim=1)
        only = self._every == values[..., None]
        return torch.where(known[..., None], only, legal), alive.any(-1)

    def _lean(self, logits: Tensor) -> Tensor:
        """Logits with the biases, and with those that known attributes bring."""
        task = self.task
        if task.bias is not None:
            logits = logits + task.bias
        if task.links is None or task.tables is None:
            return logits
        for number in range(task.links.shape[1]):
            given, leaned, first, count = task.links[:, number].unbind(-1)  # [R]
            place = self.values.gather(1, given[:, None])[:, 0] - first
            holds = self.known.gather(1, given[:, None])[:, 0] & (place >= 0) & (place < count)
            place = place.clamp(0, task.tables.shape[2] - 1)
            added = task.tables[torch.arange(len(place), device=place.device), number, place]
            where = (self._columns == leaned[:, None]) & holds[:, None]  # [R, A]
            logits = logits + torch.where(where[..., None], added[:, None], 0.0)
        return logits

    def _with_end_for_new_bar(self, logits: Tensor) -> Tensor:
        """Where another bar would begin in the last one, the piece ends."""
        ends_with = self.task.ends_with
        types, end = logits[:, _TYPE], ends_with.clamp(min=0)[:, None]
        together = torch.cat([types.gather(1, end), types[:, FIRST_BAR:]], dim=1).logsumexp(1)
        here = (self._every == end) & (ends_with >= 0)[:, None]
        types = torch.where(here, together[:, None], types)
        return torch.cat([types[:, None], logits[:, 1:]], dim=1)

    def _sure(self, confidence: Tensor) -> Tensor:
        """Which attributes need not wait for another prediction, bool [R, A]."""
        sure = self.known | (confidence >= self.sampling.threshold[:, None])
        firsts = (sure | (self.task.ranks == 0)).all(-1, keepdim=True)  # nothing passes those
        return sure & firsts & (self.sampling.threshold <= 1)[:, None]

    def _urgency(self, confidence: Tensor, entropy: Tensor) -> Tensor:
        """How soon each attribute wants to be revealed, float64 [R, A]; see `Row`."""
        order, ranks = self.sampling.order[:, None], self.task.ranks
        urgency = torch.where(order == _ENTROPY, entropy, confidence).double()
        urgency = torch.where(order == _RANDOM, self.noise[:, 0], urgency)
        urgency = torch.where(order == _FIXED, -self.sampling.places, urgency)
        urgency = torch.where(ranks > 0, _FIRST - ranks, urgency)
        return urgency.masked_fill(self.known, -torch.inf)


def _certainty(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Largest probability and negative entropy in nats, [R, A]. logits: [R, A, V]."""
    most = logits.max(-1, keepdim=True)[0]
    relative = logits - torch.where(most.isinf(), 0.0, most)
    weights = relative.exp()
    total = weights.sum(-1)
    weighed = (weights * relative.masked_fill(weights == 0, 0.0)).sum(-1)
    return 1.0 / total, weighed / total - total.log()


def draw(
    logits: Tensor, legal: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor
) -> Tensor:
    """`diffusion.unmasking.draw` for every row: int64 [R].

    logits: float32 [R, V]; legal: bool [R, V]; the others: float64 [R, 1].
    """
    logits = logits.double().masked_fill(~legal, -torch.inf)
    best = logits.argmax(-1, keepdim=True)
    top = logits.gather(1, best)
    weights = ((logits - top) / temperature.clamp(min=1e-300)).exp().masked_fill(~legal, 0.0)
    ranked = weights.sort(-1, descending=True)[0]
    enough = ranked.cumsum(-1) < top_p * ranked.sum(-1, keepdim=True)
    size = enough.sum(-1, keepdim=True).clamp(max=logits.shape[-1] - 1)
    least = torch.where(top_p < 1, ranked.gather(1, size), 0.0)
    weights = weights.masked_fill(weights < least, 0.0)
    cumulative = weights.cumsum(-1)
    index = (cumulative <= uniform * cumulative[:, -1:]).sum(-1, keepdim=True)
    places = torch.arange(logits.shape[-1], device=logits.device)
    last = torch.where(weights > 0, places, 0).max(-1, keepdim=True)[0]
    drawn = torch.minimum(index, last)
    return torch.where(temperature == 0, best, drawn)[:, 0]
