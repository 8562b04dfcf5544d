"""Events of a MIDI file as columns: where each stands in the bytes, when it is, what it says.

Reading is done for all bytes at once: for each byte it is computed where the next event would begin
if one began there, and then a short loop follows these links from event to event. What that cannot
express (running status of messages with one data byte, faults) is left to `walk_slowly`, which
reads one event after the other; tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.errors import MidiError
from amadeus.music.midi.container import (
    DAMAGED,
    Header,
    looks_like_chunk,
    next_track,
    read_header,
)
from amadeus.music.midi.notices import Notices

SYSEX, PACKET, META = 0xF0, 0xF7, 0xFF
END_OF_TRACK = 0x2F
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_PAD = 16
_BAD = -1
_LARGE = 2**20

_LENGTH = np.zeros(256, dtype=np.uint8)
"""Bytes of a message from its status on, by that byte; 0 if it takes more to know."""
for _status in range(0x80, 0xF0):
    _LENGTH[_status] = 1 + _DATA_BYTES[_status & 0xF0]
_LENGTH[:0x80] = 2  # running status, of messages with two data bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the file after the header, or bytes that belong to none."""

    start: int
    """Where it begins in the data, its name included."""
    stop: int
    """Where the next one begins."""
    body: int
    """Where the events of a track begin."""
    events_end: int
    """Where the last event of a track ends."""
    track: int | None = None
    """The number of the track, counted from 0; None for other chunks."""


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """All events of a file, track by track, each track in order of time. Columns are int64 [E]."""

    data: bytes
    header: Header
    chunks: tuple[Chunk, ...]
    track: np.ndarray
    start: np.ndarray
    """Where the event begins, its delta time included."""
    message: np.ndarray
    """Where its status byte is, or its first data byte where the status is running."""
    stop: np.ndarray
    """Where it ends."""
    tick: np.ndarray
    status: np.ndarray
    """Its status byte, or the running one."""
    is_running: np.ndarray
    """Whether the status byte is left out, bool."""
    first: np.ndarray
    """The first data byte of a channel message, 0-127; the kind of a meta event."""
    second: np.ndarray
    """The second data byte, 0-127; 0 where there is none."""

    def __len__(self) -> int:
        return len(self.tick)

    @property
    def num_tracks(self) -> int:
        return sum(chunk.track is not None for chunk in self.chunks)

    def payload(self, index: int) -> bytes:
        """The data of a meta event or of a SysEx event."""
        position = int(self.message[index]) + (2 if self.status[index] == META else 1)
        length, position = _number_at(self.data, position)
        return self.data[position : position + length]


def read_events(data: bytes, notices: Notices) -> Events:
    """Read every event of a file. Raises MidiError if it is no MIDI file, or damaged."""
    header = read_header(data)
    links = _Links(data)
    try:
        repairs = Notices()
        events = _read_all(data, header, links, repairs)
        is_simple = _is_simple(events)
    except MidiError:
        is_simple = False
    if not is_simple:
        links.is_slow, repairs = True, Notices()
        events = _read_all(data, header, links, repairs)
    notices.extend(repairs)
    return events


def _is_simple(events: Events) -> bool:
    """Whether running status continues only messages with two data bytes, of its own track."""
    if not events.is_running.any():
        return True
    status = np.where(events.is_running, 0, events.status)
    last = _last_status(status)
    firsts = np.searchsorted(events.track, events.track[events.is_running])
    is_short = (events.status & 0xE0) == 0xC0
    return bool((last[events.is_running] >= firsts).all()) and not bool(
        (is_short & events.is_running).any()
    )


def _read_all(data: bytes, header: Header, links: _Links, notices: Notices) -> Events:
    chunks: list[Chunk] = []
    walks: list[np.ndarray] = []
    position = header.first_chunk
    while position < header.end:
        chunk, starts = _read_chunk(data, header, links, position, len(walks), notices)
        chunks.append(chunk)
        if starts is not None:
            walks.append(starts)
        position = chunk.stop
    is_cut = bool(chunks) and chunks[-1].stop - chunks[-1].start < 8
    if not walks or (is_cut and len(walks) < header.num_tracks):
        raise MidiError(DAMAGED)
    if len(walks) != header.num_tracks:
        notices.add(f"the header promises {header.num_tracks} tracks, {len(walks)} are there")
    return _columns(data, header, tuple(chunks), links, walks, notices)


