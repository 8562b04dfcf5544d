"""Finer ticks and new controllers in a score and in the file that it was read from.

A score that was read from a file is written as a change of that file (`music.midi.patching`), which
needs the same ticks and controllers in both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from amadeus.music.limits import UNLIMITED
from amadeus.music.midi.assembly import Changes, Rank, assemble
from amadeus.music.midi.container import rewrap
from amadeus.music.midi.events import Events
from amadeus.music.midi.messages import CONTROL, delta_time, track_chunk
from amadeus.music.midi.reading import view_of
from amadeus.music.score import Score

FINE = 480
"""Least ticks per quarter note of a performed score."""
_SCALED = ("onset_ticks", "duration_ticks")
_EVENTS = ("tempos", "time_signatures", "chords", "key_signatures", "markers", "lyrics")


def refine(score: Score) -> Score:
    """The same music with at least FINE ticks per quarter note.

    Files that count time in frames keep their ticks.
    """
    factor = -(-FINE // score.ticks_per_quarter)
    events = None if score.source is None else view_of(score.source, UNLIMITED).events
    if factor == 1 or (events is not None and events.header.frames is not None):
        return score
    tracks = tuple(
        replace(
            track,
            notes=_scaled(track.notes, factor),
            controls=_scaled(track.controls, factor),
            pitch_bends=_scaled(track.pitch_bends, factor),
            lyrics=_moved(track.lyrics, factor),
        )
        for track in score.tracks
    )
    return replace(
        score,
        ticks_per_quarter=score.ticks_per_quarter * factor,
        tracks=tracks,
        length_ticks=score.length_ticks * factor,
        source=None if events is None else _refined_file(events, factor),
        **{name: _moved(getattr(score, name), factor) for name in _EVENTS},
    )


def _moved(events: tuple, factor: int) -> tuple:
    return tuple(replace(event, onset_ticks=event.onset_ticks * factor) for event in events)


def _scaled(rows: np.ndarray, factor: int) -> np.ndarray:
    rows = rows.copy()
    for name in _SCALED:
        if name in (rows.dtype.names or ()):
            rows[name] *= factor
    return rows


def _refined_file(events: Events, factor: int) -> bytes:
    """The file with longer delta times and a larger division; its other bytes stay."""
    data, header = events.data, events.header
    head = bytearray(data[header.start : header.first_chunk])
    head[12:14] = (header.division * factor).to_bytes(2, "big")
    chunks = [bytes(head)]
    for chunk in events.chunks:
        if chunk.track is None:
            chunks.append(data[chunk.start : chunk.stop])
            continue
        first, last = np.searchsorted(events.track, (chunk.track, chunk.track + 1))
        ticks = np.diff(events.tick[first:last], prepend=0).tolist()
        spans = zip(
            ticks, events.message[first:last].tolist(), events.stop[first:last].tolist(),
            strict=True,
        )  # fmt: skip
        body = b"".join(delta_time(step * factor) + data[at:stop] for step, at, stop in spans)
        chunks.append(track_chunk(body + data[chunk.events_end : chunk.stop]))
    return rewrap(data, header, b"".join(chunks))


def add_controls(score: Score, parts: Collection[int], moves: np.ndarray) -> Score:
    """A score in which some tracks get further controllers.

    moves: CONTROL_DTYPE, sorted. Tracks that share a channel of the file share its controllers.
    """
    tracks = list(score.tracks)
    if score.source is None:
        for part in parts:
            controls = np.concatenate([tracks[part].controls, moves])
            controls = controls[np.argsort(controls["onset_ticks"], kind="stable")]
            tracks[part] = replace(tracks[part], controls=controls)
        return replace(score, tracks=tuple(tracks))
    view = view_of(score.source, UNLIMITED)
    origins = [tracks[part].origin for part in parts]
    changes = Changes()
    used: set[int] = set()
    for own in (view.parts.parts[origin] for origin in origins if origin is not None):
        if own.channel in used:
            continue
        used.add(own.channel)
        for tick, number, value in moves.tolist():
            message = bytes([CONTROL | own.channel % 16, number, value])
            changes.insert(own.track, tick, Rank.OFF, message)
    source = assemble(view.events, changes)
    given = view_of(source, UNLIMITED).score.tracks
    tracks = [
        track if track.origin is None else replace(track, controls=given[track.origin].controls)
        for track in tracks
    ]
    return replace(score, tracks=tuple(tracks), source=source)
