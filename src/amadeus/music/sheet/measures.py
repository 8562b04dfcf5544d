"""Measures: the symbols of each voice, bar by bar, with rests, ties and tuplets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd

from amadeus.music.grid import Bars
from amadeus.music.limits import Limits
from amadeus.music.score import TimeSignature
from amadeus.music.sheet.resolution import Grace, StaffNote
from amadeus.music.sheet.snapping import Segment, Snapper
from amadeus.music.sheet.values import Value, note_values, tuplet_values
from amadeus.music.sheet.voices import Head, Slice, slices_of


@dataclass(frozen=True, slots=True)
class Symbol:
    """A note, chord or rest in one measure. Without heads it is a rest."""

    onset: int
    """In units from the start of the measure."""
    duration: int
    value: Value | None
    """None for the rest of a whole measure."""
    heads: tuple[Head, ...] = ()
    velocity: int = 0
    graces: tuple[Grace, ...] = ()
    is_rolled: bool = False
    bracket: str = ""
    """Where a tuplet begins and ends: "start" or "stop"."""

    @property
    def is_new(self) -> bool:
        """Whether one of its notes begins here."""
        return any(not head.is_tied_from for head in self.heads)


Measure = list[list[Symbol]]
"""One measure of a staff: its voices. The first voice is always present."""


def measures_of(
    voices: list[list[StaffNote]],
    snapper: Snapper,
    bars: Bars,
    count: int,
    limits: Limits,
    has_ties: bool = True,
) -> list[Measure]:
    """The first `count` measures of a staff.

    has_ties: False for drums, whose strokes get one symbol each, with rests after it.

    A further voice is present only in measures in which it or a later one plays. Raises ScoreError
    for more notes than the limit on symbols; a note that is held for many bars is tied many times.
    """
    measures: list[Measure] = [[] for _ in range(count)]
    bar_onsets = bars.onset_ticks.tolist()
    total = 0
    for number, voice in enumerate(voices or [[]]):
        pieces: dict[int, list[Slice]] = {}
        for piece in slices_of(voice):
            for bar, part in _in_bars(piece, bar_onsets, bars):
                pieces.setdefault(bar, []).append(part)
                total += len(part.heads)
            limits.check("symbols", total)
        for bar in range(count) if number == 0 else sorted(pieces):
            begin, length = bar_onsets[bar], int(bars.length_ticks[bar])
            metre = bars.time_signatures[bars.metre[bar]]
            # A voice keeps its number from bar to bar.
            missing = number - len(measures[bar])
            measures[bar] += [[Symbol(0, length, None)] for _ in range(missing)]
            symbols = _symbols(pieces.get(bar, []), begin, length, metre, snapper)
            measures[bar].append(symbols if has_ties else list(map(_without_ties, symbols)))
    return measures


def _without_ties(symbol: Symbol) -> Symbol:
    """A symbol without ties; a rest if it only continues a note."""
    return replace(symbol, heads=tuple(Head(h.pitch) for h in symbol.heads if not h.is_tied_from))


def num_symbols(measures: Iterable[Measure]) -> int:
    """The notes and rests of a staff; of a chord, each note counts."""
    return sum(
        max(1, len(symbol.heads) + len(symbol.graces))
        for voices in measures
        for symbols in voices
        for symbol in symbols
    )


def _in_bars(piece: Slice, bar_onsets: list[int], bars: Bars) -> Iterator[tuple[int, Slice]]:
    """The parts of a chord in each bar, tied together."""
    bar = bisect_right(bar_onsets, piece.onset) - 1
    times = [piece.onset]
    while (end := bar_onsets[bar] + int(bars.length_ticks[bar])) < piece.end:
        times.append(end)
        bar += 1
    yield from zip(
        range(bar - len(times) + 1, bar + 1), _cut(piece, [*times, piece.end]), strict=True
    )


def _cut(piece: Slice, times: list[int]) -> Iterator[Slice]:
    """A chord, divided at times and tied. times: its onset and end included."""
    for onset, end in pairwise(times):
        is_first, is_last = onset == piece.onset, end == piece.end
        heads = (
            Head(
                head.pitch,
                head.is_tied_from if is_first else True,
                head.is_tied_to if is_last else True,
            )
            for head in piece.heads
        )
        yield replace(
            piece,
            onset=onset,
            end=end,
            heads=tuple(heads),
            graces=piece.graces if is_first else (),
            is_rolled=piece.is_rolled and is_first,
        )


def _symbols(
    pieces: list[Slice], begin: int, length: int, metre: TimeSignature, snapper: Snapper
) -> list[Symbol]:
    """The symbols of one voice in one bar."""
    if not pieces:
        return [Symbol(0, length, None)]
    times = {begin, begin + length}
    times.update(time for piece in pieces for time in (piece.onset, piece.end))
    tuplets = _tuplets(sorted(times), snapper)
    edges = {edge for segment, _ in tuplets for edge in (segment.onset, segment.end)}
    symbols: list[Symbol] = []
    for piece in _with_rests(pieces, begin, begin + length):
        inside = sorted(edge for edge in edges if piece.onset < edge < piece.end)
        for part in _cut(piece, [piece.onset, *inside, piece.end]):
            symbols += _of_one(part, begin, metre, tuplets)
    return symbols


def _with_rests(pieces: list[Slice], begin: int, end: int) -> Iterator[Slice]:
    """The chords of a voice and the gaps between them, which have no heads."""
    now = begin
    for piece in pieces:
        if piece.onset > now:
            yield Slice(now, piece.onset, (), 0)
        yield piece
        now = piece.end
    if now < end:
        yield Slice(now, end, (), 0)


def _tuplets(times: list[int], snapper: Snapper) -> list[tuple[Segment, int]]:
    """The beats of a bar that a voice divides into a tuplet, and the number of its notes."""
    within: dict[Segment, list[int]] = {}
    for time in times:
        segment = snapper.at(time)
        if segment.family != 2 and segment.onset < time < segment.end:
            within.setdefault(segment, []).append(time - segment.onset)
    found = []
    for segment, places in within.items():
        actual = segment.length // gcd(segment.length, *places)
        if actual & (actual - 1):
            found.append((segment, actual))
    return found


def _of_one(
    piece: Slice, begin: int, metre: TimeSignature, tuplets: list[tuple[Segment, int]]
) -> Iterator[Symbol]:
    """The symbols of a chord or rest that lies inside one tuplet, or in none."""
    tuplet = next((t for t in tuplets if t[0].onset <= piece.onset < t[0].end), None)
    if tuplet is None:
        values = note_values(piece.onset - begin, piece.end - piece.onset, metre)
    else:
        segment, actual = tuplet
        count = (piece.end - piece.onset) * actual // segment.length
        values = tuplet_values(count, segment.length, actual)
    times = [piece.onset]
    for value in values:
        times.append(times[-1] + value.duration)
    for value, part in zip(values, _cut(piece, times), strict=True):
        bracket = ""
        if tuplet is not None and part.onset == tuplet[0].onset:
            bracket = "start"
        elif tuplet is not None and part.end == tuplet[0].end:
            bracket = "stop"
        yield Symbol(
            part.onset - begin,
            value.duration,
            value,
            part.heads,
            part.velocity,
            part.graces,
            part.is_rolled,
            bracket,
        )
