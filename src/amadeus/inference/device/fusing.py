"""Fusing: what runs between two matrix products becomes one kernel, by `torch.compile`.

A graph spares the host its launches, but on the device every kernel still waits for the last one,
which for a single row takes longer than its work. The compiler brings no graphs of its own: ours
capture what it makes. Compiling takes a while for every new shape; torch keeps the results on disk.
In bfloat16 fewer roundings come between, so a seed may give another piece than without.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

import torch

Result = TypeVar("Result")
SWITCH = "AMADEUS_FUSE"
"""0 in this environment variable leaves the kernels as they are."""
_MOST_SHAPES = 64
"""Shapes for which a function is compiled before the others are run as they are."""


class Fuser:
    """Runs pure functions of tensors, compiled where that can be had."""

    fails = False
    """Whether the compiler has failed in this process; it is not asked again."""

    def __init__(self, device: torch.device) -> None:
        self._wanted = can_fuse(device) and os.environ.get(SWITCH) != "0"

    @property
    def works(self) -> bool:
        """Whether functions are compiled here."""
        return self._wanted and not Fuser.fails

    def run(self, function: Callable[..., Result], *args: Any) -> Result:
        """What the function returns, compiled or not."""
        if not self.works:
            return function(*args)
        try:
            with (
                torch._dynamo.config.patch(recompile_limit=_MOST_SHAPES),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")  # of the compiler about itself
                return _compiled(function)(*args)
        except Exception as error:  # whatever a compiler can die of; the plain function works
            Fuser.fails = True
            problem = " ".join(str(error).split("\n")[:2]).strip() or type(error).__name__
            warnings.warn(
                f"kernels are not fused, for torch.compile failed ({problem}); composing takes "
                f"longer, and {SWITCH}=0 does not try",
                stacklevel=2,
            )
            return function(*args)


def can_fuse(device: torch.device) -> bool:
    """Whether torch can compile for this device: it takes Triton, which comes with torch for CUDA
    on Linux."""
    return device.type == "cuda" and find_spec("triton") is not None


@cache
def _compiled(function: Callable[..., Result]) -> Callable[..., Result]:
    return torch.compile(function, fullgraph=True, dynamic=False)