def _read_chunk(
    data: bytes, header: Header, links: _Links, position: int, track: int, notices: Notices
) -> tuple[Chunk, np.ndarray | None]:
    """The chunk that begins here, and the starts of its events if it is a track."""
    end, body = header.end, position + 8
    if data[position : position + 4] != b"MTrk":
        return _other_chunk(data, end, position, notices), None
    if body > end:
        raise MidiError(DAMAGED)
    declared = body + int.from_bytes(data[position + 4 : body], "big")
    is_right = declared <= end and looks_like_chunk(data, declared, end)
    starts, stop, has_end = links.walk(body, min(declared, end))
    if not has_end and is_right and stop == declared:
        notices.add("a track without an end-of-track event was read to the end of its chunk", track)
        return Chunk(position, declared, body, stop, track), starts
    if not has_end:
        starts, stop, has_end = links.walk(body, end)
        if not has_end:
            raise MidiError(DAMAGED)
        is_right = False
    if not is_right and stop != declared:
        notices.add("a track chunk with a wrong length was read to its end-of-track event", track)
        return Chunk(position, stop, body, stop, track), starts
    if is_right and stop < declared:
        notices.add("bytes after the end of a track were kept, but not read", track)
    return Chunk(position, declared, body, stop, track), starts


def _other_chunk(data: bytes, end: int, position: int, notices: Notices) -> Chunk:
    """A chunk of another kind, or bytes up to the next track."""
    if looks_like_chunk(data, position, end):
        stop = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        if stop <= end:
            return Chunk(position, stop, stop, stop)
    found = next_track(data, position, end)
    if any(data[position : end if found < 0 else found]):
        notices.add("bytes between the tracks or after them were kept, but not read")
    stop = end if found < 0 else found
    return Chunk(position, stop, stop, stop)


class _Links:
    """For each byte, where the next event would begin if one began there."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_slow = False
        """Whether to read one event after the other."""
        padded = np.frombuffer(data + bytes(_PAD), dtype=np.uint8)
        size = len(data)
        high = padded >= 0x80
        # Delta times have at most four bytes.
        delta = np.ones(size, dtype=np.uint8)
        more = high[:size].copy()
        for place in range(1, 4):
            delta += more.view(np.uint8)
            more &= high[place : size + place]
        self.delta = delta
        # The type of an index is fastest, but large files have to save memory.
        status_at = np.arange(size, dtype=np.intp if size < _LARGE else np.int32)
        status_at += delta
        self.status = padded.take(status_at)
        following = status_at + _LENGTH.take(self.status)
        unknown = np.flatnonzero((self.status >= 0xF0) | more)
        following[unknown] = self._after_long(padded, unknown, status_at[unknown], more[unknown])
        self.following = following
        # Positions that lead nowhere lead to the end of the data, and so do four steps at once.
        self.step = np.append(following, size).astype(status_at.dtype, copy=False)
        self.step[(self.step < 0) | (self.step > size)] = size
        twice = self.step.take(self.step)
        self.four_steps = memoryview(twice.take(twice))  # type: ignore[arg-type]
        self.padded = padded

    def _after_long(
        self, padded: np.ndarray, places: np.ndarray, status_at: np.ndarray, is_bad: np.ndarray
    ) -> np.ndarray:
        """Where events with a length of their own end; -1 for a fault, -2 - end for a track's."""
        status = self.status[places]
        is_meta = status == META
        last = len(padded) - 6
        kind_at = np.minimum(status_at + 1, last)
        at = np.minimum(kind_at + is_meta, last)
        value = np.zeros(len(places), dtype=np.int64)
        open_ = np.ones(len(places), dtype=bool)
        used = np.zeros(len(places), dtype=np.int64)
        for place in range(4):
            byte = padded[np.minimum(at + place, last)].astype(np.int64)
            value = np.where(open_, (value << 7) | (byte & 0x7F), value)
            used += open_
            open_ = open_ & (byte >= 0x80)
        stop = at + used + value
        fault = (
            is_bad
            | open_
            | (stop > len(self.data))
            | ~(is_meta | (status == SYSEX) | (status == PACKET))
        )
        ends_track = is_meta & (padded[kind_at] == END_OF_TRACK)
        return np.where(fault, _BAD, np.where(ends_track, -2 - stop, stop))

    def walk(self, begin: int, end: int) -> tuple[np.ndarray, int, bool]:
        """Starts of the events from `begin` on that begin before `end`.

        Returns them, where the last one ends, and whether that is an end-of-track event. It stops
        before a fault, as if the track ended there.
        """
        starts: list[int] = []
        position, four_steps = begin, self.four_steps
        append = starts.append
        while position < end:
            append(position)
            position = four_steps[position]
        steps = [np.array(starts, dtype=np.int64)]
        for _ in range(3):
            steps.append(self.step[steps[-1]])
        found = np.stack(steps, axis=1).reshape(-1)
        found = found[found < end].astype(np.int64)
        position = int(self.following[found[-1]]) if len(found) else begin
        if position != _BAD and not self.is_slow:
            return (found, position, False) if position >= 0 else (found, -2 - position, True)
        slow, stop, has_end = walk_slowly(self.data, begin, end)
        return np.array(slow, dtype=np.int64), stop, has_end


