"""Scales: their names, and the pitch classes that belong to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from amadeus.errors import ScoreError
from amadeus.music.keys import MAJOR_TONICS, MINOR_TONICS, Key, pitch_class

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "natural minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "chromatic": tuple(range(12)),
}
"""Semitones above the tonic. Plain minor is natural minor and the raised seventh, as in pieces."""

_ABBREVIATIONS = {"": "major", "M": "major", "maj": "major", "m": "minor", "min": "minor"}
_SCALE = re.compile(
    r"([A-Ga-g])(?:([#♯♭]|b(?!lues))|[\s-]*(sharp|flat)\b)?[\s-]*(.*)", re.IGNORECASE
)
_NOTES = re.compile(r"[A-G][#b♯♭]?(?:[\s,]+[A-G][#b♯♭]?)+")


@dataclass(frozen=True, slots=True)
class Scale:
    """A set of pitch classes, with or without a tonic."""

    name: str
    pitch_classes: tuple[int, ...]
    """Upwards from the tonic, or from C where there is none."""
    tonic: int | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> Key | None:
        """The major or minor key on its tonic that it sounds like; None without a plain triad."""
        if self.tonic is None or len(self.pitch_classes) == 12:
            return None
        above = {(p - self.tonic) % 12 for p in self.pitch_classes}
        if {4, 7} <= above:
            return Key(self.tonic, "major")
        return Key(self.tonic, "minor") if {3, 7} <= above else None


def parse_scale(text: str) -> Scale:
    """The scale of a name such as "A minor", "F#m" or "d dorian", or of notes such as "C E G A".

    Raises ScoreError, with the closest known names, for any other text.
    """
    text = " ".join(text.split())
    if _NOTES.fullmatch(text):
        return _of_notes(text)
    if text.lower() in SCALES:
        raise ScoreError(f"{text!r} needs a tonic; write 'A {text.lower()}'")
    match = _SCALE.fullmatch(text)
    if match:
        letter, sign, word, ending = match.groups()
        word_sign = {"sharp": "#", "flat": "b"}[word.lower()] if word else ""
        tonic = pitch_class(letter, sign.replace("B", "b") if sign else word_sign)
        name = ending.lower().replace("-", " ")
        name = _ABBREVIATIONS.get(ending) or _ABBREVIATIONS.get(name, name)
        if name in SCALES:
            names = MINOR_TONICS if {3} <= set(SCALES[name]) else MAJOR_TONICS
            notes = tuple((tonic + step) % 12 for step in SCALES[name])
            return Scale(f"{names[tonic]} {name}", notes, tonic)
        text = ending if " " in text else text
    close = get_close_matches(text.lower(), SCALES, n=3) or ["major", "minor", "dorian"]
    raise ScoreError(
        f"no scale is called {text!r}; did you mean {', '.join(close)}? "
        "Write a tonic and a name, 'A minor', or its notes, 'C E G A'"
    )


def _of_notes(text: str) -> Scale:
    names = re.split(r"[\s,]+", text)
    return Scale(" ".join(names), tuple(sorted({pitch_class(n[0], n[1:]) for n in names})))
