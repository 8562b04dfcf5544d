"""Places for new notes in a file: channels on which they sound right and disturb nothing.

A new note goes to its own part where the channel plays its instrument at that time, else to another
part of the instrument, else to a channel that the file does not use. Where all are in use, it
borrows one while that is silent, and gives it back with the program that it had. Only where none is
silent for long enough does it go to a further MIDI port.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from amadeus.music.instruments import DRUMS
from amadeus.music.midi.assembly import Changes, Rank
from amadeus.music.midi.events import Events
from amadeus.music.midi.messages import NOTE_OFF, NOTE_ON, PORT, PROGRAM, meta
from amadeus.music.midi.pairing import ALL_NOTES_OFF, ALL_SOUND_OFF
from amadeus.music.midi.parts import Part, Parts
from amadeus.music.midi.setup import DRUM_CHANNEL
from amadeus.music.overlaps import Span, fit_in

_MELODIC = (*range(9), *range(10, 16))
_BANKS = (0, 32)
_WHEEL = -1
_AT_REST: dict[int, Callable[[int], bool]] = {
    7: lambda volume: volume > 0,
    11: lambda expression: expression > 0,
    64: lambda pedal: pedal < 64,
}
"""Controllers that decide how a note sounds, and whether a value leaves it as it is meant."""

Note = tuple[int, int, int, int]
"""Onset and end in ticks, pitch, velocity."""


@dataclass(slots=True)
class _Loan:
    """A stretch of time in which a channel plays an instrument that is not its own."""

    channel: int
    instrument: int
    begin: int
    end: int
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class _Channel:
    """What the file has on a channel."""

    ticks: np.ndarray
    """Of all its events that stay, sorted."""
    notes: np.ndarray
    """Onset and end of its notes that stay, int64 [N, 2], by onset."""
    ends: np.ndarray
    """The latest end of these notes up to each, int64 [N]."""
    can_lend: bool
    """Whether it plays no bank but the first."""
    moves: np.ndarray
    """Ticks of its pedal, volume and pitch wheel, int64 [M]."""
    is_calm: np.ndarray
    """Whether pedal, volume and wheel are at rest, before them and after each, bool [M + 1]."""


class Placing:
    """Finds places for new notes, and records what has to be written for them."""

    def __init__(
        self, events: Events, parts: Parts, changes: Changes, programs: dict[int, int]
    ) -> None:
        """changes: what is taken out already; new notes are put in.

        programs: new programs of channels whose program changes are rewritten.
        """
        self._events, self._parts, self._changes = events, parts, changes
        self._programs = programs
        self._spans: dict[tuple[int, int, int], list[Span]] = {}  # track, channel, pitch
        self._onsets: dict[tuple[int, int], list[int]] = {}  # channel, pitch
        self._channels: dict[int, _Channel] = {}
        self._timelines: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self._waiting: list[tuple[int, Note]] = []
        self._new: dict[int, list[tuple[int, int]]] = {}  # channel -> onsets and ends
        self._loans: list[_Loan] = []
        self._homes: dict[int, int] = {}  # instrument -> a channel that the file does not use
        self._tracks: dict[int, int] = {}  # instrument -> its new track
        self._next_track = events.num_tracks
        self._one_track = int.from_bytes(
            events.data[events.header.start + 8 : events.header.start + 10], "big"
        ) == 0 and events.num_tracks == 1  # fmt: skip
        kind = events.status >> 4
        self._is_channel_event = (kind >= 8) & (kind < 15)
        removed = np.array(sorted(changes.removed), dtype=np.int64)
        self._stays = np.ones(len(events), dtype=bool)
        self._stays[removed] = False
        self._used = set(np.unique(parts.channel[self._is_channel_event]).tolist())
        self._begin()

    def _begin(self) -> None:
        """Note what sounds when: notes that stay, and what would end others."""
        events = self._events
        own_off = np.zeros(len(events), dtype=bool)
        for part in self._parts.parts:
            ends = part.notes["onset_ticks"] + part.notes["duration_ticks"]
            stays = self._stays[part.on]
            own_off[part.off[part.off >= 0]] = True
            columns = (part.notes["pitch"], part.notes["onset_ticks"], ends)
            for pitch, onset, end in zip(*(c[stays].tolist() for c in columns), strict=True):
                key = part.track, part.channel, pitch
                self._spans.setdefault(key, []).append((onset, end))
                self._onsets.setdefault(key[1:], []).append(onset)
        is_off = (events.status >> 4 == 8) | ((events.status >> 4 == 9) & (events.second == 0))
        for place in np.flatnonzero(is_off & ~own_off).tolist():
            key = (
                int(events.track[place]), int(self._parts.channel[place]), int(events.first[place])
            )  # fmt: skip
            tick = int(events.tick[place])
            self._spans.setdefault(key, []).append((tick, tick))
        for spans in self._spans.values():
            spans.sort()
        for onsets in self._onsets.values():
            onsets.sort()
        is_cut = (events.status >> 4 == 0xB) & np.isin(events.first, (ALL_SOUND_OFF, ALL_NOTES_OFF))
        self._cuts: dict[int, list[int]] = {}
        for place in np.flatnonzero(is_cut).tolist():
            cuts = self._cuts.setdefault(int(self._parts.channel[place]), [])
            insort(cuts, int(events.tick[place]))

    def place(self, instrument: int, parts: Iterable[Part], notes: Iterable[Note]) -> None:
        """Place notes of an instrument, 0-127 or DRUMS; parts: where they may go, best first."""
        parts = tuple(parts)
        for note in sorted(notes):
            part = next((p for p in parts if self._plays(p, instrument, note[0])), None)
            if part is not None:
                self._write(part.track, part.channel, note)
            else:
                self._waiting.append((instrument, note))

    def finish(self) -> None:
        """Place the notes that have no part, where those with one have left room."""
        for instrument, note in self._waiting:
            self._place_elsewhere(instrument, note)
        for loan in self._loans:
            track, channel = self._track_of(loan.instrument), loan.channel
            before = self._instrument_at(channel, loan.begin) % DRUMS
            program = bytes([PROGRAM | channel, loan.instrument % DRUMS])
            self._changes.insert(track, loan.begin, Rank.PROGRAM, program)
            for note in loan.notes:
                self._write(track, channel, note)
            self._changes.insert(track, loan.end, Rank.RESTORE, bytes([PROGRAM | channel, before]))

    def _plays(self, part: Part, instrument: int, tick: int) -> bool:
        """Whether the channel of a part plays an instrument at a tick."""
        if part.channel in self._programs:
            return self._programs[part.channel] == instrument
        there = self._instrument_at(part.channel, tick, part.track)
        return min(there, DRUMS) == instrument

    def _instrument_at(self, channel: int, tick: int, track: int = -1) -> int:
        key = channel, track
        if key not in self._timelines:
            self._timelines[key] = self._parts.timeline(self._events, channel, track)
        ticks, instruments = self._timelines[key]
        return int(instruments[np.searchsorted(ticks, tick, side="right")])

    def _place_elsewhere(self, instrument: int, note: Note) -> None:
        if instrument == DRUMS and self._instrument_at(DRUM_CHANNEL, note[0]) >= DRUMS:
            self._write(self._track_of(instrument), DRUM_CHANNEL, note)
            return
        channel = self._homes.get(instrument)
        if channel is None and instrument != DRUMS:
            unused = (c for c in _MELODIC if c not in self._used)
            free = (c for c in unused if self._instrument_at(c, note[0]) < DRUMS)
            channel = next(free, None)
            if channel is not None:
                self._home(instrument, channel)
        if channel is not None:
            self._write(self._track_of(instrument), channel, note)
        elif instrument == DRUMS or not self._borrow(instrument, note):
            port = 1 + max(self._used, default=0) // 16
            channel = 16 * port + (DRUM_CHANNEL if instrument == DRUMS else 0)
            self._home(instrument, channel)
            self._write(self._track_of(instrument), channel, note)

    def _home(self, instrument: int, channel: int) -> None:
        """Give an instrument a channel of its own."""
        self._homes[instrument] = channel
        self._used.add(channel)
        track = self._track_of(instrument, is_port=channel >= 16)
        if channel >= 16:
            self._changes.insert(track, 0, Rank.OFF, meta(PORT, bytes([min(127, channel // 16)])))
        if instrument != DRUMS:
            program = bytes([PROGRAM | channel % 16, instrument])
            self._changes.insert(track, 0, Rank.PROGRAM, program)

    def _track_of(self, instrument: int, is_port: bool = False) -> int:
        """The track for new notes of an instrument; in a file of format 0 there is but one."""
        if self._one_track and not is_port and instrument not in self._tracks:
            return 0
        if instrument not in self._tracks:
            self._tracks[instrument] = self._next_track
            self._next_track += 1
        return self._tracks[instrument]

    def _borrow(self, instrument: int, note: Note) -> bool:
        """Put a note on a channel that is silent meanwhile. Returns whether there is one."""
        onset, end = note[0], note[1]
        for loan in self._loans:
            if loan.instrument == instrument and loan.begin <= onset <= loan.end + self._patience:
                longer = max(loan.end, end)
                if self._is_free(loan.channel, loan.begin, longer, loan):
                    loan.end = longer
                    loan.notes.append(note)
                    return True
        for channel in _MELODIC:
            if self._is_free(channel, onset, end, None):
                self._loans.append(_Loan(channel, instrument, onset, end, [note]))
                return True
        return False

    @property
    def _patience(self) -> int:
        """How long a borrowed channel is kept between two notes: two quarter notes or so."""
        return 2 * max(1, self._events.header.division & 0x7FFF)

    def _is_free(self, channel: int, begin: int, end: int, own: _Loan | None) -> bool:
        """Whether nothing of the file sounds or happens on a channel from begin to end."""
        known = self._channel(channel)
        if not known.can_lend or self._instrument_at(channel, begin) >= DRUMS:
            return False
        if not known.is_calm[np.searchsorted(known.moves, begin, side="right")]:
            return False
        inside = np.searchsorted(known.ticks, (begin, end), side="right")
        if inside[0] != inside[1]:
            return False
        before = int(np.searchsorted(known.notes[:, 0], begin, side="right"))
        if before and known.ends[before - 1] > begin:
            return False
        return not any(
            loan is not own and loan.channel == channel and loan.begin <= end and begin <= loan.end
            for loan in self._loans
        )

    def _channel(self, channel: int) -> _Channel:
        if channel not in self._channels:
            events = self._events
            own = self._is_channel_event & (self._parts.channel == channel) & self._stays
            notes = [
                (int(n["onset_ticks"]), int(n["onset_ticks"] + n["duration_ticks"]))
                for part in self._parts.parts
                if part.channel == channel
                for n in part.notes[self._stays[part.on]]
            ]
            new = self._new.get(channel, [])
            rows = np.array(sorted(notes + new), dtype=np.int64).reshape(-1, 2)
            banks = own & (events.status >> 4 == 0xB) & np.isin(events.first, _BANKS)
            ticks = np.concatenate([events.tick[own], np.array(new, dtype=np.int64).reshape(-1)])
            self._channels[channel] = _Channel(
                np.sort(ticks), rows, np.maximum.accumulate(rows[:, 1]),
                not events.second[banks].any(), *self._calm(own),
            )  # fmt: skip
        return self._channels[channel]

    def _calm(self, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`moves` and `is_calm` of a channel. own: which events are its, bool [E]."""
        events = self._events
        kind = events.status >> 4
        is_move = own & ((kind == 0xE) | ((kind == 0xB) & np.isin(events.first, tuple(_AT_REST))))
        places = np.flatnonzero(is_move)
        places = places[np.argsort(events.tick[places], kind="stable")]
        is_off: dict[int, bool] = {}
        calm = [True]
        for place in places.tolist():
            first, second = int(events.first[place]), int(events.second[place])
            if kind[place] == 0xE:
                is_off[_WHEEL] = (first, second) != (0, 64)
            else:
                is_off[first] = not _AT_REST[first](second)
            calm.append(not any(is_off.values()))
        return events.tick[places], np.array(calm)

    def _write(self, track: int, channel: int, note: Note) -> None:
        """Write a note, its end moved where it would cut another one off or be cut off itself."""
        onset, end, pitch, velocity = note
        onsets = self._onsets.setdefault((channel, pitch), [])
        following = bisect_right(onsets, onset)
        if following < len(onsets):
            end = min(end, onsets[following])
        onsets.insert(following, onset)
        cuts = self._cuts.get(channel, [])
        cut = bisect_right(cuts, onset)
        if cut < len(cuts):
            end = min(end, cuts[cut])
        end = fit_in(self._spans.setdefault((track, channel, pitch), []), onset, end)
        self._new.setdefault(channel, []).append((onset, end))
        number = channel % 16
        self._changes.insert(track, onset, Rank.ON, bytes([NOTE_ON | number, pitch, velocity]))
        self._changes.insert(track, end, Rank.OFF, bytes([NOTE_OFF | number, pitch, 0]))
