"""Which instrument each channel plays when: programs, and the ways to make a channel drums."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from amadeus.music.instruments import DRUMS
from amadeus.music.midi.events import META, SYSEX, Events

DRUM_CHANNEL = 9
_BANK, _PORT = 0, 0x21
_XG_DRUM_BANKS = (126, 127)
_GM2_DRUM_BANK, _GM2_MELODIC_BANK = 120, 121
_GS_CHANNELS = (9, *range(9), *range(10, 16))
"""The channel of each part of a GS instrument."""


@dataclass(slots=True)
class Channel:
    """The instruments of a channel, in order of time."""

    events: list[int] = field(default_factory=list)
    """The events that set an instrument."""
    instruments: list[int] = field(default_factory=list)
    """What it plays from the start and after each of them, one more than the events.

    A program, and 128 more for drums.
    """


@dataclass(slots=True)
class _State:
    program: int = 0
    bank: int = 0
    bank_in_force: int | None = None
    mode: int | None = None
    """Whether a SysEx has made the channel drums (1) or melodic (0)."""

    def instrument(self, channel: int, is_gs: bool) -> int:
        bank = self.bank_in_force
        if self.mode is not None:
            is_drum = self.mode == 1
        elif bank == _GM2_DRUM_BANK or (bank in _XG_DRUM_BANKS and not is_gs):
            is_drum = True
        else:
            is_drum = channel % 16 == DRUM_CHANNEL and bank != _GM2_MELODIC_BANK
        return DRUMS + self.program if is_drum else self.program


def channels_of(events: Events) -> np.ndarray:
    """The channel of each event, 16 more for each MIDI port. int64 [E]."""
    channel = events.status & 15
    is_port = (events.status == META) & (events.first == _PORT)
    if not is_port.any():
        return channel
    ports = np.zeros(len(events), dtype=np.int64)
    for place in np.flatnonzero(is_port).tolist():
        number = events.payload(place)[:1]
        if number:
            last = np.searchsorted(events.track, events.track[place], side="right")
            ports[place:last] = min(number[0], 127)
    return channel + 16 * ports


def instruments_of(events: Events, channel: np.ndarray) -> dict[int, Channel]:
    """The instruments of every channel whose instrument is set. channel: `channels_of(events)`."""
    kind = events.status >> 4
    is_set = (kind == 0xC) | ((kind == 0xB) & (events.first == _BANK)) | (events.status == SYSEX)
    places = np.flatnonzero(is_set)
    # Of one tick, SysEx comes first: it says what the program after it is a program of.
    is_program = events.status[places] != SYSEX
    places = places[np.lexsort((places, is_program, events.tick[places]))]
    states: dict[int, _State] = {}
    found: dict[int, Channel] = {}
    is_gs = False

    def record(number: int, place: int) -> None:
        state = states.setdefault(number, _State())
        known = found.setdefault(number, Channel([], [_State().instrument(number, is_gs)]))
        known.events.append(place)
        known.instruments.append(state.instrument(number, is_gs))

    statuses, numbers = events.status[places].tolist(), channel[places].tolist()
    values, others = events.first[places].tolist(), events.second[places].tolist()
    for place, status, number, first, second in zip(
        places.tolist(), statuses, numbers, values, others, strict=True
    ):
        if status == SYSEX:
            data = events.payload(place)
            is_gs = is_gs or _is_gs_reset(data)
            switch = _drum_switch(data)
            if switch is not None:
                part, mode = switch
                states.setdefault(part, _State()).mode = mode
                record(part, place)
        elif status >> 4 == 0xB:
            states.setdefault(number, _State()).bank = second
        else:
            state = states.setdefault(number, _State())
            state.program, state.bank_in_force = first, state.bank
            record(number, place)
    return found


def _is_gs_reset(data: bytes) -> bool:
    return len(data) >= 8 and data[0] == 0x41 and data[2:8] == b"\x42\x12\x40\x00\x7f\x00"


def _drum_switch(data: bytes) -> tuple[int, int] | None:
    """The channel that a GS or XG message makes drums (1) or melodic (0); None for others."""
    is_gs = len(data) >= 8 and data[0] == 0x41 and data[2:5] == b"\x42\x12\x40"
    if is_gs and data[5] >> 4 == 1 and data[6] == 0x15:
        return _GS_CHANNELS[data[5] & 15], int(data[7] > 0)
    is_xg = len(data) >= 7 and data[0] == 0x43 and data[1] >> 4 == 1 and data[2:4] == b"\x4c\x08"
    if is_xg and data[5] == 7 and data[4] < 16:
        return data[4], int(data[6] > 0)
    return None
