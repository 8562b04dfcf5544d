"""Notes of one pitch on one channel: a new one must not cut off another, nor be cut off itself."""

from __future__ import annotations

from bisect import bisect_right

_MOST_VOICES = 32
"""Notes of a pitch that sound together."""

Span = tuple[int, int]
"""Onset and end of a note, in ticks."""


def fit_in(spans: list[Span], onset: int, end: int) -> int:
    """The end of a new note among others of its pitch, to which it is added.

    It ends where the next note begins. Where it begins while others sound, it ends with them at the
    earliest, because a note-off ends the note that has sounded for longest.

    spans: the other notes, sorted.
    """
    following = bisect_right(spans, (onset, 2**62))
    if following < len(spans):
        end = min(end, spans[following][0])
    recent = spans[max(0, following - _MOST_VOICES) : following]
    end = max([end, *(other for _, other in recent if other > onset)])
    spans.insert(following, (onset, end))
    return end
