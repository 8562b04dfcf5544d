"""Performance: notes as they sound in real time, while later ones are still to come.

What is due when is decided here, apart from clocks and MIDI ports, as MIDI messages in bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Protocol

Send = Callable[[bytes], None]
"""Sends one MIDI message."""

_DRUM_CHANNEL = 9
_CHANNELS = [channel for channel in range(16) if channel != _DRUM_CHANNEL]
_OFF, _ON = 0, 1
_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_ALL_NOTES_OFF = 123


@dataclass(frozen=True, slots=True)
class PlayedNote:
    """One note of a piece that may still be growing."""

    onset_seconds: float
    """From the beginning of the piece."""
    duration_seconds: float
    """At the tempo of its onset: a tempo that changes while it sounds is still to come."""
    onset_ticks: int
    """In grid steps, GRID to the quarter note; so is `duration_ticks`."""
    duration_ticks: int
    pitch: int
    """MIDI pitch, 0-127; of drums, which one."""
    velocity: int
    """MIDI velocity, 1-127."""
    program: int
    """General MIDI program, 0-127; 0 for drums."""
    is_drum: bool
    bar: int
    """The bar it begins in, counted from 1."""
    bpm: float
    """Tempo at its onset, in quarter notes a minute."""
    chord: str = ""
    """The harmony in force: "Am"; empty for none."""


@dataclass(frozen=True, slots=True)
class BarLine:
    """Where a bar of a piece that may still be growing begins."""

    bar: int
    """Counted from 1."""
    onset_seconds: float
    onset_ticks: int
    """In grid steps, GRID to the quarter note."""
    metre: str
    """Its time signature: "3/4"."""
    bpm: float
    """Tempo there, in quarter notes a minute."""


class Arrivals(Protocol):
    """Notes in order of onset that arrive in their own time, and the clock."""

    ended: bool
    """Whether no more will arrive."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def wait(self, seconds: float | None) -> PlayedNote | None:
        """The next note, or None if none arrives within so many seconds; of None, for ever."""


def perform(arrivals: Arrivals, send: Send, lead: float = 0.1) -> None:
    """Play notes, each at its onset; where one arrives too late, all the music waits for it.

    lead: seconds from the arrival of the first note to its sound, in which others may arrive.
    Whatever ends this, Ctrl-C included, leaves nothing sounding.
    """
    agenda = _Agenda()
    start = -inf  # on the clock, where the piece begins
    try:
        while not arrivals.ended or agenda.due is not None:
            due = agenda.due
            note = arrivals.wait(None if due is None else max(0.0, start + due - arrivals.now()))
            if note is not None:
                here = arrivals.now() - note.onset_seconds
                start = here + lead if start == -inf else max(start, here)
                agenda.add(note)
            while (due := agenda.due) is not None and start + due <= arrivals.now():
                agenda.send_next(send)
    finally:
        agenda.silence(send)


class _Agenda:
    """What is still to be sent, and what sounds."""

    def __init__(self) -> None:
        self._events: list[tuple[float, int, int, PlayedNote]] = []
        self._order = count()
        self._channels: dict[int, int] = {}  # of programs, the one used longest ago first
        self._sounding: dict[tuple[int, int], int] = {}  # channel and pitch: which note

    @property
    def due(self) -> float | None:
        """When something is to be sent next, in seconds of the piece; None for never."""
        return self._events[0][0] if self._events else None

    def add(self, note: PlayedNote) -> None:
        heapq.heappush(self._events, (note.onset_seconds, _ON, next(self._order), note))

    def send_next(self, send: Send) -> None:
        """Begin or end the note that is due next."""
        _, kind, number, note = heapq.heappop(self._events)
        if kind == _ON:
            channel = self._channel(note, send)
            self._end(channel, note.pitch, send)
            self._sounding[channel, note.pitch] = number
            send(bytes((_NOTE_ON | channel, note.pitch, note.velocity)))
            end = note.onset_seconds + note.duration_seconds
            heapq.heappush(self._events, (end, _OFF, number, note))
            return
        for (channel, pitch), sounding in self._sounding.items():
            if sounding == number:
                self._end(channel, pitch, send)
                break

    def silence(self, send: Send) -> None:
        """End every note that sounds."""
        for channel, pitch in list(self._sounding):
            self._end(channel, pitch, send)
        for channel in {_DRUM_CHANNEL, *self._channels.values()}:
            send(bytes((_CONTROL | channel, _ALL_NOTES_OFF, 0)))

    def _end(self, channel: int, pitch: int, send: Send) -> None:
        if self._sounding.pop((channel, pitch), None) is not None:
            send(bytes((_NOTE_OFF | channel, pitch, 0)))

    def _channel(self, note: PlayedNote, send: Send) -> int:
        """The channel of a note's instrument, which is told its program when it changes."""
        if note.is_drum:
            return _DRUM_CHANNEL
        channel = self._channels.pop(note.program, None)
        if channel is None:
            channel = self._free_channel(send)
            send(bytes((_PROGRAM | channel, note.program)))
        self._channels[note.program] = channel
        return channel

    def _free_channel(self, send: Send) -> int:
        """One that is unused, or else that of the instrument that was silent for longest."""
        if len(self._channels) < len(_CHANNELS):
            return _CHANNELS[len(self._channels)]
        channel = self._channels.pop(next(iter(self._channels)))
        for sounding, pitch in list(self._sounding):
            if sounding == channel:
                self._end(channel, pitch, send)
        return channel
