"""Revealing rows on a device: what `diffusion.unmasking` does, in torch, for all rows at once.

All rows take the same number of steps, and a step without masked attributes changes nothing. No
step waits for the host, so all of them can be captured as one CUDA graph. All functions are pure
functions of tensors, and the grammar is looked up in tables, which takes few kernels that a
compiler can fuse.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from amadeus.diffusion.unmasking import DrawSettings
from amadeus.inference.device.tables import UNKNOWN, Tables
from amadeus.inference.device.tasks import ORDERS, Course, Sampling, Task
from amadeus.tokens.grammar import MAX_SIZE
from amadeus.tokens.vocabulary import Attribute

_TYPE = int(Attribute.TYPE)


class Row(NamedTuple):
    """Rows that are being revealed."""

    shown: Tensor
    """int64 [R, A], UNKNOWN at [MASK]."""
    legal: Tensor
    """bool [R, A, V], the possible values of each attribute; a known attribute has one."""
    undecided: Tensor
    """bool [R, A], whether an attribute has more than one possible value."""
    alive: Tensor
    """[R, words], the products that contain the known values, as bits."""
    left: Tensor
    """int64 [R], predictions left."""

    @property
    def values(self) -> Tensor:
        """int64 [R, A], 0 if no value is legal."""
        return torch.where(self.shown < UNKNOWN, self.shown, 0)

    @property
    def stuck(self) -> Tensor:
        """Whether no legal row has the known values, bool [R]; valid after the last step."""
        return (self.shown == UNKNOWN).any(-1)


def begin(tables: Tables, task: Task, sampling: Sampling) -> Row:
    """Rows of which only the attributes with a single possible value are known."""
    shown = torch.full_like(task.urgent, UNKNOWN, dtype=torch.int64)
    alive = torch.full_like(task.sets[:, :, 0, 0], -1)
    return _commit_forced(tables, task, shown, alive, sampling.steps.clone())


def reveal(
    tables: Tables, task: Task, sampling: Sampling, noise: Tensor, course: Course,
    row: Row, logits: Tensor,
) -> Row:  # fmt: skip
    """`Row.step` of the oracle. noise: float64 [R, 2, A]; logits: float32 [R, A, V]."""
    logits = _with_end_for_new_bar(tables, task, _biased(tables, task, row, logits))
    confidence, entropy = _certainty(torch.where(row.legal, logits, -torch.inf), course)
    urgency = _urgency(sampling, task, noise, course, confidence, entropy)
    urgency = torch.where(row.undecided, urgency, -torch.inf)
    uniforms = noise[:, 1] * sampling.reach
    sure = _sure(sampling, task, course, row, confidence)
    share = _share(row)[:, None] if course.reveals > 1 else None
    for place in range(course.reveals):
        attribute = urgency.argmax(-1, keepdim=True)  # [R, 1], the first of equals
        here = (tables.columns == attribute) & row.undecided
        if share is not None and place > 0:
            here = here & ((place < share) | sure)
        index = attribute[..., None].expand(-1, -1, MAX_SIZE)
        value = draw(
            logits.gather(1, index)[:, 0],
            row.legal.gather(1, index)[:, 0],
            _settings_of(sampling, attribute),
            course.settings,
            uniforms.gather(1, attribute),
        )
        row = _show(tables, task, row, here, attribute, value)
        if place + 1 < course.reveals:
            urgency = urgency.masked_fill(tables.columns == attribute, -torch.inf)
    return row._replace(left=row.left - 1) if course.reveals > 1 else row


def _settings_of(sampling: Sampling, attribute: Tensor) -> list[Tensor]:
    """The `DrawSettings` of the attributes [R, 1]: float64 [R, 1] each."""
    index = attribute[..., None].expand(-1, -1, sampling.draws.shape[2])
    return list(sampling.draws.gather(1, index)[:, 0].split(1, dim=1))


def _show(
    tables: Tables, task: Task, row: Row, here: Tensor, attribute: Tensor, value: Tensor
) -> Row:
    """Set an attribute, [R, 1], to a value, [R, 1], where `here`, bool [R, A], is true."""
    shown = torch.where(here, value, row.shown)
    words = row.alive.shape[1]
    sets = task.sets.gather(2, attribute[:, None, :, None].expand(-1, words, -1, MAX_SIZE))
    having = sets[:, :, 0].gather(2, value[:, None].expand(-1, words, -1))[..., 0]  # [R, words]
    alive = torch.where(here.any(-1, keepdim=True), row.alive & having, row.alive)
    return _commit_forced(tables, task, shown, alive, row.left)


def _commit_forced(tables: Tables, task: Task, shown: Tensor, alive: Tensor, left: Tensor) -> Row:
    """Commit the attributes with a single possible value; see `Grammar.allowed`.

    All products that are alive contain that value, so they stay alive.
    """
    possible = ((task.sets & alive[..., None, None]) != 0).any(1)  # [R, A, V]
    legal = possible & tables.agreeing[0][shown]
    partners = torch.cat([shown[:, 1:2], shown[:, :1], shown[:, 2:]], dim=1)  # type and beat
    legal = legal & tables.agreeing[tables.pairs, partners]
    count = legal.sum(-1)
    only = (legal * tables.every).sum(-1)
    return Row(torch.where(count == 1, only, shown), legal, count > 1, alive, left)


def _biased(tables: Tables, task: Task, row: Row, logits: Tensor) -> Tensor:
    """Logits with the biases, including those that depend on known attributes."""
    if task.bias is not None:
        logits = logits + task.bias
    if task.links is None or task.tables is None:
        return logits
    for number in range(task.links.shape[1]):
        given, target, first, count = task.links[:, number].unbind(-1)  # [R]
        place = row.shown.gather(1, given[:, None])[:, 0] - first
        holds = (place >= 0) & (place < count)  # false for UNKNOWN
        index = place.clamp(0, task.tables.shape[2] - 1)[:, None, None]
        added = task.tables[:, number].gather(1, index.expand(-1, 1, MAX_SIZE))  # [R, 1, V]
        where = (tables.columns == target[:, None]) & holds[:, None]  # [R, A]
        logits = logits + torch.where(where[..., None], added, 0.0)
    return logits


def _with_end_for_new_bar(tables: Tables, task: Task, logits: Tensor) -> Tensor:
    """In the last bar, the probability of a new bar goes to the end of the piece."""
    end = (tables.every == task.ends_with[:, None])[:, None]  # [R, 1, V]
    # For every attribute, though only the type needs it, so that it fuses into a larger kernel.
    types = logits[:, _TYPE : _TYPE + 1].expand_as(logits)
    together = torch.where(tables.openings | end, types, -torch.inf).logsumexp(-1)  # [R, A]
    here = end & (tables.columns == _TYPE)[:, None]  # [R, A, V]
    return torch.where(here, together[..., None], logits)


def _share(row: Row) -> Tensor:
    """The number of masked attributes that this step reveals, int64 [R]."""
    masked = (row.shown == UNKNOWN).sum(-1)
    return (masked + row.left - 1).div(row.left.clamp(min=1), rounding_mode="floor")


def _sure(
    sampling: Sampling, task: Task, course: Course, row: Row, confidence: Tensor
) -> Tensor | bool:
    """Which attributes need no further prediction, bool [R, A]."""
    if not course.hurries:
        return False
    sure = (row.shown < UNKNOWN) | (confidence >= sampling.threshold[:, None])
    firsts = (sure | task.urgent.isinf()).all(-1, keepdim=True)  # these come first
    return sure & firsts & (sampling.threshold <= 1)[:, None]


def _urgency(
    sampling: Sampling, task: Task, noise: Tensor, course: Course, confidence: Tensor,
    entropy: Tensor,
) -> Tensor:  # fmt: skip
    """Attributes are revealed in descending urgency, float64 [R, A]; see `Row` of the oracle."""
    kinds = {
        "confidence": confidence,
        "entropy": entropy,
        "random": noise[:, 0],
        "fixed": sampling.places,
    }
    first, *others = course.orders
    urgency = kinds[first]
    for order in others:
        urgency = torch.where(sampling.order[:, None] == ORDERS.index(order), kinds[order], urgency)
    return torch.maximum(urgency.double(), task.urgent)


def _certainty(logits: Tensor, course: Course) -> tuple[Tensor, Tensor]:
    """Largest probability and, if needed, negative entropy in nats, [R, A].

    logits: [R, A, V].
    """
    relative = logits - logits.amax(-1, keepdim=True)
    weights = relative.exp()
    total = weights.sum(-1)
    confidence = 1.0 / total
    if "entropy" not in course.orders:
        return confidence, confidence
    weighed = (weights * relative.masked_fill(weights == 0, 0.0)).sum(-1)
    return confidence, weighed / total - total.log()


def draw(
    logits: Tensor, legal: Tensor, settings: Sequence[Tensor], used: Collection[str],
    uniform: Tensor,
) -> Tensor:  # fmt: skip
    """`diffusion.unmasking.draw` for every row: int64 [R, 1].

    logits: float32 [R, V]; legal: bool [R, V]; settings: of `DrawSettings`, float64 [R, 1] each;
    used: the names of those that make a difference; uniform: float64 [R, 1].
    """
    setting = dict(zip(DrawSettings._fields, settings, strict=True))
    logits = torch.where(legal, logits, -torch.inf).double()
    weights = ((logits - logits.amax(-1, keepdim=True)) / setting["temperature"]).exp()
    if "top_p" in used:
        top_p = setting["top_p"]
        # A value is in the nucleus if the more likely values do not reach `top_p` without it.
        likelier = weights[:, None] > weights[..., None]  # [R, V, V]
        before = torch.where(likelier, weights[:, None], 0.0).sum(-1)
        inside = (before < top_p * weights.sum(-1, keepdim=True)) | (top_p >= 1)
        weights = torch.where(inside, weights, 0.0)
    if "min_p" in used:
        weights = torch.where(weights < setting["min_p"], 0.0, weights)  # the largest is 1
    reached = weights.cumsum(-1) <= uniform * weights.sum(-1, keepdim=True)
    # After the end of a piece no value is legal and all weights are 0; any value in range will do.
    return reached.sum(-1, keepdim=True).clamp(max=logits.shape[-1] - 1)
