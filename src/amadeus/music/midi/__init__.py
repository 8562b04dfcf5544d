"""MIDI files in, MIDI files out.

What a `Score` holds survives a round trip; what it has no place for is lost in reading: text that
is neither lyric nor marker, key pressure, system exclusive messages, controllers in a part of the
file without notes, and names of such parts. The sustain pedal is carried along, but it lengthens
no note.
"""

from amadeus.music.midi.reading import read_midi
from amadeus.music.midi.writing import encode_midi, write_bytes, write_file, write_midi

__all__ = ["encode_midi", "read_midi", "write_bytes", "write_file", "write_midi"]
