"""What a prompt states of parts of a piece: keys that follow each other, and tempi that move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amadeus.control.kinds import ExactTempo
from amadeus.control.scope import WHOLE, Scope
from amadeus.music.tempo_words import FASTEST_BPM, SLOWEST_BPM

FASTER, SLOWER = 1.4, 0.7
"""Last tempo of an accelerando and of a ritardando without numbers, relative to the first one."""
ENDING_SHARE = 0.25
"""Share of the bars that slow down in a ritardando."""


def spread(values: Sequence[str], num_bars: int | None) -> Iterator[tuple[str, Scope]]:
    """Each value and its even share of the bars; the first value alone if they are too few."""
    if len(values) < 2 or num_bars is None or num_bars < len(values):
        yield from ((value, WHOLE) for value in values[:1])
        return
    edges = [round(i * num_bars / len(values)) for i in range(len(values))]
    for value, first, end in zip(values, edges, [*edges[1:], num_bars], strict=True):
        yield value, Scope((first + 1, None if end == num_bars else end))


def tempo_curve(
    bpm: float, final_bpm: float | None, change: str, num_bars: int | None
) -> list[ExactTempo]:
    """A tempo, or one that moves to another.

    change: "", "accelerando" (over the whole piece) or "ritardando" (over its last bars).
    """
    if final_bpm is not None:
        return [ExactTempo(bpm, final_bpm)]
    if change == "accelerando":
        return [ExactTempo(bpm, min(round(FASTER * bpm), FASTEST_BPM))]
    if change != "ritardando":
        return [ExactTempo(bpm)]
    last = max(round(SLOWER * bpm), SLOWEST_BPM)
    slowing = max(2, round(ENDING_SHARE * (num_bars or 0)))
    if num_bars is None or slowing >= num_bars:
        return [ExactTempo(bpm, last)]
    turn = num_bars - slowing
    return [
        ExactTempo(bpm, scope=Scope((1, turn))),
        ExactTempo(bpm, last, scope=Scope((turn + 1, None))),
    ]
