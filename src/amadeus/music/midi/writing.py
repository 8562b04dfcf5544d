"""MIDI files out.

They are written here rather than by a library, because which channel an instrument plays on, and
in which order it is told things, must not be left to chance.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush
from operator import itemgetter
from pathlib import Path

import numpy as np

from amadeus.errors import MidiError, ScoreError
from amadeus.files import write_atomically
from amadeus.music.chords import chord_name
from amadeus.music.grid import MOST_TICKS_PER_QUARTER
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi import messages
from amadeus.music.midi.channels import Place, places_of
from amadeus.music.midi.messages import (
    CONTROL,
    END,
    KEY,
    LYRIC,
    MARKER,
    MAX_DELTA,
    NAME,
    NOTE_OFF,
    NOTE_ON,
    PITCH_BEND,
    PORT,
    PROGRAM,
    meta,
)
from amadeus.music.midi.patching import patch
from amadeus.music.midi.reading import CHORD_PREFIX
from amadeus.music.score import Score, Text, Track

_SMALLEST_MESSAGE = 4  # bytes of a note-on, a note-off or a controller, with the time before it
_ONSETS = (0, 2**31 - 1)
_BOUNDS = {
    "notes": {
        "onset_ticks": _ONSETS,
        "duration_ticks": (1, MAX_DELTA),
        "pitch": (0, 127),
        "velocity": (1, 127),
    },
    "controls": {"onset_ticks": _ONSETS, "number": (0, 127), "value": (0, 127)},
    "pitch_bends": {"onset_ticks": _ONSETS, "value": (-8192, 8191)},
}
"""What fits into MIDI, of each column of a track."""
_BANK_SELECT = (0, 32)


def write_midi(score: Score, path: str | os.PathLike[str], limits: Limits = LIMITS) -> Path:
    """Write a score as a Standard MIDI File; returns its path.

    A score that was read from a file is written as a change of that file: events that are neither
    notes that have changed, nor tempos, time signatures or chords that have, stay byte for byte. A
    score that differs from its file in anything else is written anew, like one without a file.

    Such a file has format 1. Chords become markers. A MIDI note ends with the first note-off of its
    pitch, so notes of one pitch that overlap within a track go to further tracks of the same
    program and name, which are told the same: the pedal holds there too. Beyond 15 channels, tracks
    go to further MIDI ports.

    Raises MidiError if the score does not fit into a MIDI file or into the limits, or the path
    cannot be written.
    """
    return write_bytes(path, encode_midi(score, limits))


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file whole or not at all; returns its path. Raises MidiError if that fails."""
    return write_file(path, partial(Path.write_bytes, data=data))


def write_file(path: str | os.PathLike[str], write: Callable[[Path], object]) -> Path:
    """Have write(temporary path) write a file, which is there whole or not at all.

    Returns its path. Raises MidiError if that fails.
    """
    path = Path(path)
    try:
        write_atomically(path, write)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MidiError(
            f"{path}: cannot be written ({reason}); choose a file in a folder you may write to"
        ) from None
    return path


def encode_midi(score: Score, limits: Limits = LIMITS) -> bytes:
    """The bytes of the file that `write_midi` writes; raises MidiError as that does."""
    _check_values(score)
    if score.source is not None and (patched := patch(score)) is not None:
        return patched
    if score.ticks_per_quarter > MOST_TICKS_PER_QUARTER:
        raise MidiError(
            f"{score.ticks_per_quarter} ticks per quarter do not fit into MIDI; "
            f"quantize the score to at most {MOST_TICKS_PER_QUARTER}"
        )
    tracks = [voice for track in score.tracks for voice in _voices(track)]
    _check_size(tracks, limits)
    chunks = [_conductor_chunk(score)]
    told: set[Place] = set()
    for track, place in zip(tracks, places_of(tracks), strict=True):
        # Tracks that share a channel share its controllers, which are written once.
        chunks.append(_track_chunk(track, place, is_told=place in told))
        told.add(place)
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), score.ticks_per_quarter)
    return header + b"".join(chunks)


def _check_values(score: Score) -> None:
    for track in score.tracks:
        if not track.is_drum and not 0 <= track.program < 128:
            raise MidiError(f"program {track.program} does not fit into MIDI; choose 0 to 127")
        for name, bounds in _BOUNDS.items():
            _check(name, getattr(track, name), bounds)


def _check(name: str, rows: np.ndarray, bounds: dict[str, tuple[int, int]]) -> None:
    for column, (low, high) in bounds.items():
        bad = rows[column][(rows[column] < low) | (rows[column] > high)]
        if len(bad):
            raise MidiError(
                f"{column} {bad[0]} of {name} does not fit into MIDI; keep it in {low}-{high}"
            )


def _check_size(tracks: list[Track], limits: Limits) -> None:
    """Raise MidiError for more tracks than MIDI has, or a file that is sure to exceed the limit.

    Every voice of a track repeats its controllers, so a small file could become a very large one.
    """
    if len(tracks) + 1 >= 2**16:
        raise MidiError(f"{len(tracks)} tracks do not fit into MIDI; merge some")
    messages = sum(2 * len(t.notes) + len(t.controls) + len(t.pitch_bends) for t in tracks)
    try:
        limits.check("bytes", messages * _SMALLEST_MESSAGE)
    except ScoreError as error:
        raise MidiError(str(error)) from None


