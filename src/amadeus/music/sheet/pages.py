"""Sheet music as files: PDF, SVG and PNG, which Verovio engraves, MusicXML and ABC."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.engraver import engrave
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.writing import write_bytes
from amadeus.music.score import Score
from amadeus.music.sheet.abc import left_out, to_abc
from amadeus.music.sheet.musicxml import sheet_to_musicxml
from amadeus.music.sheet.sheet import Sheet, sheet_of

SHEET_SUFFIXES = (".pdf", ".svg", ".png", ".musicxml", ".xml", ".abc")
_DOTS_PER_INCH = 150


def write_sheet(
    score: Score, path: str | os.PathLike[str], title: str = "", limits: Limits = LIMITS
) -> tuple[str, ...]:
    """Write sheet music in the format of the suffix; returns what was simplified.

    Raises ScoreError for another suffix, nothing to write, too much, or an unwritable path.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SHEET_SUFFIXES:
        raise ScoreError(f"{path}: the name must end in {', '.join(SHEET_SUFFIXES)}; rename it")
    sheet = sheet_of(score, limits)
    write_bytes(path, _FORMATS.get(suffix, sheet_to_musicxml)(sheet, title, limits))
    return (*sheet.notices, left_out(sheet)) if suffix == ".abc" else sheet.notices


def to_pdf(sheet: Sheet, title: str = "", limits: Limits = LIMITS) -> bytes:
    """Pages of A4."""
    from matplotlib.backends.backend_pdf import PdfPages

    from amadeus.music.sheet.drawing import draw_page

    data = io.BytesIO()
    about = {"Title": title, "Creator": "Amadeus", "CreationDate": None}
    with PdfPages(data, metadata=about) as pdf:
        for page in _engraved(sheet, title, limits):
            pdf.savefig(draw_page(page))
    return data.getvalue()


def to_svg(sheet: Sheet, title: str = "", limits: Limits = LIMITS) -> bytes:
    """All pages below each other. Raises ScoreError if there are too many for one picture."""
    pages = _engraved(sheet, title, limits, is_cut=True)
    if len(pages) == 1:
        return pages[0].encode()
    sizes = [re.findall(r'<svg width="(\d+)px" height="(\d+)px"', page)[0] for page in pages]
    heights = [int(height) for _, height in sizes]
    tops = np.cumsum([0, *heights]).tolist()
    width, height = sizes[0][0], tops.pop()
    head = f'<svg width="{width}px" height="{height}px" xmlns="http://www.w3.org/2000/svg">\n'
    below = (p.replace("<svg ", f'<svg y="{y}" ', 1) for p, y in zip(pages, tops, strict=True))
    return "".join([head, *below, "</svg>\n"]).encode()


def to_png(sheet: Sheet, title: str = "", limits: Limits = LIMITS) -> bytes:
    """All pages below each other. Raises ScoreError if there are too many for one picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.image import imsave

    from amadeus.music.sheet.drawing import draw_page

    pictures = []
    for page in _engraved(sheet, title, limits, is_cut=True):
        figure = draw_page(page)
        figure.set_dpi(_DOTS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba())[:, :, :3])
    data = io.BytesIO()
    imsave(data, np.concatenate(pictures), format="png", dpi=_DOTS_PER_INCH)
    return data.getvalue()


def _engraved(sheet: Sheet, title: str, limits: Limits, *, is_cut: bool = False) -> list[str]:
    """The pages; those of a picture are cut to their systems and limited further."""
    musicxml = sheet_to_musicxml(sheet, title, limits)
    pages = engrave(musicxml, sum(map(len, sheet.staves)), limits, is_cut=is_cut)
    if is_cut and len(pages) > limits.image_pages:
        raise ScoreError(
            f"{len(pages)} pages exceed the limit of {limits.image_pages} for one picture; "
            "write a PDF, or lift the limits"
        )
    return pages


_FORMATS: dict[str, Callable[[Sheet, str, Limits], bytes]] = {
    ".pdf": to_pdf,
    ".svg": to_svg,
    ".png": to_png,
    ".abc": to_abc,
}
