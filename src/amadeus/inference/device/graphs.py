"""CUDA graphs by key: captured when first needed, replayed after that."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor

Result = TypeVar("Result")
_WARMUPS = 2
"""Runs before the capture, in which libraries choose kernels and allocate memory."""


class Graphs:
    """Runs functions of tensors that stay where they are; on CUDA, each as one launch."""

    def __init__(self, device: torch.device) -> None:
        self._captures = device.type == "cuda"
        self._graphs: dict[Hashable, tuple[torch.cuda.CUDAGraph, object]] = {}

    def run(
        self, key: Hashable, work: Callable[[], Result], changes: Sequence[Tensor] = ()
    ) -> Result:
        """The result of `work`; on CUDA, the next run with this key overwrites it.

        key: equal for equal work and shapes. changes: tensors that `work` both reads and writes;
        they are restored after trial runs.
        """
        if not self._captures:
            return work()
        if key not in self._graphs:
            self._graphs[key] = _capture(work, changes)
        graph, result = self._graphs[key]
        graph.replay()
        return cast("Result", result)

    def clear(self) -> None:
        """Discard all graphs, because a tensor has moved."""
        self._graphs.clear()


def _capture(
    work: Callable[[], object], changes: Sequence[Tensor]
) -> tuple[torch.cuda.CUDAGraph, object]:
    before = [tensor.clone() for tensor in changes]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARMUPS):
            work()
            for tensor, value in zip(changes, before, strict=True):
                tensor.copy_(value)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):  # records without running
        result = work()
    return graph, result