def _voices(track: Track) -> list[Track]:
    """A track as several whose notes of a pitch do not overlap; the first sings the words."""
    first, *others = split_voices(track.notes)
    return [
        replace(track, notes=first),
        *(replace(track, notes=notes, lyrics=()) for notes in others),
    ]


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
    free: dict[int, list[int]] = {}  # pitch -> voices that are free, the first one first
    busy: dict[int, list[tuple[int, int]]] = {}  # pitch -> (when it is free again, voice)
    columns = (notes["pitch"].tolist(), notes["onset_ticks"].tolist(), ends.tolist())
    for i, (pitch, onset, end) in enumerate(zip(*columns, strict=True)):
        idle, playing = free.setdefault(pitch, []), busy.setdefault(pitch, [])
        while playing and playing[0][0] <= onset:
            heappush(idle, heappop(playing)[1])
        voice[i] = heappop(idle) if idle else len(playing)
        heappush(playing, (end, int(voice[i])))
    by_voice = np.argsort(voice, kind="stable")
    return np.split(notes[by_voice], np.cumsum(np.bincount(voice))[:-1])


def _conductor_chunk(score: Score) -> bytes:
    """What belongs to no track, on a track of its own as format 1 asks."""
    events: list[tuple[int, bytes]] = []
    for metre in score.time_signatures:
        message = messages.time_signature(metre.numerator, metre.denominator)
        events.append((metre.onset_ticks, message))
    for key in score.key_signatures:
        if not -7 <= key.sharps <= 7:
            raise MidiError(f"{key.sharps} sharps do not fit into MIDI; keep them in -7 to 7")
        events.append((key.onset_ticks, meta(KEY, struct.pack("b?", key.sharps, key.is_minor))))
    for tempo in score.tempos:
        events.append((tempo.onset_ticks, messages.tempo(tempo.bpm)))
    events += _words(LYRIC, score.lyrics)
    events += _words(MARKER, score.markers)
    chords = (Text(chord.onset_ticks, CHORD_PREFIX + chord_name(chord)) for chord in score.chords)
    events += _words(MARKER, chords)
    return _chunk(events)


def _words(kind: int, texts: Iterable[Text]) -> Iterator[tuple[int, bytes]]:
    return ((text.onset_ticks, meta(kind, messages.encoded(text.text))) for text in texts)


def _track_chunk(track: Track, place: Place, is_told: bool) -> bytes:
    """is_told: whether the controllers of its channel are in another track already."""
    port, channel = place
    if is_told:
        track = replace(track, controls=track.controls[:0], pitch_bends=track.pitch_bends[:0])
    head = [(0, meta(NAME, messages.encoded(track.name)))] if track.name else []
    head += [(0, meta(PORT, bytes([port])))] if port else []
    return _chunk([*head, *_words(LYRIC, track.lyrics), *_messages(track, channel)])


def _messages(track: Track, channel: int) -> Iterator[tuple[int, bytes]]:
    """(tick, message) of all that a track tells its channel, in order of time."""
    notes, controls, bends = track.notes, track.controls, track.pitch_bends
    bend = bends["value"] + 8192
    # At one tick note-offs come first, so that a repeated note is not cut off by its predecessor
    # nor held by a new pedal, and note-ons last, so that they begin as they have been told to.
    rows = np.concatenate(
        [
            _rows(notes["onset_ticks"] + notes["duration_ticks"], NOTE_OFF, notes["pitch"], 0),
            _rows(controls["onset_ticks"], CONTROL, controls["number"], controls["value"]),
            _rows(_program_ticks(track), PROGRAM, track.program % 128, 0),
            _rows(bends["onset_ticks"], PITCH_BEND, bend & 0x7F, bend >> 7),
            _rows(notes["onset_ticks"], NOTE_ON, notes["pitch"], notes["velocity"]),
        ]
    )
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    for tick, status, first, second in rows.tolist():
        message = bytes((status | channel, first, second))
        yield tick, message[:2] if status == PROGRAM else message


def _rows(ticks: np.ndarray, *columns: np.ndarray | int) -> np.ndarray:
    """Tick, status and two bytes of data as rows. int64 [N, 4]."""
    rows = np.empty((len(ticks), 4), dtype=np.int64)
    for i, column in enumerate((ticks, *columns)):
        rows[:, i] = column
    return rows


def _program_ticks(track: Track) -> np.ndarray:
    """Where the program is set: with the last bank before the notes, else at the start. [1]."""
    # A bank takes effect with the program after it.
    onsets = track.controls["onset_ticks"][np.isin(track.controls["number"], _BANK_SELECT)]
    first_note = track.notes["onset_ticks"].min(initial=_ONSETS[1])
    return np.array([onsets[onsets <= first_note].max(initial=0)])


def _chunk(events: Iterable[tuple[int, bytes]]) -> bytes:
    """A track of (tick, message) pairs; those of one tick keep their order."""
    body, now = bytearray(), 0
    for tick, message in sorted(events, key=itemgetter(0)):
        body += messages.delta_time(tick - now) + message
        now = tick
    body += b"\0" + meta(END, b"")
    return messages.track_chunk(bytes(body))
