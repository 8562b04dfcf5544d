"""MIDI files written byte by byte, for tests."""

from __future__ import annotations

EOT = b"\xff\x2f\0"


def number(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def chunk(body: bytes, name: bytes = b"MTrk", length: int | None = None) -> bytes:
    return name + (len(body) if length is None else length).to_bytes(4, "big") + body


def events(*pairs: tuple[int, bytes]) -> bytes:
    """(delta, message) pairs as they stand in a track."""
    return b"".join(number(delta) + message for delta, message in pairs)


def track(*pairs: tuple[int, bytes], end: int | None = 0, length: int | None = None) -> bytes:
    """A track chunk; end: the delta of the end-of-track event, None for none."""
    body = events(*pairs) + (b"" if end is None else number(end) + EOT)
    return chunk(body, length=length)


def header(tracks: int, division: int = 480, kind: int = 1) -> bytes:
    words = (value.to_bytes(2, "big") for value in (kind, tracks, division))
    return b"MThd\0\0\0\6" + b"".join(words)


def smf(*tracks: bytes, division: int = 480) -> bytes:
    return header(len(tracks), division) + b"".join(tracks)


def on(pitch: int, velocity: int = 80, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 0])


def control(controller: int, value: int, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, controller, value])


def program(value: int, channel: int = 0) -> bytes:
    return bytes([0xC0 | channel, value])


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + number(len(data)) + data


def sysex(data: bytes, status: int = 0xF0) -> bytes:
    return bytes([status]) + number(len(data)) + data


def notes(pitches: list[int], length: int = 480, channel: int = 0) -> list[tuple[int, bytes]]:
    """Notes one after the other."""
    pairs = []
    for pitch in pitches:
        pairs += [(0, on(pitch, channel=channel)), (length, off(pitch, channel=channel))]
    return pairs
