"""Fuses the operations between two matrix products into one kernel, with `torch.compile`.

CUDA graphs avoid launches by the host, but on the device every kernel still waits for the last one,
which for a single row takes longer than the work itself. The compiled kernels are captured in our
graphs; the compiler makes none of its own. Compiling takes a while for every new shape, and torch
caches the results on disk. In bfloat16, fused kernels round less often, so a seed may give another
piece.
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
"""This environment variable turns fusing off if it is 0."""
_MOST_SHAPES = 64
"""Maximum number of shapes that a function is compiled for."""


class Fuser:
    """Runs pure functions of tensors, compiled if possible."""

    fails = False
    """Whether the compiler has failed in this process; then it is not used again."""

    def __init__(self, device: torch.device) -> None:
        self._wanted = can_fuse(device) and os.environ.get(SWITCH) != "0"

    @property
    def works(self) -> bool:
        """Whether functions are compiled here."""
        return self._wanted and not Fuser.fails

    def run(self, function: Callable[..., Result], *args: Any) -> Result:
        """The result of a function."""
        if not self.works:
            return function(*args)
        try:
            with (
                torch._dynamo.config.patch(recompile_limit=_MOST_SHAPES),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")  # warnings of the compiler
                return _compiled(function)(*args)
        except Exception as error:  # compilers fail in many ways; the function itself works
            Fuser.fails = True
            problem = " ".join(str(error).split("\n")[:2]).strip() or type(error).__name__
            warnings.warn(
                f"kernels are not fused, for torch.compile failed ({problem}); composing takes "
                f"longer, and {SWITCH}=0 does not try",
                stacklevel=2,
            )
            return function(*args)


def can_fuse(device: torch.device) -> bool:
    """Whether torch can compile for this device; this needs Triton, which torch for CUDA installs
    on Linux."""
    return device.type == "cuda" and find_spec("triton") is not None


@cache
def _compiled(function: Callable[..., Result]) -> Callable[..., Result]:
    return torch.compile(function, fullgraph=True, dynamic=False)
