"""A critic: a small network that tells real music from composed music by its features.

For some bars, it gives the logarithm of the odds that they are real. Of several candidates for the
next bars, the one with the highest odds is kept (rejection sampling by a discriminator; Azadi et
al., "Discriminator Rejection Sampling", ICLR 2019). It judges how typical bars are, not how
beautiful.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np

from amadeus.critic.windows import WINDOWS, Window, windows_so_far
from amadeus.errors import CheckpointError

_NAMES = "features"
_ARRAYS = ("quantiles", "hidden", "output")
_SCALE = 3.0
"""Ranks are from -SCALE / 2 to SCALE / 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Critic:
    """The weights of a critic with F features; its C networks vote by their mean."""

    names: tuple[str, ...]
    """The features."""
    quantiles: np.ndarray
    """Quantiles of every feature, sorted, float32 [Q, F]: a value counts by its rank in them."""
    hidden: np.ndarray
    """float32 [C, H, 2 F + W + 1]: ranks, which features are missing, the window, and a bias."""
    output: np.ndarray
    """float32 [C, H + 1], with a bias."""

    def odds(self, rows: np.ndarray) -> float:
        """Logarithm of the odds that the last bars of a piece so far are real; 0 without notes.

        rows: from START on, int64 [N, A], up to the end of a bar, or with END.
        """
        windows = list(windows_so_far(rows))
        return float(self.logits(windows).sum()) if windows else 0.0

    def logits(self, windows: Sequence[Window]) -> np.ndarray:
        """Logarithm of the odds that each window is real, float32 [len(windows)]."""
        inputs = self.inputs(windows)
        hidden = np.maximum(0.0, np.einsum("chi,ni->cnh", self.hidden, inputs))
        voices = np.einsum("cnh,ch->cn", hidden, self.output[:, :-1]) + self.output[:, -1:]
        logits: np.ndarray = voices.mean(0)
        return logits

    def inputs(self, windows: Sequence[Window]) -> np.ndarray:
        """What the networks read, float32 [len(windows), 2 F + W + 1]."""
        kinds = np.array([[kind == name for name in WINDOWS] for kind, _ in windows])
        values = table(windows, self.names)
        ranks = np.zeros(values.shape)
        for column, levels in enumerate(self.quantiles.T):
            sides = (np.searchsorted(levels, values[:, column], side) for side in ("left", "right"))
            ranks[:, column] = sum(sides) / (2 * len(levels)) - 0.5
        missing = np.isnan(values)
        ranks[missing] = 0.0
        bias = np.ones((len(values), 1))
        return np.hstack([_SCALE * ranks, missing, kinds, bias]).astype(np.float32)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save_file

        # Arrays in another order than C's would be written with their values in the wrong places.
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        save_file(tensors, path, metadata={_NAMES: "\n".join(self.names)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Critic:
        """Read what `save` wrote. Raises CheckpointError for other files."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                names = tuple((file.metadata() or {})[_NAMES].split("\n"))
                arrays = {name: file.get_tensor(name) for name in _ARRAYS}
            critic = cls(names, **arrays)
            critic._check()
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} is not a critic ({error}); train one with "
                                  "amadeus corpus critic") from None  # fmt: skip
        return critic

    def _check(self) -> None:
        """Raise ValueError for arrays that do not fit together."""
        width, (count, units) = len(self.names), self.hidden.shape[:2]
        shapes = {
            "quantiles": (len(self.quantiles), width),
            "hidden": (count, units, 2 * width + len(WINDOWS) + 1),
            "output": (count, units + 1),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite float32 of shape {shape}")


def table(windows: Iterable[Window], names: Sequence[str]) -> np.ndarray:
    """The features of windows, float32 [len(windows), len(names)], NaN where there is none."""
    rows = [[features.get(name, np.nan) for name in names] for _, features in windows]
    return np.array(rows, dtype=np.float32).reshape(-1, len(names))


@cache
def critic() -> Critic:
    """The packaged critic, trained on training pieces and pieces of `amadeus-small`."""
    with as_file(files("amadeus").joinpath("data/critic.safetensors")) as path:
        return Critic.load(path)
