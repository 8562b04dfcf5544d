"""The picture of a benchmark: bars of systems and presets, lines of what varies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context as style
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from amadeus.benchmark.timing import AXES, Measured, by_system, short
from amadeus.reports.report import STRONG, STYLE

_COLOURS = (STRONG, "#c46a3f", "#6a9a5b", "#8a6bb0", "#b59a3a", "#7a7f8a")
_COLUMNS = 2
_PLAIN = FuncFormatter(lambda value, _: short(value))


def draw(timed: Mapping[str, Sequence[Measured]], presets: Sequence[str]) -> Figure | None:
    """A panel for each table; None where there is none. presets: what was timed in theirs."""
    compared = dict.fromkeys(
        one.system.name for table in ("systems", *AXES) for one in timed.get(table, ())
    )
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(compared)}
    panels: list[Callable[[Axes], None]] = []
    if "systems" in timed:
        names = [one.system.name for one in timed["systems"]]
        fills = [colours[name] for name in names]
        panels.append(partial(_bars, "Systems", names, fills, timed["systems"]))
    panels += [partial(_lines, name, timed[name], colours) for name in AXES if name in timed]
    if "presets" in timed:
        loads = len(timed["presets"]) // len(presets)
        names = [preset for preset in presets for _ in range(loads)]
        if loads > 1:
            pairs = zip(names, timed["presets"], strict=True)
            names = [f"{name} x {one.load.batch}" for name, one in pairs]
        panels.append(partial(_bars, "Presets", names, [STRONG] * len(names), timed["presets"]))
    return _figure(panels) if panels else None


def _figure(panels: Sequence[Callable[[Axes], None]]) -> Figure:
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with style(STYLE):
        figure = Figure(figsize=(4.5 * columns, 2.6 * rows + 0.4), dpi=150, layout="constrained")
        for place, panel in enumerate(panels, start=1):
            panel(figure.add_subplot(rows, columns, place))
        # The same systems in every panel: one legend will do.
        lines = {str(line.get_label()): line for axes in figure.axes for line in axes.lines}
        if lines:
            figure.legend(
                list(lines.values()), list(lines), loc="outside lower center", frameon=False,
                ncols=columns * 2,
            )  # fmt: skip
    return figure


def _bars(
    title: str,
    names: Sequence[str],
    fills: Sequence[str],
    measured: Sequence[Measured],
    axes: Axes,
) -> None:
    speeds = [one.notes_per_second.median for one in measured]
    labels = [
        f"{name}, {one.system.parameters / 1e6:.3g} M"
        for name, one in zip(names, measured, strict=True)
    ]
    axes.barh(labels, speeds, color=fills, height=0.6)
    for place, speed in enumerate(speeds):
        axes.annotate(short(speed), (speed, place), (4, 0), textcoords="offset points", va="center")
    axes.set(title=title, xlabel="notes/s", xlim=(0, 1.18 * max(speeds)))
    axes.set_ylim(max(len(names), 3) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _lines(name: str, measured: Sequence[Measured], colours: Mapping[str, str], axes: Axes) -> None:
    for system, row in by_system(measured).items():
        places = [AXES[name].of(one.load) for one in row]
        speeds = [one.notes_per_second for one in row]
        colour = colours[system]
        axes.plot(places, [s.median for s in speeds], "o-", color=colour, label=system, ms=4)
        low, high = ([edge(s.rounds) for s in speeds] for edge in (min, max))
        axes.fill_between(places, low, high, color=colour, alpha=0.15, lw=0)
    axes.set(title=f"By {AXES[name].title}", ylabel="notes/s", xscale="log", yscale="log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_tick_params(which="minor", length=0)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
