"""A MIDI file put together again from its own bytes, with events taken out, replaced and put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

import numpy as np

from amadeus.music.midi.container import rewrap
from amadeus.music.midi.events import END_OF_TRACK, META, Chunk, Events
from amadeus.music.midi.messages import END, delta_time, meta, track_chunk


class Rank(IntEnum):
    """The order of events at one tick; the events of the file keep theirs."""

    OFF = 0
    """Note-offs, and events that hold for everything at their tick: before those of the file."""
    FILE = 1
    RESTORE = 2
    """The program that a channel had before."""
    PROGRAM = 3
    ON = 4


Insertion = tuple[int, int, int, bytes]
"""Tick, rank, a number that keeps the order, and the message."""


@dataclass(slots=True)
class Changes:
    """What is to change in a file."""

    removed: set[int] = field(default_factory=set)
    """Events."""
    replaced: dict[int, bytes] = field(default_factory=dict)
    """The messages of events that are to have others."""
    inserted: dict[int, list[Insertion]] = field(default_factory=dict)
    """What comes into each track; tracks past those of the file are new."""
    division: int | None = None
    """The division of the header, if it is to be another one."""
    _number: count = field(default_factory=count)

    def insert(self, track: int, tick: int, rank: Rank, message: bytes) -> None:
        self.inserted.setdefault(track, []).append((tick, rank, next(self._number), message))

    def __bool__(self) -> bool:
        return bool(self.removed or self.replaced or self.inserted or self.division)


def assemble(events: Events, changes: Changes) -> bytes:
    """The file with the changes. Tracks without any, and all other chunks, stay byte for byte."""
    if not changes:
        return events.data
    data, header = events.data, events.header
    changed = {int(events.track[i]) for i in (*changes.removed, *changes.replaced)}
    changed |= changes.inserted.keys()
    new = sorted(track for track in changes.inserted if track >= events.num_tracks)
    last = max(i for i, chunk in enumerate(events.chunks) if chunk.track is not None)
    parts = [_header(events, changes, len(new))]
    for number, chunk in enumerate(events.chunks):
        if chunk.track in changed:
            parts.append(_track(events, chunk, changes))
        else:
            parts.append(data[chunk.start : chunk.stop])
        if number == last:
            parts += [_new_track(changes.inserted[track]) for track in new]
    return rewrap(data, header, b"".join(parts))


def _header(events: Events, changes: Changes, new_tracks: int) -> bytes:
    header = bytearray(events.data[events.header.start : events.header.first_chunk])
    if new_tracks:
        tracks = events.num_tracks + new_tracks
        kind = int.from_bytes(header[8:10], "big")
        header[8:10] = max(1, kind).to_bytes(2, "big")
        header[10:12] = tracks.to_bytes(2, "big")
    if changes.division is not None:
        header[12:14] = changes.division.to_bytes(2, "big")
    return bytes(header)


def _new_track(inserted: list[Insertion]) -> bytes:
    body, now = bytearray(), 0
    for tick, _, _, message in sorted(inserted):
        body += delta_time(tick - now) + message
        now = tick
    return track_chunk(bytes(body + b"\0" + meta(END, b"")))


def _track(events: Events, chunk: Chunk, changes: Changes) -> bytes:
    """A track chunk; what comes after its end-of-track event is kept."""
    assert chunk.track is not None
    first, last = np.searchsorted(events.track, (chunk.track, chunk.track + 1))
    own = list(range(first, last))
    ends = bool(own) and _ends_track(events, own[-1])
    kept = [i for i in (own[:-1] if ends else own) if i not in changes.removed]
    ticks = events.tick[kept].tolist()
    rows: list[tuple[int, int, int, int, bytes]] = [
        (tick, Rank.FILE, i, i, b"") for tick, i in zip(ticks, kept, strict=True)
    ]
    rows += [(tick, rank, n, -1, m) for tick, rank, n, m in changes.inserted.get(chunk.track, [])]
    rows.sort(key=lambda row: row[:3])
    writer = _Writer(events, first)
    for tick, _, _, index, message in rows:
        writer.write(tick, index, changes.replaced.get(index, message))
    if ends:
        writer.write(max(int(events.tick[own[-1]]), writer.now), own[-1], b"")
    else:
        writer.write(writer.now, -1, meta(END, b""))
    rest = events.data[chunk.events_end : chunk.stop]
    return track_chunk(bytes(writer.body) + rest)


def _ends_track(events: Events, index: int) -> bool:
    return bool(events.status[index] == META and events.first[index] == END_OF_TRACK)


class _Writer:
    """Writes events of a file and new ones; delta times and status bytes change only as needed."""

    def __init__(self, events: Events, first: int) -> None:
        self._events, self._first = events, first
        self.body = bytearray()
        self.now = 0
        self._status = 0  # the running status of what is written

    def write(self, tick: int, index: int, message: bytes) -> None:
        """index: the event of the file, -1 for a new one; message: its bytes, if others."""
        events, delta = self._events, tick - self.now
        if index < 0:
            self.body += delta_time(delta) + message
            self._status = message[0] if message[0] < 0xF0 else 0
            self.now = tick
            return
        start, at, stop = (int(c[index]) for c in (events.start, events.message, events.stop))
        before = int(events.tick[index - 1]) if index > self._first else 0
        if delta == int(events.tick[index]) - before:
            self.body += events.data[start:at]
        else:
            self.body += delta_time(delta)
        status = int(events.status[index])
        if message:
            self.body += message
        elif events.is_running[index] and self._status != status:
            self.body += bytes([status]) + events.data[at:stop]
        else:
            self.body += events.data[at:stop]
        self._status = status if status < 0xF0 else self._status
        self.now = tick
