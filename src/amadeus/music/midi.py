"""MIDI files in, MIDI files out.

Reading leans on symusic, a C++ parser, and then distrusts it: whatever it lets through is checked
here, so that every other module sees sound music or a `MidiError`. The sustain pedal is ignored.
Writing is done here, because which channel an instrument plays on must not be left to chance.
"""

from __future__ import annotations

import os
import secrets
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import symusic

from amadeus.errors import MidiError, ScoreError
from amadeus.music.chords import chord_name, parse_chord
from amadeus.music.score import (
    NOTE_DTYPE,
    Chord,
    Score,
    Tempo,
    TimeSignature,
    Track,
    sort_notes,
)

MAX_BYTES = 16 * 2**20
"""Largest file that is opened."""
MAX_NOTES = 1_000_000
MAX_SECONDS = 24 * 3600
MAX_BPM = 1000.0
"""Faster tempos are slowed down to this one."""

_CHORD_PREFIX = "chord:"
_MELODIC_CHANNELS = (*range(9), *range(10, 16))
_DRUM_CHANNEL = 9
_MAX_DELTA = 2**28 - 1

Event = TypeVar("Event", Tempo, TimeSignature)


def read_midi(source: str | os.PathLike[str] | bytes) -> Score:
    """The music in a MIDI file, or in the bytes of one.

    Tracks stay apart, each with one program; tempos and metres are sorted, in force from tick 0,
    and never repeat themselves. Notes without an end are dropped, those of no length last a tick.

    Raises MidiError if there is no such file, or it is no MIDI file, or nothing in it is playable.
    """
    name = "the MIDI data" if isinstance(source, bytes) else str(source)
    try:
        return _to_score(_parse(source if isinstance(source, bytes) else _load(source)))
    except MidiError as error:
        raise MidiError(f"{name}: {error}") from None


def _load(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, provided that it is a regular one of a reasonable size."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise MidiError("is a folder; name a MIDI file in it")
        if not stat.S_ISREG(status.st_mode):
            raise MidiError("is not a regular file; name a MIDI file")
        _check_size(status.st_size)
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise MidiError("no such file; check the path") from None
    except OSError as error:
        raise MidiError(f"cannot be read ({error.strerror}); check the path") from None


def _check_size(num_bytes: int) -> None:
    if num_bytes > MAX_BYTES:
        raise MidiError(
            f"{num_bytes / 2**20:.0f} MiB is too much for a MIDI file; "
            f"give one of at most {MAX_BYTES // 2**20} MiB"
        )


def _parse(data: bytes) -> symusic.core.ScoreTick:
    _check_size(len(data))
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


def _to_score(parsed: symusic.core.ScoreTick) -> Score:
    num_notes = parsed.note_num()
    if num_notes == 0:
        raise MidiError("has no notes; give a MIDI file with at least one complete note")
    if num_notes > MAX_NOTES:
        raise MidiError(f"has {num_notes} notes; split it into parts of at most {MAX_NOTES}")
    score = Score(
        ticks_per_quarter=parsed.ticks_per_quarter,
        tracks=tuple(_to_track(track) for track in parsed.tracks if len(track.notes)),
        tempos=_tempos(parsed),
        time_signatures=_time_signatures(parsed),
        chords=_chords(parsed),
    )
    if score.seconds > MAX_SECONDS:
        raise MidiError("lasts longer than a day; mend the position of its last notes")
    return score


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
        name=track.name.strip("\0 \t\r\n"),
    )


