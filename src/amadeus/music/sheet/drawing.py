"""Draws the SVG pages of Verovio with matplotlib, for PDF and PNG.

Verovio uses a small part of SVG: glyphs in `defs`, lines, curves, polygons, ellipses, rectangles
and text. Text becomes outlines, in the serif font that comes with matplotlib.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtZz])([^A-DF-Za-df-z]*)")
_BOLD = ("tempo", "ending", "fing", "reh")
_ITALIC = ("dir", "dynam", "mNum")
_MUSIC = "Leipzig"
"""Verovio's font of musical symbols in text."""


def draw_page(svg: str) -> Figure:
    """A page as a figure of its size."""
    root = ElementTree.fromstring(svg)
    page = root.find(f"{_SVG}svg")
    assert page is not None, "not a page of Verovio's"
    width, height = (float(number) for number in page.get("viewBox", "").split()[2:])
    inches = [
        float(root.get(side, "0").removesuffix("px")) / 840 * 8.27 for side in ("width", "height")
    ]
    drawing = _Drawing({g.get("id", ""): g[0] for g in root.iter(f"{_SVG}g") if _is_glyph(g)})
    drawing.add(page, Affine2D(), {})
    figure = Figure(figsize=(inches[0], inches[1]), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    points = inches[0] * 72 / width
    axes.add_collection(PathCollection(drawing.fills, facecolors="black", linewidths=0))
    axes.add_collection(
        PathCollection(
            drawing.strokes,
            facecolors="none",
            edgecolors="black",
            linewidths=[points * width for width in drawing.widths],
        )
    )
    for collection in axes.collections:
        collection.set_transform(axes.transData)
    return figure


def _is_glyph(element: ElementTree.Element) -> bool:
    return len(element) == 1 and "class" not in element.attrib and element[0].tag == f"{_SVG}path"


class _Drawing:
    """Collects the outlines of a page."""

    def __init__(self, glyphs: dict[str, ElementTree.Element]) -> None:
        self._glyphs = glyphs
        self.fills: list[Outline] = []
        self.strokes: list[Outline] = []
        self.widths: list[float] = []

    def add(self, element: ElementTree.Element, transform: Affine2D, font: dict[str, str]) -> None:
        """Add an element and what it contains. font: weight and style in force."""
        kind = element.tag.removeprefix(_SVG)
        classes = element.get("class", "").split()
        if kind in ("defs", "style", "desc", "title") or "placeholder" in classes:
            return
        transform = _combined(_transform(element), transform)
        if kind in ("g", "svg"):
            if any(name in _BOLD for name in classes):
                font = {**font, "weight": "bold"}
            if any(name in _ITALIC for name in classes):
                font = {**font, "style": "italic"}
            for child in element:
                self.add(child, transform, font)
        elif kind == "use":
            glyph = self._glyphs[element.get(_LINK, "")[1:]]
            outline = _outline(glyph.get("d", ""))
            self.fills.append(_combined(_transform(glyph), transform).transform_path(outline))
        elif kind == "text":
            self._text(element, transform, font)
        elif (shape := _shape(element, kind)) is not None:
            self._shape(element, transform.transform_path(shape))

    def _shape(self, element: ElementTree.Element, outline: Outline) -> None:
        if element.get("fill") != "none" and element.get("fill-opacity") != "0":
            self.fills.append(outline)
        self.strokes.append(outline)
        self.widths.append(float(element.get("stroke-width", "1")))

    def _text(self, text: ElementTree.Element, transform: Affine2D, font: dict[str, str]) -> None:
        """The lines of a text: each begins with an element that has a position."""
        lines: list[tuple[float, float, str, list[Outline]]] = []
        state = {"x": "0", "y": "0", "text-anchor": "start", **font, **text.attrib}
        self._runs(text, state, lines)
        for x, y, anchor, runs in lines:
            advance = max(map(_right, runs), default=0.0)
            shift = {"end": -advance, "middle": -advance / 2}.get(anchor, 0.0)
            move = _combined(Affine2D().scale(1, -1).translate(x + shift, y), transform)
            self.fills += [move.transform_path(run) for run in runs]

    def _runs(self, element: ElementTree.Element, state: dict[str, str], lines: list[Any]) -> None:
        if not lines or "x" in element.attrib or "y" in element.attrib:
            lines.append((float(state["x"]), float(state["y"]), state["text-anchor"], []))
        if element.text and element.text.strip() and not element.tag.endswith("title"):
            runs = lines[-1][3]
            start = max(map(_right, runs), default=0.0)
            runs += _text_outlines(element.text, state, start)
        for child in element:
            if not child.tag.endswith("title"):
                self._runs(child, {**state, **child.attrib}, lines)


def _text_outlines(text: str, state: dict[str, str], start: float) -> list[Outline]:
    """The outlines of a run of text, upside up. start: where the run before it ends."""
    size = float(state.get("font-size", "0").removesuffix("px"))
    if state.get("font-family") == _MUSIC:
        outlines = []
        for symbol in text.strip():
            glyph = _music_glyph(symbol)
            outline = Affine2D().scale(size / 1000).translate(start, 0).transform_path(glyph)
            if len(glyph):
                start = _right(outline)
                outlines.append(outline)
        return outlines
    bold = state.get("font-weight", state.get("weight", "normal"))
    style: Any = state.get("font-style", state.get("style", "normal"))
    font = FontProperties(family="DejaVu Serif", weight=bold, style=style, size=0.85 * size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that the font does not have
        # matplotlib leaves out spaces, and reads formulas between dollar signs.
        plain = TextPath((0, 0), text.strip().replace("$", r"\$"), prop=font, usetex=False)
    if not len(plain):
        return []
    gap = 0.3 * size * (len(text) - len(text.lstrip()) + (1 if start else 0))
    outline = Affine2D().translate(start + gap, 0).transform_path(plain)
    return [outline]


@cache
def _music_glyph(symbol: str) -> Outline:
    """A glyph of Verovio's font, in thousandths of its size; nothing if it has none."""
    spec = find_spec("verovio")
    assert spec is not None, "Verovio made the page"
    assert spec.origin is not None, "Verovio is a package"
    file = Path(spec.origin).parent / "data" / _MUSIC / f"{ord(symbol):04X}.xml"
    if not file.is_file():
        return Outline(np.empty((0, 2)))
    (path,) = re.findall(r' d="([^"]*)"', file.read_text(encoding="utf-8"))
    return _outline(path)


def _transform(element: ElementTree.Element) -> Affine2D:
    transform = Affine2D()
    for name, values in re.findall(r"(\w+)\(([^)]*)\)", element.get("transform", "")):
        numbers = [float(number) for number in _NUMBER.findall(values)]
        # The last one is applied first.
        one = Affine2D()
        if name == "translate":
            one.translate(numbers[0], numbers[1] if len(numbers) > 1 else 0)
        elif name == "scale":
            one.scale(numbers[0], numbers[-1])
        elif name == "rotate":
            x, y = numbers[1:] or (0, 0)
            one.rotate_deg_around(x, y, numbers[0])
        transform = _combined(one, transform)
    return transform


def _combined(first: Affine2D, then: Affine2D) -> Affine2D:
    return Affine2D(then.get_matrix() @ first.get_matrix())


def _right(outline: Outline) -> float:
    """Where an outline ends."""
    return float(np.asarray(outline.vertices)[:, 0].max())


def _shape(element: ElementTree.Element, kind: str) -> Outline | None:
    if kind == "path":
        return _outline(element.get("d", ""))
    if kind in ("polygon", "polyline"):
        numbers = [float(number) for number in _NUMBER.findall(element.get("points", ""))]
        points = np.array(numbers).reshape(-1, 2)
        if kind == "polygon":
            return Outline(np.vstack([points, points[:1]]), closed=True)
        return Outline(points)
    if kind == "ellipse":
        cx, cy, rx, ry = (float(element.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
        return Affine2D().scale(rx, ry).translate(cx, cy).transform_path(Outline.unit_circle())
    if kind == "rect":
        x, y, w, h = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
        return Affine2D().scale(w, h).translate(x, y).transform_path(Outline.unit_rectangle())
    return None


@cache
def _outline(d: str) -> Outline:
    """The outline of the `d` of an SVG path, without arcs."""
    points: list[np.ndarray] = []
    codes: list[int] = []
    now = start = control = np.zeros(2)
    for command, rest in _COMMAND.findall(d):
        numbers = np.array([float(number) for number in _NUMBER.findall(rest)])
        kind, is_relative = command.upper(), command.islower()
        if kind == "Z":
            points.append(start)
            codes.append(int(Outline.CLOSEPOLY))
            now = control = start
            continue
        width = {"H": 1, "V": 1, "C": 6, "S": 4, "Q": 4}.get(kind, 2)
        for number, values in enumerate(numbers.reshape(-1, width)):
            if kind in "HV":
                axis = "HV".index(kind)
                target = now.copy()
                target[axis] = values[0] + is_relative * now[axis]
                corners = [target]
            else:
                corners = list(values.reshape(-1, 2) + is_relative * now)
            if kind in "ST":
                corners.insert(0, 2 * now - control)
            curve = {2: Outline.CURVE3, 3: Outline.CURVE4}.get(len(corners), Outline.LINETO)
            code = int(curve)
            if kind == "M" and number == 0:
                code, start = int(Outline.MOVETO), corners[0]
            points += corners
            codes += [code] * len(corners)
            now = corners[-1]
            control = corners[-2] if len(corners) > 1 else now
    return Outline(np.array(points).reshape(-1, 2), codes)
