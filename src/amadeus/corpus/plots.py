"""Pictures of a corpus, one idea each, as PNG files whose bytes depend on the statistics alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from amadeus.corpus.statistics import Histogram, Statistics
from amadeus.files import write_atomically
from amadeus.music.keys import Key

_LICENCES = {
    "open": ("open licence", "#2a9d6f"),
    "nc": ("non-commercial licence", "#e9b44c"),
    "stated": ("licence stated, songs may be protected", "#dd6e42"),
    "unclear": ("unclear", "#8d99ae"),
}
"""What each licence class is called, and its colour."""

_INK, _DIM, _GRID, _PAPER = "#1d2433", "#69758a", "#e6e9ef", "#ffffff"
_MAIN, _SECOND = "#2f6f9f", "#c8553d"
_WIDTH, _DPI = 9.0, 160  # inches, dots an inch
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "figure.facecolor": _PAPER,
    "axes.facecolor": _PAPER,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _DIM,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _DIM,
    "ytick.color": _DIM,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_TOP, _BOTTOM, _FLOOR = 0.95, 0.62, 0.25  # inches above the axes, below them, below bare ones
_MOST_BARS, _MOST_CORPORA, _LONGEST_NAME = 24, 60, 32
_FIFTHS = tuple(range(6, 6 + 7 * 12, 7))
"""Tonics from F sharp upwards by fifths; every next one adds a sharp or drops a flat."""


def draw_plots(statistics: Statistics, folder: Path) -> list[Path]:
    """Draw every picture that the statistics have something for into a folder; returns the paths.

    The same statistics give the same bytes, with the same matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with matplotlib.style.context(["default", _STYLE]):
        for name, draw in PLOTS.items():
            figure = draw(statistics)
            if figure is not None:
                drawn.append(folder / f"{name}.png")
                write_atomically(drawn[-1], partial(_save, figure))
    return drawn


def _save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # A corpus may be named in letters that the font does not have; it shows boxes for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(path, format="png", metadata={"Software": None})


def _figure(
    height: float, title: str, subtitle: str, left: float = 0.7, bottom: float = _BOTTOM
) -> tuple[Figure, Axes]:
    """A figure with a heading and axes; height of the axes and their margins in inches."""
    total = height + _TOP + bottom
    figure = Figure(figsize=(_WIDTH, total), dpi=_DPI)
    _head(figure, title, subtitle)
    box = (left / _WIDTH, bottom / total, 1 - (left + 0.45) / _WIDTH, height / total)
    return figure, figure.add_axes(box)


def _head(figure: Figure, title: str, subtitle: str) -> None:
    inch = 1 / figure.get_figheight()
    figure.text(0.25 / _WIDTH, 1 - 0.4 * inch, title, size=15, weight="bold")
    figure.text(0.25 / _WIDTH, 1 - 0.68 * inch, subtitle, size=10, color=_DIM)


def _percent(share: float) -> str:
    """A share in as many digits as it deserves."""
    percent = 100 * share
    return f"{percent:.0f}%" if percent >= 9.95 else f"{percent:.1f}%"


def _ranking(
    counts: Mapping[str, int], total: int, title: str, subtitle: str, most: int = _MOST_BARS
) -> Figure | None:
    """Horizontal bars, the greatest on top, each with its share of `total`."""
    shown = list(counts.items())[:most]
    if not shown:
        return None
    names = [name for name, _ in shown]
    figure, axes = _figure(0.3 * len(shown), title, subtitle, _room(names), _FLOOR)
    shares = [count / total for _, count in shown]
    axes.barh(range(len(shown)), shares, height=0.72, color=_MAIN)
    _label_bars(axes, names, shares, [_percent(share) for share in shares])
    return figure


def _room(names: Iterable[str]) -> float:
    """Inches to the left of the bars for their names."""
    return 0.4 + 0.078 * min(_LONGEST_NAME, max(map(len, names)))


