"""MIDI files in: the `Score` as a view of the events of a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from amadeus.errors import MidiError, ScoreError
from amadeus.music.chords import parse_chord
from amadeus.music.grid import count_bars
from amadeus.music.instruments import DRUMS
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.container import Header
from amadeus.music.midi.events import META, Events, read_events
from amadeus.music.midi.messages import (
    KEY,
    LYRIC,
    MARKER,
    MAX_BPM,
    METRE,
    MIN_BPM,
    NAME,
    TEMPO,
)
from amadeus.music.midi.notices import Notices
from amadeus.music.midi.parts import Part, Parts, parts_of
from amadeus.music.midi.texts import decode_text, guess_encoding
from amadeus.music.notation import notation_as_midi
from amadeus.music.score import (
    CONTROL_DTYPE,
    PITCH_BEND_DTYPE,
    Chord,
    KeySignature,
    Score,
    Tempo,
    Text,
    TimeSignature,
    Track,
    sort_notes,
)

CHORD_PREFIX = "chord:"
"""What marks a marker as a chord."""

_MIDI = (b"MThd", b"RIFF")
_TEXT = 1
_NOT_PRINTED = "\0 \t\r\n"
_LAST_TICK = 2**31

Event = TypeVar("Event", Tempo, TimeSignature, KeySignature)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A score, and the events and parts that it shows: track i of the score is part i."""

    score: Score
    events: Events
    parts: Parts


def read_midi(source: str | os.PathLike[str] | bytes, limits: Limits = LIMITS) -> Score:
    """The music in a MIDI file, or in the bytes of one.

    MusicXML, MEI, Humdrum kern and ABC are read as well, as the MIDI files that Verovio makes.

    Each track of the score is one instrument on one channel in one track of the file. Messages of
    a channel hold for all its notes, in whichever track they are. Tempos and time signatures are
    sorted, in force from tick 0, and without repetitions. What was repaired is in `score.notices`;
    the bytes themselves are in `score.source`, so that an edited score can be written as a change
    of the file.

    Raises MidiError if there is no such file, or it is no MIDI file, or nothing in it is playable,
    or it exceeds the limits.
    """
    name = "the MIDI data" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else _load(source, limits)
        limits.check("bytes", len(data))
        if not data.startswith(_MIDI):
            data = notation_as_midi(data, limits) or data
        return view_of(data, limits).score
    except ScoreError as error:
        raise MidiError(f"{name}: {error}") from None


def view_of(data: bytes, limits: Limits = LIMITS) -> View:
    """The music in the bytes of a MIDI file, with its events. Raises as `read_midi`."""
    limits.check("bytes", len(data))
    notices = Notices()
    events = read_events(data, notices)
    parts = parts_of(events, notices)
    if not parts.parts:
        raise MidiError("has no notes; give a MIDI file with at least one complete note")
    if max(int(part.notes["onset_ticks"].max()) for part in parts.parts) >= _LAST_TICK:
        raise MidiError("has notes beyond 2^31 ticks; mend the position of its last notes")
    _check_counts(events, parts, limits)
    texts = _Texts(events)
    chords, markers = split_chords(texts.of_kind(MARKER))
    ticks_per_quarter, tempos = _time(events, notices)
    tracks, lyrics = _tracks(events, parts, texts)
    score = Score(
        ticks_per_quarter=ticks_per_quarter,
        tracks=tracks,
        tempos=tempos,
        time_signatures=_time_signatures(events, notices),
        chords=chords,
        key_signatures=_key_signatures(events, notices),
        markers=markers,
        lyrics=lyrics,
        source=data,
    )
    limits.check("seconds", score.seconds)
    limits.check("bars", count_bars(score))
    score = replace(score, length_ticks=_length(score, parts, limits, notices))
    return View(replace(score, notices=tuple(map(str, notices))), events, parts)