def _tempos(parsed: symusic.core.ScoreTick) -> tuple[Tempo, ...]:
    """The tempo map; tempos of 0 microseconds a quarter are dropped."""
    columns = parsed.tempos.numpy()
    # MIDI stores whole microseconds a quarter; three decimals give back the bpm that was meant.
    events = [
        Tempo(int(onset), min(MAX_BPM, round(60e6 / int(mspq), 3)))
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


def _in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events by onset, the last of each onset, without those that repeat the one before."""
    by_onset = {event.onset_ticks: event for event in events}
    kept: list[Event] = []
    for _, event in sorted(by_onset.items()):
        if not kept or replace(kept[-1], onset_ticks=event.onset_ticks) != event:
            kept.append(event)
    return tuple(kept)


def _chords(parsed: symusic.core.ScoreTick) -> tuple[Chord, ...]:
    """The chords that `write_midi` left as markers; none if there is any other marker."""
    chords = []
    for marker in parsed.markers:
        if not marker.text.startswith(_CHORD_PREFIX) or marker.time < 0:
            return ()
        try:
            root, quality = parse_chord(marker.text.removeprefix(_CHORD_PREFIX))
        except ScoreError:
            return ()
        chords.append(Chord(marker.time, root, quality))
    return tuple(sorted(chords, key=lambda chord: chord.onset_ticks))


def write_midi(score: Score, path: str | os.PathLike[str]) -> Path:
    """Write a score as a Standard MIDI File of format 1; returns its path.

    Chords become markers. A MIDI note ends with the first note-off of its pitch, so notes of one
    pitch that overlap within a track go to further tracks of the same program and name. Different
    programs share a channel only when there are more than 15 of them.

    Raises MidiError if the score does not fit into a MIDI file or the path cannot be written.
    """
    return write_bytes(path, _encode(score))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file whole or not at all; returns its path. Raises MidiError if that fails."""
    path = Path(path)
    temporary = path.parent / f".amadeus-{secrets.token_hex(6)}"
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error
        raise MidiError(
            f"{path}: cannot be written ({reason}); choose a file in a folder you may write to"
        ) from None
    return path


def _encode(score: Score) -> bytes:
    if score.ticks_per_quarter >= 2**15:
        raise MidiError(
            f"{score.ticks_per_quarter} ticks per quarter do not fit into MIDI; "
            "quantize the score to at most 32767"
        )
    for track in score.tracks:
        if not track.is_drum and not 0 <= track.program < 128:
            raise MidiError(f"program {track.program} does not fit into MIDI; choose 0 to 127")
        _check_notes(track.notes)
    voices = [
        replace(track, notes=notes) for track in score.tracks for notes in split_voices(track.notes)
    ]
    chunks = [_conductor_chunk(score)]
    chunks += [
        _track_chunk(t, channel) for t, channel in zip(voices, _channels(voices), strict=True)
    ]
    if len(chunks) >= 2**16:
        raise MidiError(f"{len(voices)} tracks do not fit into MIDI; merge some")
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), score.ticks_per_quarter)
    return header + b"".join(chunks)


def _check_notes(notes: np.ndarray) -> None:
    limits = {
        "onset_ticks": (0, 2**31 - 1),
        "duration_ticks": (1, _MAX_DELTA),
        "pitch": (0, 127),
        "velocity": (1, 127),
    }
    for column, (low, high) in limits.items():
        bad = notes[column][(notes[column] < low) | (notes[column] > high)]
        if len(bad):
            raise MidiError(f"{column} {bad[0]} does not fit into MIDI; keep it in {low}-{high}")


def split_voices(notes: np.ndarray) -> list[np.ndarray]:
    """Sorted notes as the fewest voices in which no two notes of a pitch overlap.

    notes: NOTE_DTYPE [N], sorted. Returns NOTE_DTYPE arrays, sorted, whose union is `notes`.
    """
    ends = notes["onset_ticks"] + notes["duration_ticks"]
    by_pitch = np.argsort(notes["pitch"], kind="stable")
    same = np.diff(notes["pitch"][by_pitch]) == 0
    if not np.any(same & (ends[by_pitch[:-1]] > notes["onset_ticks"][by_pitch[1:]])):
        return [notes]
    voice = np.zeros(len(notes), dtype=np.int64)
    busy: dict[int, list[int]] = {}  # pitch -> when each voice is free again
    columns = (notes["pitch"].tolist(), notes["onset_ticks"].tolist(), ends.tolist())
    for i, (pitch, onset, end) in enumerate(zip(*columns, strict=True)):
        free = busy.setdefault(pitch, [])
        voice[i] = next((v for v, until in enumerate(free) if until <= onset), len(free))
        free[voice[i] : voice[i] + 1] = [end]
    return [notes[voice == v] for v in range(voice.max() + 1)]