def _last_status(status: np.ndarray) -> np.ndarray:
    """The last event up to each that has a status of a channel; -1 for none. int64 [E]."""
    is_channel = (status >= 0x80) & (status < 0xF0)
    return np.maximum.accumulate(np.where(is_channel, np.arange(len(status)), -1))


def walk_slowly(data: bytes, begin: int, end: int) -> tuple[list[int], int, bool]:
    """The starts of the events of a track, one after the other; returns as `_Links.walk`."""
    starts: list[int] = []
    position, running = begin, 0
    while position < end:
        at = _after_delta(data, position)
        if at < 0 or at >= len(data):
            return starts, position, False
        status, stop, has_end = data[at], at + 1, False
        if status == META:
            length, stop = _number_at(data, at + 2)
            stop += length
            has_end = data[at + 1 : at + 2] == b"\x2f"
        elif status in (SYSEX, PACKET):
            length, stop = _number_at(data, at + 1)
            stop += length
        elif status >= 0xF0:
            stop += _SYSTEM_BYTES.get(status, 0)
        elif status >= 0x80:
            running = status
            stop += _DATA_BYTES[status & 0xF0]
        elif running:
            stop = at + _DATA_BYTES[running & 0xF0]
        else:
            return starts, position, False
        if stop > len(data):
            return starts, position, False
        starts.append(position)
        position = stop
        if has_end:
            return starts, position, True
    return starts, position, False


def _after_delta(data: bytes, position: int) -> int:
    """Where a delta time ends; -1 if it has more than four bytes."""
    for place in range(position, position + 4):
        if data[place : place + 1] < b"\x80":
            return place + 1
    return -1


def _number_at(data: bytes, position: int) -> tuple[int, int]:
    """A variable-length number of at most four bytes, and where it ends; too large if it has none.

    The end is beyond the data where the number is not in it, or is too long.
    """
    value = 0
    for place in range(position, min(position + 4, len(data))):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return 0, len(data) + 1


def _columns(
    data: bytes,
    header: Header,
    chunks: tuple[Chunk, ...],
    links: _Links,
    walks: list[np.ndarray],
    notices: Notices,
) -> Events:
    start = np.concatenate(walks)
    track = np.repeat(np.arange(len(walks)), [len(walk) for walk in walks])
    firsts = np.cumsum([0, *(len(walk) for walk in walks)])
    stop = np.empty_like(start)
    stop[:-1] = start[1:]
    ends = [chunk.events_end for chunk in chunks if chunk.track is not None]
    for end, last in zip(ends, firsts[1:], strict=True):
        if last:
            stop[last - 1] = end
    width = links.delta[start]
    message = start + width
    padded = links.padded
    delta = (padded[start] & 0x7F).astype(np.int64)
    for place in range(1, int(width.max(initial=1))):
        longer = width > place
        byte = padded[start + place] & 0x7F
        delta = np.where(longer, (delta << 7) | byte, delta)
    total = np.concatenate([[0], np.cumsum(delta)])
    tick = total[1:] - total[firsts[:-1]][track]
    given = padded[message]
    running = given < 0x80
    status = given.astype(np.int64)
    if running.any():
        # A track begins with no status in force, and `walk` has seen to it that none is missing.
        status = np.where(running, status[_last_status(given)], status)
    first_at = message + ~running
    is_channel = status < 0xF0
    short = (status & 0xE0) == 0xC0
    raw_first = padded[first_at].astype(np.int64)
    raw_second = padded[np.minimum(first_at + 1, len(padded) - 1)].astype(np.int64)
    raw_second[short | ~is_channel] = 0
    clipped = is_channel & ((raw_first > 127) | (raw_second > 127))
    if clipped.any():
        place = int(np.flatnonzero(clipped)[0])
        notices.add(
            "a data byte above 127 was taken as 127",
            int(track[place]), int(tick[place]), int(clipped.sum()),
        )  # fmt: skip
        raw_first[clipped] = np.minimum(raw_first[clipped], 127)
        raw_second = np.minimum(raw_second, 127)
    odd = (status > 0xF0) & (status != PACKET) & (status != META)
    if odd.any():
        place = int(np.flatnonzero(odd)[0])
        notices.add(
            "a system message that files may not hold was passed over",
            int(track[place]), int(tick[place]), int(odd.sum()),
        )  # fmt: skip
    return Events(
        data, header, chunks, track, start, message, stop, tick, status, running,
        raw_first, raw_second,
    )  # fmt: skip
