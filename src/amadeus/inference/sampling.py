"""The sampling options: how notes are drawn.

The options of the command line, the fields of HTTP requests and the settings in Python are made
from this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import Order, PerAttribute
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULT_TOP_P = (1.0, 0.98, 0.98, 0.95, 0.9, 0.99, 0.98, 0.98)
"""Per attribute. Plain sampling lets a stray instrument in every few bars; with these, statistics
of unconditional pieces come closest to those of real ones (docs/log.md)."""


class SamplingSettings(TypedDict, total=False):
    """Keyword arguments in Python; see `OPTIONS`, and `UnmaskConfig` for the exact meaning."""

    steps: int
    threshold: float | None
    temperature: PerAttribute
    top_p: PerAttribute
    min_p: PerAttribute
    order: Order
    fixed_order: tuple[str, ...]
    """All attributes, for order "fixed"; only in Python."""


@dataclass(frozen=True, slots=True)
class Option:
    """A sampling option of the command line and of HTTP requests."""

    kind: Any
    """The type of its values."""
    help: str
    limits: dict[str, Any] = field(default_factory=dict)
    """Arguments of `pydantic.Field`: ge, gt, le."""


OPTIONS: dict[str, Option] = {
    "steps": Option(
        int, "Predictions per note, 1 to 8: fewer is faster, more is more accurate.",
        {"ge": 1, "le": NUM_ATTRIBUTES},
    ),
    "threshold": Option(
        float,
        "Decide all attributes with at least this probability in one step, 0 to 1: faster, "
        "slightly less accurate.",
        {"gt": 0, "le": 1},
    ),
    "temperature": Option(
        float, "Below 1 is safer, above 1 is bolder, 0 takes the most likely values.",
        {"ge": 0, "le": 10},
    ),
    "top_p": Option(
        float, "Sample from the most likely values whose probabilities sum to this.",
        {"gt": 0, "le": 1},
    ),
    "min_p": Option(
        float, "Sample from the values at least this many times as likely as the most likely one.",
        {"ge": 0, "le": 1},
    ),
    "order": Option(
        Order,
        "Which attribute of a note is decided first: confidence, entropy, random or fixed.",
    ),
}  # fmt: skip


def sampling_config(**settings: Unpack[SamplingSettings]) -> UnmaskConfig:
    """How notes are drawn, with the defaults of Amadeus."""
    fields: dict[str, Any] = {"top_p": DEFAULT_TOP_P, **settings}
    return UnmaskConfig(num_steps=fields.pop("steps", NUM_ATTRIBUTES), **fields)
