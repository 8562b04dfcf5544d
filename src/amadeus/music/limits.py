"""Limits on the size of music: what is read, and what is made of it.

A file of 71 bytes can hold half a million bars. These limits keep whatever is made of a file to a
gigabyte of memory, and mostly to a minute. The longest music there is stays far below them:
concerts of two hours, orchestral pieces of 60,000 notes.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, fields

from amadeus.errors import ScoreError


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The most of each that is accepted."""

    bytes: int = 16 * 2**20
    """Size of a MIDI file."""
    notes: int = 500_000
    tracks: int = 2000
    """Tracks with notes, each with one channel and one program."""
    bars: int = 20_000
    """Up to the end of the last note."""
    seconds: int = 4 * 3600
    """Up to the end of the last note."""
    events: int = 200_000
    """Tempos, time signatures, key signatures and texts together."""
    controls: int = 1_000_000
    """Controllers and pitch bends together."""
    symbols: int = 400_000
    """Notes and rests of sheet music; tied notes count one by one."""
    pages: int = 500
    """Pages of sheet music."""
    image_pages: int = 30
    """Pages of sheet music in a PNG or SVG file, below each other."""
    engraving_seconds: int = 300
    """Time for Verovio to read or to lay out sheet music."""
    sound_seconds: int = 3 * 3600
    """Length of a sound file. Many players fail above 2 GiB, which are 3.4 hours."""
    tone_seconds: int = 6_000_000
    """Work for a sound file: seconds of notes to mix, and 150 for each second of a waveform."""

    stem_seconds: int = 12 * 3600
    """Length of all stems of a piece together; 8 GB as WAV files."""
    soundfont_bytes: int = 2 * 2**30
    """Size of a SoundFont. Large orchestral ones have about 1 GiB."""
    soundfont_zones: int = 4000
    """Zones of one program of a SoundFont, each with a recording and a range of notes."""

    def check(self, name: str, value: float) -> None:
        """Raise ScoreError if there is more than allowed of what one of the fields limits."""
        if value > (most := getattr(self, name)):
            remedy = _REMEDIES.get(name, "shorten the piece")
            raise ScoreError(
                f"{math.ceil(value):,} {_WORDS.get(name, name)} exceed the limit of {most:,}; "
                f"{remedy}, or lift the limits"
            )


_WORDS = {
    "events": "tempos, time signatures, key signatures and texts",
    "controls": "controllers and pitch bends",
    "symbols": "notes and rests of sheet music",
    "pages": "pages of sheet music",
    "sound_seconds": "seconds of sound",
    "tone_seconds": "seconds of tones",
    "stem_seconds": "seconds of stems",
    "soundfont_bytes": "bytes of a SoundFont",
    "soundfont_zones": "zones of one program of a SoundFont",
}
_REMEDIES = dict.fromkeys(("soundfont_bytes", "soundfont_zones"), "choose another SoundFont")

LIMITS = Limits()
"""What holds unless something else is asked for."""
UNLIMITED = Limits(**{field.name: sys.maxsize for field in fields(Limits)})
