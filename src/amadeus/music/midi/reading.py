"""MIDI files in.

Reading uses symusic, a C++ parser, and then checks what it returns, so that every other module
sees sound music or a `MidiError`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import symusic

from amadeus.errors import MidiError, ScoreError
from amadeus.music.chords import parse_chord
from amadeus.music.grid import count_bars
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.score import (
    CONTROL_DTYPE,
    NOTE_DTYPE,
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

MIN_BPM = 60e6 / (2**24 - 1)
"""The slowest tempo that MIDI can express."""
MAX_BPM = 1000.0
"""Faster tempos are slowed down to this one."""

CHORD_PREFIX = "chord:"
"""What marks a marker as a chord."""

Event = TypeVar("Event", Tempo, TimeSignature, KeySignature)


def read_midi(source: str | os.PathLike[str] | bytes, limits: Limits = LIMITS) -> Score:
    """The music in a MIDI file, or in the bytes of one.

    Tracks stay apart, each with one program; tempos and metres are sorted, in force from tick 0,
    and never repeat themselves. Notes without an end are dropped, those of no length last a tick.
    Where a channel changes its program it becomes two tracks, each with the controllers and pitch
    bends that came while its program was in force.

    Raises MidiError if there is no such file, or it is no MIDI file, or nothing in it is playable,
    or it exceeds the limits.
    """
    name = "the MIDI data" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else _load(source, limits)
        limits.check("bytes", len(data))
        return _to_score(_parse(data), limits)
    except ScoreError as error:
        raise MidiError(f"{name}: {error}") from None


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


def _parse(data: bytes) -> symusic.core.ScoreTick:
    if not data:
        raise MidiError("is empty; give a MIDI file")
    if not data.startswith(b"MThd"):
        raise MidiError("is not a MIDI file; convert it to Standard MIDI first")
    if len(data) < 14:
        raise MidiError("is damaged or cut off; fetch or export it again")
    division = int.from_bytes(data[12:14], "big")
    if division == 0 or division & 0x8000:
        raise MidiError("does not count time in ticks per quarter note; export it again that way")
    try:
        return symusic.core.ScoreTick.from_midi(data)
    except (RuntimeError, ValueError, IndexError, MemoryError):
        raise MidiError("is damaged or cut off; fetch or export it again") from None


def _to_score(parsed: symusic.core.ScoreTick, limits: Limits) -> Score:
    num_notes = parsed.note_num()
    if num_notes == 0:
        raise MidiError("has no notes; give a MIDI file with at least one complete note")
    _check_counts(parsed, limits)
    tracks, lyrics = _tracks(parsed)
    chords, markers = _chords(_texts(parsed.markers))
    score = Score(
        ticks_per_quarter=parsed.ticks_per_quarter,
        tracks=tracks,
        tempos=_tempos(parsed),
        time_signatures=_time_signatures(parsed),
        chords=chords,
        key_signatures=_key_signatures(parsed),
        markers=markers,
        lyrics=lyrics,
    )
    limits.check("seconds", score.seconds)
    limits.check("bars", count_bars(score))
    return score


def _check_counts(parsed: symusic.core.ScoreTick, limits: Limits) -> None:
    """Raise ScoreError if there is too much of anything, before Python makes objects of it."""
    parts = [part for part in parsed.tracks if len(part.notes)]
    limits.check("notes", parsed.note_num())
    limits.check("tracks", len(parts))
    limits.check("controls", sum(len(part.controls) + len(part.pitch_bends) for part in parts))
    maps: tuple[Any, ...] = (
        parsed.tempos,
        parsed.time_signatures,
        parsed.key_signatures,
        parsed.markers,
    )
    num_lyrics = sum(len(part.lyrics) for part in parsed.tracks)
    limits.check("events", sum(map(len, maps)) + num_lyrics)


def _tracks(parsed: symusic.core.ScoreTick) -> tuple[tuple[Track, ...], tuple[Text, ...]]:
    """The tracks with notes, and the lyrics that belong to none of them."""
    tracks: list[Track] = []
    homeless: list[Text] = []
    for part in parsed.tracks:
        if len(part.notes):
            tracks.append(_to_track(part))
        if not len(part.lyrics):
            continue
        # symusic tears the lyrics off a track: they come after it, as a track of the same name.
        if tracks and tracks[-1].name == _name(part):
            words = (*tracks[-1].lyrics, *_texts(part.lyrics))
            tracks[-1] = replace(tracks[-1], lyrics=_by_onset(words))
        else:
            homeless += _texts(part.lyrics)
    return tuple(tracks), _by_onset(homeless)


def _to_track(track: symusic.core.TrackTick) -> Track:
    columns = track.notes.numpy()
    notes = np.empty(len(columns["time"]), dtype=NOTE_DTYPE)
    notes["onset_ticks"] = columns["time"]
    notes["duration_ticks"] = columns["duration"]
    notes["pitch"] = columns["pitch"]
    notes["velocity"] = np.maximum(columns["velocity"], 1)
    # symusic counts in 32 bits, so a position past them has wrapped round to a negative one.
    if notes["onset_ticks"].min() < 0 or notes["duration_ticks"].min() < 0:
        raise MidiError("has notes beyond 2^31 ticks; mend the position of its last notes")
    notes["duration_ticks"] = np.maximum(notes["duration_ticks"], 1)
    return Track(
        program=int(track.program),
        notes=sort_notes(notes),
        is_drum=bool(track.is_drum),
        name=_name(track),
        controls=_columns(track.controls, CONTROL_DTYPE),
        pitch_bends=_columns(track.pitch_bends, PITCH_BEND_DTYPE),
    )


def _name(track: symusic.core.TrackTick) -> str:
    return track.name.strip("\0 \t\r\n")


def _columns(events: Any, dtype: np.dtype) -> np.ndarray:
    """Events of symusic as rows of a dtype whose first column is their onset, sorted by it."""
    rows = np.empty(len(events), dtype=dtype)
    if not len(events):
        return rows
    columns = events.numpy()
    for name in dtype.names or ():
        rows[name] = columns["time" if name == "onset_ticks" else name]
    rows = rows[rows["onset_ticks"] >= 0]
    return rows[np.argsort(rows["onset_ticks"], kind="stable")]


def _texts(events: Any) -> tuple[Text, ...]:
    return _by_onset(Text(event.time, event.text) for event in events if event.time >= 0)


def _by_onset(texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(sorted(texts, key=lambda text: text.onset_ticks))


def _tempos(parsed: symusic.core.ScoreTick) -> tuple[Tempo, ...]:
    """The tempo map; tempos of 0 microseconds a quarter are dropped."""
    columns = parsed.tempos.numpy()
    # MIDI stores whole microseconds a quarter; three decimals give back the bpm that was meant.
    events = [
        Tempo(int(onset), min(MAX_BPM, max(MIN_BPM, round(60e6 / int(mspq), 3))))
        for onset, mspq in zip(columns["time"], columns["mspq"], strict=True)
        if mspq > 0 and onset >= 0
    ]
    return _in_force([Tempo(0, 120.0), *events])


def _time_signatures(parsed: symusic.core.ScoreTick) -> tuple[TimeSignature, ...]:
    """The metres; those that no musician could count are dropped."""
    events = [
        TimeSignature(int(event.time), int(event.numerator), int(event.denominator))
        for event in parsed.time_signatures
        if 1 <= event.numerator <= 64
        and event.denominator in (1, 2, 4, 8, 16, 32)
        and event.time >= 0
    ]
    return _in_force([TimeSignature(0, 4, 4), *events])


def _key_signatures(parsed: symusic.core.ScoreTick) -> tuple[KeySignature, ...]:
    """The key signatures, none in force before the first; those of no known key are dropped."""
    return _in_force(
        KeySignature(int(event.time), int(event.key), bool(event.tonality))
        for event in parsed.key_signatures
        if abs(event.key) <= 7 and event.tonality in (0, 1) and event.time >= 0
    )


def _in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events by onset, the last of each onset, without those that repeat the one before."""
    by_onset = {event.onset_ticks: event for event in events}
    kept: list[Event] = []
    for _, event in sorted(by_onset.items()):
        if not kept or replace(kept[-1], onset_ticks=event.onset_ticks) != event:
            kept.append(event)
    return tuple(kept)


def _chords(markers: tuple[Text, ...]) -> tuple[tuple[Chord, ...], tuple[Text, ...]]:
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
