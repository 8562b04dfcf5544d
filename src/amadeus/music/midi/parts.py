"""Parts: the notes of one instrument in one track of a file, and the events that they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.music.instruments import DRUMS
from amadeus.music.midi.events import Events
from amadeus.music.midi.notices import Notices
from amadeus.music.midi.order import count_before, runs_of
from amadeus.music.midi.pairing import pair_notes
from amadeus.music.midi.setup import DRUM_CHANNEL, Channel, channels_of, instruments_of
from amadeus.music.score import NOTE_DTYPE


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The notes of one instrument on one channel in one track."""

    track: int
    channel: int
    """The MIDI channel, 0-15, and 16 more for each port."""
    instrument: int
    """The program, and 128 more for drums."""
    notes: np.ndarray
    """NOTE_DTYPE [N], in the order of their note-ons."""
    on: np.ndarray
    """The event that begins each note, int64 [N]."""
    off: np.ndarray
    """The event that ends it, -1 for none of its own, int64 [N]."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """All parts of a file, and what its channels are set to."""

    parts: tuple[Part, ...]
    channel: np.ndarray
    """The channel of each event, int64 [E]."""
    setups: dict[int, Channel]
    track_ends: np.ndarray
    """The tick at which each track ends, int64 [T]."""
    runs: np.ndarray

    def timeline(
        self, events: Events, channel: int, track: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """When a channel gets which instrument: ticks, int64 [M], and instruments, int64 [M + 1].

        The first instrument holds from the start. What `track` sets comes last at its tick: files
        that lost their ports have several tracks on a channel, each of which sets its program.
        """
        setup = self.setups.get(channel)
        if setup is None:
            return np.empty(0, dtype=np.int64), np.array([default_instrument(channel)])
        marks, instruments = np.array(setup.events), np.array(setup.instruments)
        ticks, set_by = events.tick[marks], events.track[marks]
        own_last = np.lexsort((np.arange(len(marks)), set_by == track, ticks))
        return ticks[own_last], np.concatenate([instruments[:1], instruments[1:][own_last]])

    def instrument_at(self, events: Events, channel: int, places: np.ndarray) -> np.ndarray:
        """The instrument of a channel at events, int64 [N]."""
        setup = self.setups.get(channel)
        if setup is None:
            return np.full(len(places), default_instrument(channel))
        if len(setup.events) == 1 and len(places):
            (mark,) = setup.events
            if mark < places[0] and events.tick[mark] <= events.tick[places].min():
                return np.full(len(places), setup.instruments[1])
        count = count_before(events, self.runs, np.sort(np.array(setup.events)), places)
        set_by = events.track[setup.events]
        if (set_by == set_by[0]).all():
            return np.array(setup.instruments)[count]
        found, tracks = np.empty(len(places), dtype=np.int64), events.track[places]
        for track in np.unique(tracks).tolist():
            here = tracks == track
            found[here] = self.timeline(events, channel, track)[1][count[here]]
        return found


def default_instrument(channel: int) -> int:
    """What a channel plays until it is told otherwise: drums on channel 10, else program 0."""
    return DRUMS if channel % 16 == DRUM_CHANNEL else 0


def parts_of(events: Events, notices: Notices) -> Parts:
    """Divide the notes of a file into parts, in the order of tracks, channels and instruments."""
    channel, runs = channels_of(events), runs_of(events)
    lasts = np.searchsorted(events.track, np.arange(events.num_tracks), side="right") - 1
    ends = np.where(lasts >= 0, events.tick[lasts], 0)
    firsts = np.searchsorted(events.track, np.arange(events.num_tracks), side="left")
    ends = np.where(firsts <= lasts, ends, 0)
    pairs = pair_notes(events, channel, runs, ends, notices)
    setups = instruments_of(events, channel)
    found = Parts((), channel, setups, ends, runs)
    played = channel[pairs.on]
    used = np.flatnonzero(np.bincount(played)) if len(played) else np.empty(0, dtype=np.int64)
    instrument = np.zeros(len(played), dtype=np.int64)
    for number in used.tolist():
        here = played == number
        instrument[here] = found.instrument_at(events, number, pairs.on[here])
    key = (events.track[pairs.on] * 4096 + played) * 256 + instrument
    order = np.argsort(key, kind="stable")
    splits = np.flatnonzero(np.diff(key[order])) + 1
    parts = []
    for own in np.split(order, splits) if len(order) else []:
        on = pairs.on[own]
        notes = np.empty(len(own), dtype=NOTE_DTYPE)
        notes["onset_ticks"] = onset = events.tick[on]
        notes["duration_ticks"] = np.maximum(1, pairs.end_tick[own] - onset)
        notes["pitch"] = events.first[on]
        notes["velocity"] = np.maximum(1, events.second[on])
        track, rest = divmod(int(key[own[0]]), 4096 * 256)
        parts.append(Part(track, rest // 256, rest % 256, notes, on, pairs.off[own]))
    return Parts(tuple(parts), channel, setups, ends, runs)
