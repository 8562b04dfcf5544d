"""The outside of a MIDI file: a RIFF wrapper, the header chunk, and what surrounds the tracks."""

from __future__ import annotations

from dataclasses import dataclass

from amadeus.errors import MidiError

DAMAGED = "is damaged or cut off; fetch or export it again"
_TRACK = b"MTrk"


@dataclass(frozen=True, slots=True)
class Header:
    """The header chunk, and where the file lies in the data."""

    start: int
    """Where the header chunk begins; past 0 in a RIFF file."""
    end: int
    """Where the file ends; before the end of the data in some RIFF files."""
    first_chunk: int
    """Where the chunk after the header begins."""
    num_tracks: int
    division: int
    """Ticks per quarter note, or a negative frame rate and ticks per frame, as in the file."""

    @property
    def is_riff(self) -> bool:
        return self.start > 0

    @property
    def frames(self) -> tuple[int, int] | None:
        """Frames per second (29 for 29.97) and ticks per frame; None if ticks divide quarters."""
        if not self.division & 0x8000:
            return None
        return 256 - (self.division >> 8), self.division & 0xFF


def read_header(data: bytes) -> Header:
    """Find the header. Raises MidiError if this is no MIDI file."""
    if not data:
        raise MidiError("is empty; give a MIDI file")
    start, end = _inside_riff(data)
    if data[start : start + 4] != b"MThd":
        raise MidiError("is not a MIDI file; convert it to Standard MIDI first")
    length = int.from_bytes(data[start + 4 : start + 8], "big")
    if end - start < 14 or length < 6 or start + 8 + length > end:
        raise MidiError(DAMAGED)
    header = Header(
        start, end, start + 8 + length,
        num_tracks=int.from_bytes(data[start + 10 : start + 12], "big"),
        division=int.from_bytes(data[start + 12 : start + 14], "big"),
    )  # fmt: skip
    frames = header.frames
    if header.division == 0 or (frames and (frames[0] not in (24, 25, 29, 30) or not frames[1])):
        raise MidiError("has no ticks per quarter note; export it again with some")
    return header


def _inside_riff(data: bytes) -> tuple[int, int]:
    """Where the MIDI file begins and ends; the data chunk of a RIFF file of type RMID."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return 0, len(data)
    position = 12
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] == b"data":
            # A program that did not know the length when it began to write leaves 0.
            return position + 8, min(len(data), position + 8 + (length or len(data)))
        position += 8 + length + length % 2
    return 0, len(data)


def rewrap(data: bytes, header: Header, body: bytes) -> bytes:
    """The data with another MIDI file in place of its own; lengths of a RIFF wrapper are set."""
    if not header.is_riff:
        return body + data[header.end :]
    rest = data[header.end + (header.end - header.start) % 2 :]
    padded = body + b"\0" * (len(body) % 2)
    before = data[8 : header.start - 4] + len(body).to_bytes(4, "little")
    return b"RIFF" + (len(before + padded + rest)).to_bytes(4, "little") + before + padded + rest


def looks_like_chunk(data: bytes, position: int, end: int) -> bool:
    """Whether a chunk begins here, or the file ends."""
    name = data[position : position + 4]
    return position == end or (position + 8 <= end and name.isascii() and name.isalnum())


def next_track(data: bytes, position: int, end: int) -> int:
    """Where the next track chunk begins from here on; -1 for none."""
    return data.find(_TRACK, position, end)