def _label_bars(axes: Axes, names: list[str], lengths: list[float], texts: list[str]) -> None:
    """Names to the left of horizontal bars, texts at their ends, and no scale."""
    for place, (length, text) in enumerate(zip(lengths, texts, strict=True)):
        axes.annotate(
            text, (length, place), (5, -0.5), textcoords="offset points",
            va="center", size=9, color=_DIM,
        )  # fmt: skip
    short = [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in names]
    axes.set_yticks(range(len(names)), short)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, max(lengths) * 1.1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _instruments(statistics: Statistics) -> Figure | None:
    counts, pieces = statistics.words["instruments"], statistics.size.pieces
    subtitle = (
        f"Share of {pieces:,} pieces that name it among their five longest sounding; "
        f"{len(counts)} instruments in all"
    )
    return _ranking(counts, pieces, "Instruments", subtitle)


def _genres(statistics: Statistics) -> Figure | None:
    counts, pieces = statistics.words["genres"], statistics.size.pieces
    subtitle = f"Share of {pieces:,} pieces with the label; a piece may have several, or none"
    return _ranking(counts, pieces, "Genres", subtitle)


def _metres(statistics: Statistics) -> Figure | None:
    counts = statistics.words["time_signature"]
    known = sum(counts.values())
    subtitle = f"The metre that most of the piece is in, share of {known:,} pieces with a beat"
    return _ranking(counts, known, "Metres", subtitle, most=12)


def _keys(statistics: Statistics) -> Figure | None:
    """Major keys upwards and, below each, its relative minor, in the order of fifths."""
    counts = statistics.words["key"]
    known = sum(counts.values())
    if not known:
        return None
    major = [Key(tonic % 12, "major") for tonic in _FIFTHS]
    up = np.array([counts.get(str(key), 0) for key in major]) / known
    down = np.array([counts.get(str(key.relative), 0) for key in major]) / known
    subtitle = (
        f"Share of {known:,} pieces: {_percent(up.sum())} major, {_percent(down.sum())} minor; "
        "neighbours are a fifth apart, and the row closes into a circle"
    )
    figure, axes = _figure(4.6, "Keys", subtitle, 0.6, _FLOOR)
    gap = 0.055 * (up.max() + down.max())  # half the height of the row of names
    for shares, sign, colour in ((up, 1, _MAIN), (down, -1, _SECOND)):
        axes.bar(range(12), sign * shares, bottom=sign * gap, width=0.74, color=colour)
        for place, share in enumerate(shares):
            axes.annotate(
                _percent(share) if share else "0", (place, sign * (gap + share)), (0, sign * 4),
                textcoords="offset points", ha="center", size=8.5, color=_DIM,
                va="bottom" if sign > 0 else "top",
            )  # fmt: skip
    for place, key in enumerate(major):
        names = ((key, 0.5, _MAIN), (key.relative, -0.5, _SECOND))
        for name, height, colour in names:
            text = str(name).split()[0].replace("b", "♭").replace("#", "♯")
            text = text if name.mode == "major" else f"{text}m"
            axes.text(
                place, 0.88 * height * gap, text, ha="center", va="center_baseline", size=11,
                color=colour, weight="bold",
            )  # fmt: skip
    axes.set_ylim(-2.4 * gap - down.max(), 2.4 * gap + up.max())
    axes.set_xlim(-0.6, 11.6)
    axes.set_axis_off()
    for mode, height, colour in (("major", up.max(), _MAIN), ("minor", -down.max(), _SECOND)):
        middle = height / 2 + np.copysign(gap, height)
        axes.text(-0.55, middle, mode, size=10, color=colour, rotation=90, ha="right", va="center")
    return figure