def _channels(tracks: list[Track]) -> list[int]:
    """A channel for each track: one for each program first, spare ones for its further tracks."""
    programs = list(dict.fromkeys(t.program for t in tracks if not t.is_drum))
    num_channels = len(_MELODIC_CHANNELS)
    home = {p: _MELODIC_CHANNELS[i % num_channels] for i, p in enumerate(programs)}
    spare = list(_MELODIC_CHANNELS[len(programs) :])
    seen: set[int] = set()
    channels = []
    for track in tracks:
        if track.is_drum:
            channels.append(_DRUM_CHANNEL)
        elif track.program in seen and spare:
            channels.append(spare.pop(0))
        else:
            channels.append(home[track.program])
            seen.add(track.program)
    return channels


def _conductor_chunk(score: Score) -> bytes:
    """Tempos, metres and chords, on a track of their own as format 1 asks."""
    events: list[tuple[int, bytes]] = []
    for metre in score.time_signatures:
        power = metre.denominator.bit_length() - 1
        if not 1 <= metre.numerator <= 255 or metre.denominator != 1 << power:
            raise MidiError(f"metre {metre} does not fit into MIDI; write it as 4/4 or the like")
        events.append((metre.onset_ticks, _meta(0x58, bytes([metre.numerator, power, 24, 8]))))
    for tempo in score.tempos:
        mspq = round(60e6 / tempo.bpm) if tempo.bpm > 0 else 0
        if not 1 <= mspq < 2**24:
            raise MidiError(f"tempo {tempo.bpm} does not fit into MIDI; choose 4 to {MAX_BPM:.0f}")
        events.append((tempo.onset_ticks, _meta(0x51, mspq.to_bytes(3, "big"))))
    for chord in score.chords:
        text = _CHORD_PREFIX + chord_name(chord)
        events.append((chord.onset_ticks, _meta(0x06, text.encode())))
    return _chunk(sorted(events, key=lambda event: event[0]))


def _track_chunk(track: Track, channel: int) -> bytes:
    head = [(0, _meta(0x03, track.name.encode(errors="replace")))] if track.name else []
    head.append((0, bytes([0xC0 | channel, track.program % 128])))
    return _chunk([*head, *_note_events(track.notes, channel)])


def _note_events(notes: np.ndarray, channel: int) -> Iterator[tuple[int, bytes]]:
    """(tick, message) of every note-on and note-off, in order of time."""
    onsets, pitches = notes["onset_ticks"], notes["pitch"]
    ticks = np.concatenate([onsets + notes["duration_ticks"], onsets])
    velocities = np.concatenate([np.zeros_like(pitches), notes["velocity"]])
    # At one tick note-offs come first, so that a repeated note is not cut off by its predecessor.
    order = np.lexsort((velocities > 0, ticks))
    columns = (ticks[order], np.concatenate([pitches, pitches])[order], velocities[order])
    for tick, pitch, velocity in zip(*(c.tolist() for c in columns), strict=True):
        yield tick, bytes([(0x90 if velocity else 0x80) | channel, pitch, velocity])


def _chunk(events: Iterable[tuple[int, bytes]]) -> bytes:
    body, now = bytearray(), 0
    for tick, message in events:
        if not 0 <= tick - now <= _MAX_DELTA:
            raise MidiError(f"a rest of {tick - now} ticks does not fit into MIDI; shorten it")
        body += _variable_length(tick - now) + message
        now = tick
    body += b"\0" + _meta(0x2F, b"")
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable_length(len(data)) + data


def _variable_length(value: int) -> bytes:
    """A MIDI variable-length quantity: seven bits a byte, the high bit set on all but the last."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
