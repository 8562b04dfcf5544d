"""Notes from note-ons and note-offs, as good players play them.

A note-off ends the oldest note of its pitch that sounds, as long as there is a note-off for each.
A note-on without one damages no other note: it ends with the next event of its pitch, with an
all-notes-off or all-sound-off of its channel, or with its track.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.music.midi.events import Events
from amadeus.music.midi.notices import Notices
from amadeus.music.midi.order import count_before

ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The notes of a file, in the order of their note-ons. Columns are int64 [N]."""

    on: np.ndarray
    """The event that begins each note."""
    off: np.ndarray
    """The event that ends it; -1 for none of its own."""
    end_tick: np.ndarray


def pair_notes(
    events: Events, channel: np.ndarray, runs: np.ndarray, ends: np.ndarray, notices: Notices
) -> Pairs:
    """Pair the notes.

    channel: of each event, 16 for each port, [E]; runs: `runs_of(events)`; ends: the tick at which
    each track ends. A note-on at the very end of its track sounds for no time and is left out.
    """
    kind = events.status >> 4
    places = np.flatnonzero((kind == 8) | (kind == 9))
    is_on = (kind[places] == 9) & (events.second[places] > 0)
    segment, cuts = _segments(events, channel, runs, places)
    group = _numbered(events.track[places] * 4096 + channel[places]) * 128 + events.first[places]
    if segment is not None:
        group = group * (int(segment.max()) + 1) + segment
    group = _numbered(group)
    if int(group.max(initial=0)) < 2**16:
        group = group.astype(np.uint16)  # which sorts faster
    order = np.argsort(group, kind="stable")
    places, is_on, group = places[order], is_on[order], group[order].astype(np.int64)

    is_stray, is_unmatched = _faults(group, is_on)
    good_on, good_off = is_on & ~is_unmatched, ~is_on & ~is_stray
    end_tick = np.zeros(len(places), dtype=np.int64)
    off = np.full(len(places), -1, dtype=np.int64)
    off[good_on] = places[good_off]
    end_tick[good_on] = events.tick[places[good_off]]
    is_kept = is_on
    if is_unmatched.any():
        found = np.flatnonzero(is_unmatched)
        end_tick[found] = _ends_of_unmatched(events, channel, places, group, found, ends, cuts)
        is_kept = is_on & ~(is_unmatched & (end_tick <= events.tick[places]))
        _report(notices, events, places[is_kept & is_unmatched],
                "a note without a note-off was ended by the next event of its pitch, an "
                "all-notes-off or the end of its track")  # fmt: skip
        _report(notices, events, places[is_on & ~is_kept],
                "a note-on at the end of its track was left out")  # fmt: skip
    if is_stray.any():
        _report(notices, events, places[is_stray], "a note-off without a note was passed over")
    on = places[is_kept]
    by_place = np.argsort(on, kind="stable")
    return Pairs(on[by_place], off[is_kept][by_place], end_tick[is_kept][by_place])


def _report(notices: Notices, events: Events, places: np.ndarray, text: str) -> None:
    if len(places):
        place = int(places.min())
        notices.add(text, int(events.track[place]), int(events.tick[place]), len(places))


def _numbered(values: np.ndarray) -> np.ndarray:
    """The values numbered from 0 in their order, equal ones alike. int64 [N]."""
    most = int(values.max(initial=0))
    if most > 2**22:
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    present = np.zeros(most + 1, dtype=np.int64)
    present[values] = 1
    return (np.cumsum(present) - 1)[values]


def _segments(
    events: Events, channel: np.ndarray, runs: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray | None, dict[int, np.ndarray]]:
    """How many all-notes-offs of its channel come before each event, and their ticks by channel."""
    is_cut = (events.status >> 4 == 0xB) & (
        (events.first == ALL_SOUND_OFF) | (events.first == ALL_NOTES_OFF)
    )
    if not is_cut.any():
        return None, {}
    cuts = np.flatnonzero(is_cut)
    segment, ticks = np.zeros(len(places), dtype=np.int64), {}
    for number in np.unique(channel[cuts]).tolist():
        own = cuts[channel[cuts] == number]
        here = channel[places] == number
        segment[here] = count_before(events, runs, own, places[here])
        ticks[number] = np.sort(events.tick[own])
    return segment, ticks


def _faults(group: np.ndarray, is_on: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Note-offs without a note, and note-ons without an end, bool [N] each.

    Events are sorted by group. The number of sounding notes goes up with a note-on and down with a
    note-off; a note-on after which it never goes down again has no note-off left.
    """
    size = len(group)
    if not size:
        return is_on, is_on
    new = np.diff(group, prepend=-1) != 0
    # In nearly all groups it is on, off, on, off: all that begins a group or follows a note-off
    # is a note-on, and all else is a note-off.
    begins = new.copy()
    begins[1:] |= ~is_on[:-1]
    if not is_on[-1] and np.array_equal(begins, is_on) and not is_on[:-1][new[1:]].any():
        nothing = np.zeros(size, dtype=bool)
        return nothing, nothing
    step = np.where(is_on, 1, -1)
    total = np.cumsum(step)
    starts = np.flatnonzero(new)
    before = (total - step)[starts]
    sounding = total - before[group]
    # Each group is shifted far below the one before, so that one minimum serves all of them.
    shift = group * (2 * size + 2)
    lowest = np.minimum(np.minimum.accumulate(sounding - shift) + shift, 0)
    is_stray = ~is_on & (sounding == lowest)
    is_stray &= np.concatenate([[0], lowest[:-1]]) * ~new > lowest
    level = sounding - lowest
    later = np.minimum.accumulate((level + shift)[::-1])[::-1] - shift
    is_unmatched = is_on & (later >= level)
    return is_stray, is_unmatched


def _ends_of_unmatched(
    events: Events,
    channel: np.ndarray,
    places: np.ndarray,
    group: np.ndarray,
    found: np.ndarray,
    ends: np.ndarray,
    cuts: dict[int, np.ndarray],
) -> np.ndarray:
    """Where notes without a note-off end. int64 [U]."""
    ticks = events.tick[places]
    end = ends[events.track[places[found]]]
    # The next later event of the group, by its place in (group, tick) order.
    span = int(ticks.max()) + 2
    key = group * span + ticks if group[-1] < 2**62 // span else None
    for i, place in enumerate(found.tolist()):
        if key is not None:
            following = int(np.searchsorted(key, key[place], side="right"))
        else:
            following = place + int(np.searchsorted(ticks[place:], ticks[place], side="right"))
        if following < len(places) and group[following] == group[place]:
            end[i] = min(end[i], ticks[following])
        own = cuts.get(int(channel[places[place]]))
        if own is not None:
            later = own[np.searchsorted(own, ticks[place], side="right") :]
            end[i] = min(end[i], later[0]) if len(later) else end[i]
    return end
