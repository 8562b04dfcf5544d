"""CUDA graphs by what they are for: captured where they are first needed, replayed after that."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor

Result = TypeVar("Result")
_WARMUPS = 2
"""Runs before the capture, in which libraries choose their kernels and take their memory."""


class Graphs:
    """Runs functions of tensors that stay where they are; on CUDA, each as one launch."""

    def __init__(self, device: torch.device) -> None:
        self._captures = device.type == "cuda"
        self._graphs: dict[Hashable, tuple[torch.cuda.CUDAGraph, object]] = {}

    def run(
        self, key: Hashable, work: Callable[[], Result], changes: Sequence[Tensor] = ()
    ) -> Result:
        """What `work` returns: on CUDA, tensors that the next run with this key writes to again.

        key: of the same work, and the same shapes. changes: tensors that `work` both reads and
        writes, so that trying it out would leave a trace.
        """
        if not self._captures:
            return work()
        if key not in self._graphs:
            self._graphs[key] = _capture(work, changes)
        graph, result = self._graphs[key]
        graph.replay()
        return cast("Result", result)

    def clear(self) -> None:
        """Forget all: something has moved."""
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
    with torch.cuda.graph(graph):  # which only records
        result = work()
    return graph, result