def _bars(axes: Axes, histogram: Histogram, unit: str, scale: float = 1.0) -> None:
    """A histogram with its median marked; values are divided by `scale` to be in `unit`."""
    edges = np.array(histogram.edges) / scale
    shares = np.array(histogram.counts) / histogram.known
    axes.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=_MAIN, ec=_PAPER, lw=0.8)
    median = histogram.percentiles[50] / scale
    label = f"median {median:,.{0 if median >= 10 else 1}f}"
    axes.axvline(median, color=_SECOND, lw=1.5)
    axes.annotate(
        label, (median, 1), (5, -3), xycoords=("data", "axes fraction"),
        textcoords="offset points", color=_SECOND, size=9, va="top",
    )  # fmt: skip
    axes.set_ylim(0, 1.15 * shares.max())
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(unit)
    axes.grid(axis="y")
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _tempi(statistics: Statistics) -> Figure | None:
    histogram = statistics.numbers["bpm"]
    if not histogram.known:
        return None
    subtitle = (
        f"Share of {histogram.known:,} pieces with a beat; "
        f"{statistics.performed:,} pieces played freely are left out"
    )
    figure, axes = _figure(3.2, "Tempi", subtitle)
    _bars(axes, histogram, "quarter notes a minute, at the first note")
    axes.set_xticks(range(40, 260, 20))
    return figure


def _lengths(statistics: Statistics) -> Figure | None:
    """The same pieces in minutes, in bars and in token rows."""
    subtitle = "Share of the pieces; the last column of each chart also holds everything longer"
    units = (("seconds", "minutes", 60.0), ("num_bars", "bars", 1.0), ("rows", "token rows", 1.0))
    panels = [panel for panel in units if statistics.numbers[panel[0]].known]
    height = 2.8 + _TOP + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
    _head(figure, "Lengths", subtitle)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, unit, scale) in zip(all_axes, panels, strict=True):
        _bars(axes, statistics.numbers[name], unit, scale)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    figure.subplots_adjust(0.07, _BOTTOM / height, 0.965, 1 - _TOP / height, wspace=0.26)
    return figure


def _licences(statistics: Statistics) -> Figure | None:
    """Hours by corpus, in the colours of the licence classes; the smallest of very many are cut."""
    hours: dict[str, dict[str, float]] = {}
    for part in statistics.parts:
        classes = hours.setdefault(part.corpus, {})
        classes[part.licence_class] = classes.get(part.licence_class, 0.0) + part.size.hours
    sums = {corpus: sum(classes.values()) for corpus, classes in hours.items()}
    names = sorted(sums, key=lambda corpus: (-sums[corpus], corpus))[:_MOST_CORPORA]
    subtitle = f"Hours of music by corpus, of {_hours(statistics.size.hours)} in all"
    figure, axes = _figure(0.27 * len(names), "Licences by corpus", subtitle, _room(names), 0.7)
    present = {name for classes in hours.values() for name in classes}
    ends = np.zeros(len(names))
    for licence_class, (label, colour) in _LICENCES.items():
        if licence_class in present:
            lengths = [hours[corpus].get(licence_class, 0.0) for corpus in names]
            axes.barh(range(len(names)), lengths, 0.72, ends, color=colour, label=label, snap=False)
            ends += lengths
    totals = [sums[corpus] for corpus in names]
    _label_bars(axes, names, totals, [f"{_hours(total)} h" for total in totals])
    figure.legend(
        loc="lower left", bbox_to_anchor=(0.2 / _WIDTH, 0.15 / figure.get_figheight()), ncols=5,
        frameon=False, fontsize=9.5, handlelength=1.0, handleheight=1.0, columnspacing=1.6,
    )  # fmt: skip
    return figure


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 9.95 else f"{hours:.1f}"


PLOTS: dict[str, Callable[[Statistics], Figure | None]] = {
    "licences": _licences,
    "instruments": _instruments,
    "keys": _keys,
    "tempi": _tempi,
    "metres": _metres,
    "lengths": _lengths,
    "genres": _genres,
}
"""Every picture by its name, in the order of the card; None where there is nothing to show."""
