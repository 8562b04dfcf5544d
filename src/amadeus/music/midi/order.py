"""The order of events of different tracks."""

from __future__ import annotations

import numpy as np

from amadeus.music.midi.events import Events


def runs_of(events: Events) -> np.ndarray:
    """A number for each event that is the same for events of one track and tick. int64 [E]."""
    new = (np.diff(events.tick) != 0) | (np.diff(events.track) != 0)
    return np.concatenate([[0], np.cumsum(new)]).astype(np.int64)


def count_before(
    events: Events, runs: np.ndarray, marks: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """How many of the marks come before each event at `places`. int64 [N].

    marks, places: indices of events, [M] and [N], ascending. In one track the order in the file
    counts; a mark in another track comes before all events of its tick.
    """
    ticks = np.sort(events.tick[marks])
    count = np.searchsorted(ticks, events.tick[places], side="right")
    late = np.searchsorted(runs[marks], runs[places], side="right")
    late -= np.searchsorted(marks, places, side="right")
    return count - np.maximum(late, 0)
