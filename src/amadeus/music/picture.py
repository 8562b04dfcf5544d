"""Pictures: a score as a piano roll.

Time runs to the right, in rows of whole bars; pitch runs upwards; each instrument has a colour and
loud notes are opaque. Drums have lanes of their own below. Drawn without pyplot, so that servers
and threads can do it too.
"""

from __future__ import annotations

import io
import os
import warnings
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch

from amadeus.errors import ScoreError
from amadeus.music.chords import chord_name
from amadeus.music.grid import Bars, bars_of
from amadeus.music.instruments import everyday_name, score_position
from amadeus.music.keys import estimate_key
from amadeus.music.midi import write_bytes
from amadeus.music.score import Score

_BACKGROUND, _ROLL, _BLACK_KEY, _LINE = "#0d1220", "#131a2b", "#0f1524", "#2a3450"
_BRIGHT, _DIM = "#eef1f8", "#8b96b2"
_PALETTE = (
    *("#56b4f0", "#ffb54d", "#4fd6a8", "#ff7d72", "#b9a0ff", "#f5e36b", "#ff93cb", "#7fe0e8"),
    *("#a9d95f", "#6f8dff", "#d8b48f", "#e06bb0"),
)
"""Told apart by lightness as well as by hue, for colour-blind eyes."""
_DRUM_COLOUR = "#d5dbea"
_MOST_IN_LEGEND, _LEGEND_COLUMNS = 12, 6

_LANES: dict[str, tuple[int, ...]] = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "low tom": (41, 43),
    "mid tom": (45, 47),
    "high tom": (48, 50),
    "hi-hat": (42, 44, 46),
    "ride": (51, 53, 59),
    "crash": (49, 52, 55, 57),
}
"""General MIDI drums from the bottom lane up; any other goes to percussion, on top."""
_LANE_NAMES = (*_LANES, "percussion")

_WIDTH, _DPI = 16.0, 150  # inches, dots an inch
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.85, 0.4, 1.2, 0.4  # margins in inches
_TITLE_SIZE = 19  # points
_TITLE_LINE, _TITLE_GAP = 0.42, 0.3  # inches
_ROW_GAP, _CHORD_GAP, _LANE, _LANES_GAP = 0.42, 0.2, 0.17, 0.09  # inches
_BARS_A_ROW, _MOST_ROWS = 40, 6


@dataclass(frozen=True, slots=True)
class _Layout:
    """What all rows share."""

    score: Score
    bars: Bars
    colours: dict[int, str]
    """By program; drums are not among them."""
    low: int
    high: int
    """Lowest and highest pitch on show; low > high if there are only drums."""
    lanes: tuple[int, ...]
    """Indices into _LANE_NAMES, from the bottom up."""
    semitone: float
    """Height of a pitch, in inches."""
    lane: float
    """Height of a drum lane, in pitches."""

    @property
    def floor(self) -> float:
        """The bottom edge, in pitches."""
        lanes = self.lane * len(self.lanes)
        gap = _LANES_GAP / self.semitone if self.lanes and self.low <= self.high else 0.0
        return self.low - 0.5 - lanes - gap

    @property
    def row_inches(self) -> float:
        return self.semitone * (self.high + 0.5 - self.floor)

    @property
    def gap_inches(self) -> float:
        """Room above a row for its bar numbers and chord names."""
        return _ROW_GAP + (_CHORD_GAP if self.score.chords else 0.0)


