"""Amadeus composes symbolic music, with control over every attribute of every note.

import amadeus

composer = amadeus.load_model("amadeus-small")
score = composer.generate(bars=16, seed=1)
amadeus.write_midi(score, "piece.mid")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amadeus.control.constraints import Constraints
    from amadeus.inference.composer import Composer, load_model
    from amadeus.music.midi import read_midi, write_midi
    from amadeus.music.score import Score
    from amadeus.performer.performing import perform

__all__ = ["Composer", "Constraints", "Score", "load_model", "perform", "read_midi", "write_midi"]

_HOMES = {
    "Composer": "amadeus.inference.composer",
    "Constraints": "amadeus.control.constraints",
    "Score": "amadeus.music.score",
    "load_model": "amadeus.inference.composer",
    "perform": "amadeus.performer.performing",
    "read_midi": "amadeus.music.midi",
    "write_midi": "amadeus.music.midi",
}


def __getattr__(name: str) -> Any:
    # Only when first used: importing torch takes seconds, and reading MIDI needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
