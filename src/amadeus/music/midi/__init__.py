"""MIDI files in, MIDI files out.

`events` reads a file event by event, and `reading` shows the events as a `Score`. What a score has
no place for (system exclusive messages, texts, key pressure and the like) stays in the file, which
the score carries along. `notices` tells what had to be repaired. The sustain pedal is carried
along, but it lengthens no note.
"""

from amadeus.music.midi.reading import read_midi
from amadeus.music.midi.writing import encode_midi, write_bytes, write_file, write_midi
from amadeus.music.notation import NOTATION_SUFFIXES

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
"""How the names of MIDI files end; .kar is karaoke, .rmi has a RIFF wrapper."""
SCORE_SUFFIXES = (*MIDI_SUFFIXES, *NOTATION_SUFFIXES)
"""How the names of files end that `read_midi` reads."""

__all__ = [
    "MIDI_SUFFIXES", "SCORE_SUFFIXES", "encode_midi", "read_midi", "write_bytes", "write_file",
    "write_midi",
]  # fmt: skip