def draw_piano_roll(score: Score, path: str | os.PathLike[str], title: str | None = None) -> Path:
    """Draw a score as a PNG picture, 2400 pixels wide; returns its path.

    Raises ScoreError if the score has no notes or the path cannot be written.
    """
    if score.num_notes == 0:
        raise ScoreError("there is nothing to draw: the score has no notes")
    bars = bars_of(score, score.end_ticks)
    num_rows = min(_MOST_ROWS, -(-len(bars) // _BARS_A_ROW))
    layout = _layout(score, bars, num_rows)
    step = layout.row_inches + layout.gap_inches
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A title may use letters that the font does not have; it shows boxes for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        title, title_line = _placed_title(" ".join((title or "").split()), layout)
        top = _TOP + title_line
        height = top + num_rows * step - _ROW_GAP + _BOTTOM
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor=_BACKGROUND)
        canvas = FigureCanvasAgg(figure)
        _draw_heading(figure, layout, title, title_line)
        for row, shown in enumerate(np.array_split(np.arange(len(bars)), num_rows)):
            bottom = height - top - (row + 1) * step + _ROW_GAP
            width = 1 - (_LEFT + _RIGHT) / _WIDTH
            place = (_LEFT / _WIDTH, bottom / height, width, layout.row_inches / height)
            _draw_row(figure.add_axes(place), layout, int(shown[0]), int(shown[-1]))
        canvas.print_png(buffer)
    return write_bytes(path, buffer.getvalue())


def _layout(score: Score, bars: Bars, num_rows: int) -> _Layout:
    pitches = [t.notes["pitch"] for t in score.tracks if not t.is_drum and len(t.notes)]
    drums = [t.notes["pitch"] for t in score.tracks if t.is_drum and len(t.notes)]
    programs = {t.program for t in score.tracks if not t.is_drum and len(t.notes)}
    ordered = sorted(programs, key=score_position)
    lanes = sorted({int(lane) for p in drums for lane in np.unique(_lane_of(p))})
    low, high = 60, 59
    if pitches:
        low = min(int(p.min()) for p in pitches) - 2
        high = max(int(p.max()) for p in pitches) + 2
        low, high = min(low, 60 - 6), max(high, 60 + 6)
    # Few rows have room for tall notes, and a narrow range asks for them.
    tallest = 5.4 if num_rows == 1 else 3.2
    semitone = float(np.clip(tallest / max(1, high - low + 1), 0.02, 0.13))
    return _Layout(
        score=score,
        bars=bars,
        colours={p: _PALETTE[i % len(_PALETTE)] for i, p in enumerate(ordered)},
        low=low,
        high=high,
        lanes=tuple(lanes),
        semitone=semitone,
        lane=(_LANE if pitches else 2.6 * _LANE) / semitone,
    )


def _lane_of(pitches: np.ndarray) -> np.ndarray:
    """Index into _LANE_NAMES of each drum pitch."""
    table = np.full(128, len(_LANES))
    for lane, members in enumerate(_LANES.values()):
        table[list(members)] = lane
    return table[pitches]


def _placed_title(title: str, layout: _Layout) -> tuple[str, float]:
    """The title, and the height of a line of its own above the legend, in inches.

    The height is 0 if the title fits beside the legend. A title that is wider than the picture ends
    in an ellipsis.
    """
    figure = Figure(figsize=(_WIDTH, _TOP), dpi=_DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    text = figure.text(0, 0, title, size=_TITLE_SIZE, weight="bold", parse_math=False)

    def inches(shown: str) -> float:
        text.set_text(shown)
        return text.get_window_extent(renderer).width / _DPI

    room = _WIDTH - _LEFT - _RIGHT
    legend = _draw_legend(figure, layout, 0).get_window_extent(renderer).width / _DPI
    if not title or inches(title) + _TITLE_GAP <= room - legend:
        return title, 0.0
    if inches(title) <= room:
        return title, _TITLE_LINE
    length = bisect_left(range(len(title)), True, key=lambda n: inches(title[:n] + "…") > room)
    return title[: length - 1].rstrip() + "…", _TITLE_LINE


def _draw_heading(figure: Figure, layout: _Layout, title: str, title_line: float) -> None:
    """The title and the facts on the left, the instruments and their colours on the right.

    title_line: height of the title's own line above the legend, in inches; 0 if there is none.
    """
    left, inch = _LEFT / _WIDTH, 1 / figure.get_figheight()
    if title:
        figure.text(
            left, 1 - 0.52 * inch, title, color=_BRIGHT, size=_TITLE_SIZE, weight="bold",
            parse_math=False,
        )  # fmt: skip
    below = (0.85 if title else 0.6) + title_line / 2
    figure.text(left, 1 - below * inch, _subtitle(layout.score), color=_DIM, size=11)
    _draw_legend(figure, layout, title_line)


def _draw_legend(figure: Figure, layout: _Layout, inches_above: float) -> Legend:
    inch = 1 / figure.get_figheight()
    entries = [(everyday_name(p), colour) for p, colour in layout.colours.items()]
    if entries and layout.lanes:
        entries.append(("drums", _DRUM_COLOUR))
    if len(entries) > _MOST_IN_LEGEND:
        more = len(entries) - _MOST_IN_LEGEND + 1
        entries = [*entries[: _MOST_IN_LEGEND - 1], (f"{more} more", _DIM)]
    return figure.legend(
        handles=[Patch(color=colour, label=name) for name, colour in entries],
        loc="upper right",
        bbox_to_anchor=(1 - (_RIGHT - 0.08) / _WIDTH, 1 - (0.26 + inches_above) * inch),
        ncols=len(entries) if len(entries) <= _LEGEND_COLUMNS else (len(entries) + 1) // 2,
        frameon=False,
        labelcolor=_BRIGHT,
        fontsize=10,
        handlelength=1.0,
        handleheight=0.9,
        handletextpad=0.6,
        columnspacing=1.8,
        borderaxespad=0,
    )


def _subtitle(score: Score) -> str:
    key = estimate_key(score)
    metres = list(dict.fromkeys(str(t) for t in score.time_signatures))
    minutes, seconds = divmod(round(score.seconds), 60)
    facts = [
        str(key) if key else "",
        ", ".join(metres[:3]) + (" …" if len(metres) > 3 else ""),
        f"♩ = {score.tempos[0].bpm:.0f}" if score.tempos else "",
        f"{minutes}:{seconds:02d}",
        f"{score.num_notes:,} notes",
    ]
    return "   ·   ".join(fact for fact in facts if fact)


def _draw_row(axes: Axes, layout: _Layout, first: int, last: int) -> None:
    """One row, from its first to its last bar, inclusive."""
    bars, quarter = layout.bars, layout.score.ticks_per_quarter
    start = bars.onset_ticks[first] / quarter
    stop = (bars.onset_ticks[last] + bars.length_ticks[last]) / quarter
    axes.set_xlim(start, stop)
    axes.set_ylim(layout.floor, layout.high + 0.5)
    axes.set_facecolor(_BACKGROUND)
    axes.tick_params(length=0, colors=_DIM, labelsize=9)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    _draw_pitch_grid(axes, layout)
    _draw_bar_lines(axes, layout, first, last)
    _draw_chords(axes, layout)
    for program, colour in layout.colours.items():
        _draw_notes(axes, layout, program, colour)
    _draw_drums(axes, layout)


def _draw_pitch_grid(axes: Axes, layout: _Layout) -> None:
    """Keys, octave lines and their names, and the names of the drum lanes."""
    ticks: list[float] = []
    labels: list[str] = []
    if layout.low <= layout.high:
        axes.axhspan(layout.low - 0.5, layout.high + 0.5, color=_ROLL, zorder=0)
        for pitch in range(layout.low, layout.high + 1):
            if pitch % 12 in (1, 3, 6, 8, 10):
                axes.axhspan(pitch - 0.5, pitch + 0.5, color=_BLACK_KEY, lw=0, zorder=0.1)
            elif pitch % 12 == 0:
                axes.axhline(pitch - 0.5, color=_LINE, lw=0.8, zorder=0.2)
                ticks.append(pitch)
                labels.append(f"C{pitch // 12 - 1}")
    for i, lane in enumerate(layout.lanes):
        middle = layout.floor + layout.lane * (i + 0.5)
        half = 0.45 * layout.lane
        axes.axhspan(middle - half, middle + half, color=_ROLL, lw=0, zorder=0)
        ticks.append(middle)
        labels.append(_LANE_NAMES[lane])
    axes.set_yticks(ticks, labels)


def _draw_bar_lines(axes: Axes, layout: _Layout, first: int, last: int) -> None:
    """A line for every bar, or every few where there are many, and their numbers above."""
    num_bars = last - first + 1
    stride = 1 << (num_bars // 25).bit_length()
    starts = layout.bars.onset_ticks[first : last + 1] / layout.score.ticks_per_quarter
    bottom, top = axes.get_ylim()
    for step, width in ((1 if num_bars <= 200 else stride, 0.35), (stride, 1.0)):
        lines = [((x, bottom), (x, top)) for x in starts[::step]]
        axes.add_collection(LineCollection(lines, colors=_LINE, linewidths=width, zorder=0.5))
    for i in range(0, num_bars, stride):
        _write_above(axes, starts[i], str(first + i + 1), 4, _DIM, 8)


def _draw_chords(axes: Axes, layout: _Layout) -> None:
    """Chord names above the bar numbers, as many as there is room for."""
    start, stop = axes.get_xlim()
    inches = (_WIDTH - _LEFT - _RIGHT) / (stop - start)  # a quarter
    free = start
    for chord in layout.score.chords:
        x = chord.onset_ticks / layout.score.ticks_per_quarter
        if start <= x < stop and x >= free:
            name = chord_name(chord)
            _write_above(axes, x, name, 16, _BRIGHT, 10)
            free = x + (0.09 * len(name) + 0.08) / inches


def _write_above(axes: Axes, x: float, text: str, points: float, colour: str, size: float) -> None:
    """Text that begins at x, in quarters, so many points above the row."""
    at = (x, axes.get_ylim()[1])
    axes.annotate(text, at, xytext=(2, points), textcoords="offset points", color=colour, size=size)


def _draw_notes(axes: Axes, layout: _Layout, program: int, colour: str) -> None:
    quarter = layout.score.ticks_per_quarter
    tracks = [t for t in layout.score.tracks if not t.is_drum and t.program == program]
    notes = np.concatenate([t.notes for t in tracks])
    begin = notes["onset_ticks"] / quarter
    end = begin + notes["duration_ticks"] / quarter
    _draw_boxes(axes, begin, end, notes["pitch"], 0.43, notes["velocity"], colour)


def _draw_drums(axes: Axes, layout: _Layout) -> None:
    tracks = [t for t in layout.score.tracks if t.is_drum and len(t.notes)]
    if not tracks:
        return
    notes = np.concatenate([t.notes for t in tracks])
    begin = notes["onset_ticks"] / layout.score.ticks_per_quarter
    # How long a drum is held says nothing; a hit is drawn a sixteenth long.
    end = begin + 0.2
    lane = _lane_of(notes["pitch"])
    for rank, wanted in enumerate(layout.lanes):
        middle = np.full(len(notes), layout.floor + layout.lane * (rank + 0.5))
        colour = _DRUM_COLOUR if layout.colours else _PALETTE[rank % len(_PALETTE)]
        hit = lane == wanted
        _draw_boxes(
            axes,
            begin[hit],
            end[hit],
            middle[hit],
            0.34 * layout.lane,
            notes["velocity"][hit],
            colour,
        )


def _draw_boxes(
    axes: Axes,
    begin: np.ndarray,
    end: np.ndarray,
    middle: np.ndarray,
    half: float,
    velocity: np.ndarray,
    colour: str,
) -> None:
    """Round-cornered boxes, from `begin` to `end` in quarters and `middle` ± `half` in pitch."""
    start, stop = axes.get_xlim()
    shown = (end > start) & (begin < stop)
    begin, end, middle, velocity = begin[shown], end[shown], middle[shown], velocity[shown]
    box = axes.get_window_extent()
    pixel_x, pixel_y = (stop - start) / box.width, np.ptp(axes.get_ylim()) / box.height
    # A hair's breadth between repeated notes; the shortest note can still be seen.
    end = np.maximum(end - 1.5 * pixel_x, begin + 3.0 * pixel_x)
    radius = np.minimum(half / pixel_y, np.minimum(6.0, (end - begin) / pixel_x / 2))  # pixels
    # Corners anticlockwise from the top right, each a quarter of a circle.
    angles = np.concatenate([np.linspace(turn, turn + 1, 5) for turn in range(4)]) * np.pi / 2
    right = np.repeat([1, -1, -1, 1], 5)
    up = np.repeat([1, 1, -1, -1], 5)
    x = np.where(right > 0, end[:, None], begin[:, None])
    x = x + radius[:, None] * pixel_x * (np.cos(angles) - right)  # [N, 20]
    y = middle[:, None] + up * half + radius[:, None] * pixel_y * (np.sin(angles) - up)
    rgba = np.empty((len(begin), 4))
    rgba[:, :3] = to_rgb(colour)
    rgba[:, 3] = 0.4 + 0.6 * np.clip(velocity / 104, 0, 1)
    axes.add_collection(
        PolyCollection(list(np.stack([x, y], axis=-1)), facecolors=rgba, linewidths=0, zorder=2)
    )
