"""Composing: one row after the other, many pieces at once, with every control applied."""

from amadeus.inference.composer import Composer, load_model
from amadeus.inference.composition import compose, stream
from amadeus.inference.request import PieceState, Request
from amadeus.inference.session import Session

__all__ = ["Composer", "PieceState", "Request", "Session", "compose", "load_model", "stream"]
