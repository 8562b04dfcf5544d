"""Keys: their names, and the key a piece is most likely in.

The estimate is the method of Krumhansl and Schmuckler (Krumhansl, Cognitive Foundations of Musical
Pitch, 1990, ch. 4): correlate how long each pitch class sounds with the profile of every key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.score import Score

Mode = Literal["major", "minor"]

MAJOR_TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
"""How musicians spell the tonic of each key, by pitch class."""

_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}

# Aarden-Essen profiles: Aarden, Dynamic Melodic Expectancy, PhD thesis, Ohio State, 2003.
_MAJOR_PROFILE = (
    17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587,
    0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122,
)  # fmt: skip
_MINOR_PROFILE = (
    18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362,
    0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A major or minor key."""

    tonic: int
    """Pitch class, 0 = C."""
    mode: Mode

    def __post_init__(self) -> None:
        if not 0 <= self.tonic < 12:
            raise ScoreError(f"tonic {self.tonic} is no pitch class; choose 0 (C) to 11 (B)")
        if self.mode not in _SCALES:
            raise ScoreError(f"mode {self.mode!r} is unknown; choose major or minor")

    def __str__(self) -> str:
        names = MAJOR_TONICS if self.mode == "major" else MINOR_TONICS
        return f"{names[self.tonic]} {self.mode}"

    @property
    def relative(self) -> Key:
        """The key of the other mode with the same notes: A minor for C major."""
        if self.mode == "major":
            return Key((self.tonic + 9) % 12, "minor")
        return Key((self.tonic + 3) % 12, "major")

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes upwards from the tonic; natural minor."""
        return tuple((self.tonic + step) % 12 for step in _SCALES[self.mode])


_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_MODES: dict[str, Mode] = {
    "": "major", "M": "major", "maj": "major", "major": "major",
    "m": "minor", "min": "minor", "minor": "minor",
}  # fmt: skip
_KEY = re.compile(r"([A-Ga-g])\s*([#b♯♭]?)\s*([A-Za-z]*)")
_WORDS = re.compile(r"[\s-]*(sharp|flat)", re.IGNORECASE)


def pitch_class(letter: str, accidental: str = "") -> int:
    """The pitch class, 0 = C, of a note letter with "#", "b", "♯", "♭" or none."""
    return (_NATURALS[letter.upper()] + _ACCIDENTALS[accidental]) % 12


def parse_key(text: str) -> Key:
    """The key of a name such as "A minor", "Am", "F# major", "B♭" or "b flat minor".

    Raises ScoreError where the text names no key.
    """
    signs = _WORDS.sub(lambda word: "#" if word[1].lower() == "sharp" else "b", text.strip())
    match = _KEY.fullmatch(signs)
    if match:
        letter, accidental, mode = match.groups()
        # Only a lone letter tells major from minor by its case.
        mode = mode if len(mode) == 1 else mode.lower()
        if mode in _MODES:
            return Key(pitch_class(letter, accidental), _MODES[mode])
    raise ScoreError(f"{text!r} is no key; write it like 'A minor', 'Bb major' or 'F#m'")


def key_profile(key: Key) -> np.ndarray:
    """How much each pitch class sounds in music in this key, in percent. float64 [12]."""
    return np.roll(_MAJOR_PROFILE if key.mode == "major" else _MINOR_PROFILE, key.tonic)


def pitch_class_histogram(score: Score) -> np.ndarray:
    """How long each pitch class sounds in all, in quarter notes, drums left out. float64 [12]."""
    notes = score.pitched_notes
    histogram = np.bincount(notes["pitch"] % 12, weights=notes["duration_ticks"], minlength=12)
    return histogram / score.ticks_per_quarter


def key_correlations(histogram: np.ndarray) -> np.ndarray:
    """Pearson correlation of a pitch-class histogram [12] with the profile of every key.

    Returns float64 [24]: C major to B major, then C minor to B minor; zeros for a flat histogram.
    """
    centred = histogram - histogram.mean()
    norm = np.linalg.norm(centred)
    if norm <= 1e-9 * histogram.sum():
        return np.zeros(24)
    return _PROFILES @ (centred / norm)


def estimate_key(score: Score) -> Key | None:
    """The key whose profile correlates best with the piece; None where no pitch class stands out.

    It finds what music21's `analyze('key')` finds, the same profiles weighing the same durations.
    """
    correlations = key_correlations(pitch_class_histogram(score))
    if not correlations.any():
        return None
    best = int(correlations.argmax())
    return Key(best % 12, "major" if best < 12 else "minor")


def _key_profiles() -> np.ndarray:
    """Centred profiles of unit length, [24, 12]."""
    rows = [np.roll(p, tonic) for p in (_MAJOR_PROFILE, _MINOR_PROFILE) for tonic in range(12)]
    profiles = np.array(rows)
    profiles -= profiles.mean(axis=1, keepdims=True)
    return profiles / np.linalg.norm(profiles, axis=1, keepdims=True)


_PROFILES = _key_profiles()