def _load(path: str | os.PathLike[str], limits: Limits) -> bytes:
    """The bytes of a file, provided that it is a regular one within the limits."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise MidiError("is a folder; name a MIDI file in it")
        if not stat.S_ISREG(status.st_mode):
            raise MidiError("is not a regular file; name a MIDI file")
        limits.check("bytes", status.st_size)
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise MidiError("no such file; check the path") from None
    except OSError as error:
        raise MidiError(f"cannot be read ({error.strerror}); check the path") from None


def _check_counts(events: Events, parts: Parts, limits: Limits) -> None:
    """Raise ScoreError if there is too much of anything, before Python makes objects of it."""
    limits.check("notes", sum(len(part.notes) for part in parts.parts))
    limits.check("tracks", len(parts.parts))
    kind = events.status >> 4
    limits.check("controls", int(np.count_nonzero((kind == 0xB) | (kind == 0xE))))
    limits.check("events", int(np.count_nonzero(events.status == META)) - events.num_tracks)


def _length(score: Score, parts: Parts, limits: Limits, notices: Notices) -> int:
    """Where the clip ends: with its last track, unless that is beyond the limits."""
    end = int(parts.track_ends.max())
    try:
        whole = replace(score, length_ticks=end)
        limits.check("seconds", float(score.ticks_to_seconds(np.array([end]))[0]))
        limits.check("bars", count_bars(whole, max(end, score.end_ticks)))
    except ScoreError:
        notices.add("silence after the last note, beyond the limits, was passed over")
        return 0
    return end


class _Texts:
    """The texts of a file, decoded."""

    def __init__(self, events: Events) -> None:
        self._events = events
        is_text = (events.status == META) & (events.first >= 1) & (events.first <= 15)
        places = np.flatnonzero(is_text).tolist()
        self._payloads = {place: events.payload(place) for place in places}
        self._encoding = guess_encoding(self._payloads.values())
        self._kinds = events.first[places].tolist()
        self._tracks = events.track[places].tolist()

    def of_kind(self, kind: int, track: int | None = None) -> tuple[Text, ...]:
        """Texts of a kind, of one track or of all, by onset."""
        found = [
            Text(int(self._events.tick[place]), decode_text(payload, self._encoding))
            for (place, payload), own_kind, own_track in zip(
                self._payloads.items(), self._kinds, self._tracks, strict=True
            )
            if own_kind == kind and track in (None, own_track)
        ]
        return _by_onset(found)

    def by_track(self, kind: int) -> dict[int, tuple[Text, ...]]:
        """Texts of a kind by track, without the tracks that have none."""
        tracks = dict.fromkeys(
            track for track, own in zip(self._tracks, self._kinds, strict=True) if own == kind
        )
        return {track: self.of_kind(kind, track) for track in tracks}

    def lyrics(self) -> dict[int, tuple[Text, ...]]:
        """What is sung, by track; in karaoke files it is in text events of a track of its own."""
        found = self.by_track(LYRIC)
        names = self.by_track(NAME)
        for track, texts in self.by_track(_TEXT).items():
            name = names[track][0].text.strip(_NOT_PRINTED).lower() if track in names else ""
            is_karaoke = any(text.text[:2] in ("@K", "@L", "@T") for text in texts)
            if track not in found and (is_karaoke or name in ("words", "lyrics")):
                found[track] = tuple(text for text in texts if not text.text.startswith("@"))
        return found


def _by_onset(texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(sorted(texts, key=lambda text: text.onset_ticks))


def _tracks(
    events: Events, parts: Parts, texts: _Texts
) -> tuple[tuple[Track, ...], tuple[Text, ...]]:
    """The tracks of the score, and the lyrics of tracks without notes."""
    names = {
        track: found[0].text.strip(_NOT_PRINTED) for track, found in texts.by_track(NAME).items()
    }
    lyrics = texts.lyrics()
    messages = _Messages(events, parts)
    tracks = []
    for number, part in enumerate(parts.parts):
        tracks.append(
            Track(
                program=part.instrument % DRUMS,
                notes=sort_notes(part.notes),
                is_drum=part.instrument >= DRUMS,
                name=names.get(part.track, ""),
                controls=messages.controls(part),
                pitch_bends=messages.pitch_bends(part),
                lyrics=lyrics.pop(part.track, ()),
                origin=number,
            )
        )
    return tuple(tracks), _by_onset(text for found in lyrics.values() for text in found)


class _Messages:
    """Controllers and pitch bends of each channel, which all its parts share."""

    def __init__(self, events: Events, parts: Parts) -> None:
        self._events, self._channel = events, parts.channel
        kind = events.status >> 4
        self._controls, self._bends = np.flatnonzero(kind == 0xB), np.flatnonzero(kind == 0xE)
        self._rows: dict[tuple[int, int], np.ndarray] = {}

    def controls(self, part: Part) -> np.ndarray:
        def rows(places: np.ndarray) -> np.ndarray:
            found = np.empty(len(places), dtype=CONTROL_DTYPE)
            found["onset_ticks"] = self._events.tick[places]
            found["number"], found["value"] = (
                self._events.first[places],
                self._events.second[places],
            )
            return found

        return self._once(0, part, self._controls, rows)

    def pitch_bends(self, part: Part) -> np.ndarray:
        def rows(places: np.ndarray) -> np.ndarray:
            found = np.empty(len(places), dtype=PITCH_BEND_DTYPE)
            found["onset_ticks"] = self._events.tick[places]
            value = self._events.first[places] + (self._events.second[places] << 7)
            found["value"] = value - 8192
            return found

        return self._once(1, part, self._bends, rows)

    def _once(
        self, kind: int, part: Part, places: np.ndarray, rows: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        known = self._rows.get((kind, part.channel))
        if known is None:
            own = places[self._channel[places] == part.channel]
            own = own[np.argsort(self._events.tick[own], kind="stable")]
            known = self._rows[kind, part.channel] = rows(own)
        return known


def _metas(events: Events, kind: int) -> list[tuple[int, int, bytes]]:
    """Tick, track and data of the meta events of a kind, by tick."""
    places = np.flatnonzero((events.status == META) & (events.first == kind))
    places = places[np.argsort(events.tick[places], kind="stable")]
    return [(int(events.tick[p]), int(events.track[p]), events.payload(p)) for p in places.tolist()]


def _time(events: Events, notices: Notices) -> tuple[int, tuple[Tempo, ...]]:
    """Ticks per quarter note and the tempos; frames are counted as quarter notes near 120 BPM."""
    if events.header.frames is not None:
        return frame_time(events.header)
    return events.header.division, _tempos(events, notices)


def frame_time(header: Header) -> tuple[int, tuple[Tempo, ...]]:
    """Ticks per quarter note and the tempo that make ticks as long as the frames say."""
    rate, per_frame = header.frames or (25, 40)
    ticks = (30 if rate == 29 else rate) * per_frame  # a second, or 1001/1000 of one
    slower = 1000 / 1001 if rate == 29 else 1.0
    if ticks % 2 == 0:
        return ticks // 2, (Tempo(0, round(120 * slower, 3)),)
    return ticks, (Tempo(0, round(60 * slower, 3)),)


def _tempos(events: Events, notices: Notices) -> tuple[Tempo, ...]:
    """The tempo map; tempos of 0 microseconds a quarter, or without data, say nothing."""
    found = [Tempo(0, 120.0)]
    for tick, track, mspq in _tempo_values(events):
        if not mspq:
            notices.add("a tempo without a value was passed over", track, tick)
            continue
        if 60e6 / mspq > MAX_BPM:
            notices.add(f"a tempo faster than {MAX_BPM:.0f} BPM was slowed down", track, tick)
        # MIDI stores whole microseconds a quarter; three decimals give back the bpm that was meant.
        found.append(Tempo(tick, min(MAX_BPM, max(MIN_BPM, round(60e6 / mspq, 3)))))
    return _in_force(found)


def _tempo_values(events: Events) -> list[tuple[int, int, int]]:
    """Tick, track and microseconds per quarter of the tempos that change anything; 0 for none."""
    places = np.flatnonzero((events.status == META) & (events.first == TEMPO))
    data = np.frombuffer(events.data, dtype=np.uint8)
    if not len(places) or (data[events.message[places] + 2] != 3).any():
        metas = _metas(events, TEMPO)
        return [(t, k, int.from_bytes(d[:3], "big") if len(d) > 2 else 0) for t, k, d in metas]
    places = places[np.argsort(events.tick[places], kind="stable")]
    at = events.message[places] + 3
    ticks = events.tick[places]
    high, middle, low = (data[at + i].astype(np.int64) for i in range(3))
    values = high << 16 | middle << 8 | low
    # Performances repeat one tempo thousands of times.
    repeats = (np.diff(values, prepend=-1) == 0) & (values > 0) & (np.diff(ticks, prepend=-1) > 0)
    rows = (ticks[~repeats], events.track[places][~repeats], values[~repeats])
    return list(zip(*(row.tolist() for row in rows), strict=True))


def _time_signatures(events: Events, notices: Notices) -> tuple[TimeSignature, ...]:
    """The time signatures; those that no musician could count are dropped."""
    found = [TimeSignature(0, 4, 4)]
    for tick, track, data in _metas(events, METRE):
        if len(data) >= 2 and 1 <= data[0] <= 64 and data[1] <= 5:
            found.append(TimeSignature(tick, data[0], 1 << data[1]))
        else:
            notices.add("a time signature without a meaning was passed over", track, tick)
    return _in_force(found)


def _key_signatures(events: Events, notices: Notices) -> tuple[KeySignature, ...]:
    """The key signatures, none in force before the first; those of no known key are dropped."""
    found = []
    for tick, track, data in _metas(events, KEY):
        sharps = int.from_bytes(data[:1], "big", signed=True)
        if len(data) >= 2 and abs(sharps) <= 7 and data[1] in (0, 1):
            found.append(KeySignature(tick, sharps, bool(data[1])))
        else:
            notices.add("a key signature without a meaning was passed over", track, tick)
    return _in_force(found)


def _in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events by onset, the last of each onset, without those that repeat the one before."""
    by_onset = {event.onset_ticks: event for event in events}
    kept: list[Event] = []
    for _, event in sorted(by_onset.items()):
        if not kept or _values(kept[-1]) != _values(event):
            kept.append(event)
    return tuple(kept)


def _values(event: Event) -> tuple[float, ...]:
    """What an event says, its onset left out."""
    return tuple(getattr(event, name) for name in event.__slots__[1:])


def split_chords(markers: tuple[Text, ...]) -> tuple[tuple[Chord, ...], tuple[Text, ...]]:
    """The chords that `write_midi` left as markers, and the other markers.

    A marker that calls itself a chord but is none known here is not ours: then none is a chord.
    """
    ours = [marker for marker in markers if marker.text.startswith(CHORD_PREFIX)]
    try:
        chords = [
            Chord(marker.onset_ticks, *parse_chord(marker.text.removeprefix(CHORD_PREFIX)))
            for marker in ours
        ]
    except ScoreError:
        return (), markers
    return tuple(chords), tuple(m for m in markers if not m.text.startswith(CHORD_PREFIX))
