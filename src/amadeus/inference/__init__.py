"""Composing: one row after the other, many pieces at once, with every control applied."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amadeus.inference.composer import Composer, load_model
    from amadeus.inference.composition import compose, stream
    from amadeus.inference.request import PieceState, Request
    from amadeus.inference.session import Session

__all__ = ["Composer", "PieceState", "Request", "Session", "compose", "load_model", "stream"]

_HOMES = {
    "Composer": "composer",
    "PieceState": "request",
    "Request": "request",
    "Session": "session",
    "compose": "composition",
    "load_model": "composer",
    "stream": "composition",
}


def __getattr__(name: str) -> Any:
    # Only when first used, so that the command line can read the sampling options quickly.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
