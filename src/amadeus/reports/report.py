"""Reports: Markdown and HTML pages, numbers as JSON, and figures as PNG."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from amadeus.files import write_bytes, write_text
from amadeus.reports.page import to_html

PAGE, HTML_PAGE, NUMBERS = "README.md", "report.html", "numbers.json"
STRONG, PALE, INK = "#2f6f9f", "#b8c0cc", "#1d2433"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "text.color": INK,
}
"""The style of figures, for `matplotlib.style.context`."""
_NUMBER = re.compile(r"[-+]?[\d.]|–")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Table:
    """A table of Markdown cells; words are left-aligned, numbers right-aligned."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    """Explains the table."""

    def to_markdown(self) -> str:
        lines = [f"## {self.title}", ""]
        lines += [self.note, ""] if self.note else []
        columns = list(zip(*self.rows, strict=True))[1:] or [()] * (len(self.header) - 1)
        rule = ["---", *("---" if _is_words(column) else "---:" for column in columns)]
        lines += [f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.rows)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Report:
    """One experiment, benchmark or evaluation."""

    title: str
    summary: str
    """The question and the method, in Markdown."""
    tables: Sequence[Table]
    values: Mapping[str, Any]
    """All numbers, for JSON."""
    provenance: Mapping[str, Any]
    """Everything needed to reproduce the numbers."""
    pictures: Mapping[str, Figure] = field(default_factory=dict)
    """By file name without suffix."""

    def to_markdown(self) -> str:
        parts = [f"# {self.title}\n", f"{self.summary}\n"]
        parts += [f"![{name.replace('-', ' ')}]({name}.png)\n" for name in self.pictures]
        parts += [table.to_markdown() for table in self.tables]
        parts.append("## Reproduction\n")
        parts.append("\n".join(f"- {name}: {value}" for name, value in self.provenance.items()))
        return "\n".join(parts) + "\n"

    def to_dict(self) -> dict[str, Any]:
        return {"title": self.title, "provenance": dict(self.provenance), **self.values}

    def write(self, folder: Path) -> None:
        """Write README.md, report.html, numbers.json and the figures, each atomically.

        The HTML page is self-contained.
        """
        folder.mkdir(parents=True, exist_ok=True)
        pictures = {f"{name}.png": _to_png(figure) for name, figure in self.pictures.items()}
        for name, data in pictures.items():
            write_bytes(folder / name, data)
        page = self.to_markdown()
        numbers = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        html = to_html(self.title, page, pictures)
        for name, text in ((NUMBERS, numbers), (PAGE, page), (HTML_PAGE, html)):
            write_text(folder / name, text)


def in_code(text: str) -> str:
    """Text for a Markdown cell, such as a file name, without Markdown formatting."""
    plain = "".join(c if c.isprintable() else "?" for c in text).replace("`", "'")
    return "`" + plain.replace("|", "\\|") + "`"


def _is_words(cells: Sequence[str]) -> bool:
    """Whether most cells are not numbers."""
    numbers = [bool(_NUMBER.match(cell)) for cell in cells if cell]
    return sum(numbers) < len(numbers) / 2


def _to_png(figure: Figure) -> bytes:
    png = BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()
