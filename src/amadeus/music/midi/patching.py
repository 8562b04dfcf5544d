"""An edited score written as a change of the file that it was read from.

What differs between the score and the file is found out, and nothing else is touched.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np

from amadeus.music.chords import chord_name
from amadeus.music.instruments import DRUMS
from amadeus.music.limits import UNLIMITED
from amadeus.music.midi import messages
from amadeus.music.midi.assembly import Changes, Rank, assemble
from amadeus.music.midi.events import META
from amadeus.music.midi.messages import MARKER, METRE, NOTE_OFF, PROGRAM, TEMPO
from amadeus.music.midi.placing import Note, Placing
from amadeus.music.midi.reading import CHORD_PREFIX, View, view_of
from amadeus.music.score import Score, Track

_Map = list[tuple[int, Any]]
"""Values from each tick on, in order of time."""
_UNCHANGED = ("ticks_per_quarter", "key_signatures", "markers", "lyrics")


def patch(score: Score) -> bytes | None:
    """The file of a score with the differences applied; the same bytes where there are none.

    Returns None where the score differs in more than notes, tempos, time signatures and chords.
    Raises MidiError for values that MIDI cannot express.
    """
    assert score.source is not None
    view = view_of(score.source, UNLIMITED)
    if not _can_patch(score, view.score):
        return None
    changes = Changes()
    _patch_notes(score, view, changes)
    _patch_maps(score, view, changes)
    return assemble(view.events, changes)


def _can_patch(score: Score, given: Score) -> bool:
    return all(getattr(score, name) == getattr(given, name) for name in _UNCHANGED) and all(
        _fits(track, given) for track in score.tracks
    )


def _fits(track: Track, given: Score) -> bool:
    """Whether a track differs from that of the file in its notes and instrument at most."""
    if track.origin is None:
        return not (len(track.controls) or len(track.pitch_bends) or track.lyrics)
    if track.origin >= len(given.tracks):
        return False
    own = given.tracks[track.origin]
    return (
        track.name == own.name
        and track.lyrics == own.lyrics
        and np.array_equal(track.controls, own.controls)
        and np.array_equal(track.pitch_bends, own.pitch_bends)
    )


def _patch_notes(score: Score, view: View, changes: Changes) -> None:
    parts = view.parts.parts
    programs = _new_programs(score, view)
    wanted: dict[int, Counter] = {number: Counter() for number in range(len(parts))}
    homeless: dict[int, Counter] = {}  # instrument -> its notes that have no part of their own
    for track in score.tracks:
        number = track.origin
        if number is not None and (
            track.instrument == view.score.tracks[number].instrument
            or programs.get(parts[number].channel) == track.instrument
        ):
            wanted[number].update(track.notes.tolist())
        else:
            homeless.setdefault(track.instrument, Counter()).update(track.notes.tolist())
    added: dict[int, Counter] = {}
    kept_unmatched: list[tuple[int, int, int, int]] = []
    for number, part in enumerate(parts):
        left = wanted[number]
        rows = part.notes.tolist()
        for row, on, off in zip(rows, part.on.tolist(), part.off.tolist(), strict=True):
            if left[row] > 0:
                left[row] -= 1
                if off < 0:
                    kept_unmatched.append((part.track, part.channel, row[0] + row[1], row[2]))
            else:
                changes.removed.update({on, off} - {-1})
        added[number] = +left
    placing = Placing(view.events, view.parts, changes, programs)
    for number, part in enumerate(parts):
        instrument = programs.get(part.channel, min(part.instrument, DRUMS))
        same = [p for p in parts if p is not part and min(p.instrument, DRUMS) == instrument]
        placing.place(instrument, (part, *same), _notes(added[number]))
    for instrument, notes in homeless.items():
        same = [p for p in parts if min(p.instrument, DRUMS) == instrument]
        placing.place(instrument, same, _notes(notes))
    placing.finish()
    _rewrite_programs(programs, view, changes)
    _silence(view, changes)
    _end_unmatched(view, changes, kept_unmatched)


def _notes(rows: Counter) -> list[Note]:
    return [
        (onset, onset + duration, pitch, velocity)
        for onset, duration, pitch, velocity in rows.elements()
    ]


def _new_programs(score: Score, view: View) -> dict[int, int]:
    """Channels whose parts have all changed to one and the same program."""
    parts = view.parts.parts
    players: dict[int, set[int]] = {}
    for track in score.tracks:
        if track.origin is not None and len(track.notes):
            players.setdefault(track.origin, set()).add(track.instrument)
    found = {}
    for channel in dict.fromkeys(part.channel for part in parts):
        own = [n for n, part in enumerate(parts) if part.channel == channel]
        before = {view.score.tracks[n].instrument for n in own}
        after = set().union(*(players.get(n, set()) for n in own))
        if len(after) == 1 and not after & before and DRUMS not in after | before:
            found[channel] = after.pop()
    return found


def _rewrite_programs(programs: dict[int, int], view: View, changes: Changes) -> None:
    events, channel = view.events, view.parts.channel
    for number, program in programs.items():
        message = bytes([PROGRAM | number % 16, program])
        places = np.flatnonzero((events.status >> 4 == 0xC) & (channel == number)).tolist()
        changes.replaced.update(dict.fromkeys(places, message))
        tracks = [part.track for part in view.parts.parts if part.channel == number]
        if not places or int(events.tick[places].min()) > 0:
            changes.insert(tracks[0], 0, Rank.OFF, message)


def _silence(view: View, changes: Changes) -> None:
    """Take out note-ons at the very end of a track that gets longer: they would begin to sound."""
    events = view.events
    longer = [
        track
        for track, inserted in changes.inserted.items()
        if track < events.num_tracks and max(inserted)[0] > view.parts.track_ends[track]
    ]
    if not longer:
        return
    is_left_out = (events.status >> 4 == 9) & (events.second > 0)
    is_left_out &= np.isin(events.track, longer)
    for part in view.parts.parts:
        is_left_out[part.on] = False
    changes.removed.update(np.flatnonzero(is_left_out).tolist())


def _end_unmatched(
    view: View, changes: Changes, notes: Sequence[tuple[int, int, int, int]]
) -> None:
    """Write the ends of notes without a note-off, lest what is new in their track moves them."""
    changed = {int(view.events.track[place]) for place in changes.removed} | set(changes.inserted)
    for track, channel, end, pitch in notes:
        if track in changed:
            changes.insert(track, end, Rank.OFF, bytes([NOTE_OFF | channel % 16, pitch, 0]))


def _patch_maps(score: Score, view: View, changes: Changes) -> None:
    """Apply what differs in tempos, time signatures and chords."""
    given, events = view.score, view.events
    tempos = _map(score.tempos, "bpm") or [(0, 120.0)]
    if events.header.frames is not None and tempos != _map(given.tempos, "bpm"):
        # Frames know no tempo, so time is counted in quarter notes from now on.
        changes.division = given.ticks_per_quarter
        is_tempo = (events.status == META) & (events.first == TEMPO)
        changes.removed.update(np.flatnonzero(is_tempo).tolist())
        for tick, bpm in tempos:
            changes.insert(0, tick, Rank.OFF, messages.tempo(bpm))
    else:
        _patch_map(view, changes, TEMPO, _map(given.tempos, "bpm"), tempos, messages.tempo)
    _patch_map(
        view, changes, METRE,
        _map(given.time_signatures, "numerator", "denominator"),
        _map(score.time_signatures, "numerator", "denominator") or [(0, (4, 4))],
        lambda metre: messages.time_signature(*metre),
    )  # fmt: skip
    _patch_map(
        view, changes, MARKER,
        [(chord.onset_ticks, chord_name(chord)) for chord in given.chords],
        [(chord.onset_ticks, chord_name(chord)) for chord in score.chords],
        lambda name: messages.meta(MARKER, messages.encoded(CHORD_PREFIX + name)),
        CHORD_PREFIX.encode(),
    )  # fmt: skip


def _map(events: Sequence[Any], *names: str) -> _Map:
    rows = [(event.onset_ticks, tuple(getattr(event, name) for name in names)) for event in events]
    return [(tick, value[0] if len(names) == 1 else value) for tick, value in rows]


def _patch_map(
    view: View,
    changes: Changes,
    kind: int,
    given: _Map,
    wanted: _Map,
    message: Callable[[Any], bytes],
    prefix: bytes = b"",
) -> None:
    """Replace meta events of a kind where the values in force differ."""
    spans = _differences(given, wanted)
    if not spans:
        return
    events = view.events
    places = np.flatnonzero((events.status == META) & (events.first == kind)).tolist()
    if prefix:
        places = [place for place in places if events.payload(place).startswith(prefix)]
    track = int(events.track[places[0]]) if places else 0
    old = {tick for tick, _ in given}
    for begin, end in spans:
        changes.removed.update(p for p in places if begin <= events.tick[p] < end)
        for tick, value in wanted:
            if begin <= tick < end or (tick == end and tick not in old):
                changes.insert(track, tick, Rank.OFF, message(value))


def _differences(given: _Map, wanted: _Map) -> list[tuple[int, float]]:
    """The stretches of time in which two maps differ, each from a tick up to another."""
    ticks = sorted({0, *(tick for tick, _ in given), *(tick for tick, _ in wanted)})
    spans: list[tuple[int, float]] = []
    for begin, end in zip(ticks, [*ticks[1:], inf], strict=True):
        if _at(given, begin) != _at(wanted, begin):
            if spans and spans[-1][1] == begin:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((begin, end))
    return spans


def _at(values: _Map, tick: int) -> Any:
    index = bisect_right(values, tick, key=lambda entry: entry[0])
    return values[index - 1][1] if index else None
