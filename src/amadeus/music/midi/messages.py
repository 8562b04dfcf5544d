"""Messages of MIDI files, as bytes."""

from __future__ import annotations

from amadeus.errors import MidiError

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PITCH_BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
NAME, LYRIC, MARKER, PORT, END, TEMPO, METRE, KEY = 3, 5, 6, 0x21, 0x2F, 0x51, 0x58, 0x59
MIN_BPM = 60e6 / (2**24 - 1)
"""The slowest tempo that MIDI can express."""
MAX_BPM = 1000.0
"""Faster tempos are slowed down to this one."""
MAX_DELTA = 2**28 - 1
"""The longest time between two events, in ticks."""


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + variable_length(len(data)) + data


def tempo(bpm: float) -> bytes:
    """A tempo event. Raises MidiError for a tempo that MIDI cannot express."""
    mspq = round(60e6 / bpm) if bpm > 0 else 0
    if round(MIN_BPM, 3) <= bpm < MIN_BPM:  # the slowest tempo, as it is rounded in reading
        mspq = 2**24 - 1
    if not 1 <= mspq < 2**24:
        raise MidiError(f"tempo {bpm} does not fit into MIDI; choose 4 to {MAX_BPM:.0f}")
    return meta(TEMPO, mspq.to_bytes(3, "big"))


def time_signature(numerator: int, denominator: int) -> bytes:
    """A time signature event. Raises MidiError for one that MIDI cannot express."""
    power = denominator.bit_length() - 1
    if not 1 <= numerator <= 255 or denominator != 1 << power:
        raise MidiError(
            f"time signature {numerator}/{denominator} does not fit into MIDI; use one such as 4/4"
        )
    return meta(METRE, bytes([numerator, power, 24, 8]))


def encoded(text: str) -> bytes:
    return text.encode(errors="replace")


def delta_time(ticks: int) -> bytes:
    """The time between two events. Raises MidiError if it is too long."""
    if not 0 <= ticks <= MAX_DELTA:
        raise MidiError(f"a rest of {ticks} ticks does not fit into MIDI; shorten it")
    return variable_length(ticks)


def variable_length(value: int) -> bytes:
    """A MIDI variable-length quantity: seven bits a byte, the high bit set on all but the last."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def track_chunk(body: bytes) -> bytes:
    return b"MTrk" + len(body).to_bytes(4, "big") + body
