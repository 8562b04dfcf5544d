"""Words for a way of playing, such as "swing", "laid back" or "romantic"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields

from amadeus.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """A way of playing. Styles are combined by `combine`."""

    genre: str = ""
    """A genre that the network knows, or empty."""
    swing: float = 0.0
    """The share of the first eighth of a pair; 0 for straight eighths."""
    delay: float = 0.0
    """How late all parts but the drums are, in quarter notes; negative for early."""
    rubato: float = 1.0
    """Factor of the changes of tempo."""
    timing: float = 1.0
    """Factor of the offsets."""
    dynamics: float = 1.0
    """Factor of the differences in velocity."""
    loudness: float = 0.0
    """Added to every velocity."""
    articulation: float = 0.0
    """Added to the binary logarithm of the ratio of durations."""
    pedal: bool = True


STYLES: dict[str, Style] = {
    "baroque": Style(genre="baroque"),
    "classical": Style(genre="classical"),
    "romantic": Style(genre="romantic", rubato=1.25),
    "impressionist": Style(genre="modern"),
    "modern": Style(genre="modern"),
    "jazz": Style(genre="jazz", rubato=0.3),
    "swing": Style(genre="jazz", swing=0.62, rubato=0.0),
    "shuffle": Style(swing=2 / 3, rubato=0.0),
    "funk": Style(genre="funk", rubato=0.0),
    "hip hop": Style(genre="hiphop", swing=0.55, rubato=0.0),
    "latin": Style(genre="latin", rubato=0.0),
    "pop": Style(genre="pop", rubato=0.3),
    "rock": Style(genre="rock", rubato=0.0),
    "laid back": Style(delay=0.04, rubato=0.5),
    "pushed": Style(delay=-0.03, rubato=0.0),
    "tight": Style(timing=0.3, rubato=0.0),
    "straight": Style(rubato=0.0),
    "free": Style(rubato=1.5, timing=1.25),
    "expressive": Style(dynamics=1.3, rubato=1.25),
    "restrained": Style(dynamics=0.6, rubato=0.5),
    "gentle": Style(loudness=-14, dynamics=0.8),
    "energetic": Style(loudness=10, dynamics=1.15),
    "legato": Style(articulation=0.3),
    "staccato": Style(articulation=-0.9, pedal=False),
    "dry": Style(pedal=False),
}
"""All styles by their names."""


def parse_styles(text: str) -> Style:
    """The styles in a comma-separated list, combined. Raises ConfigError for unknown ones."""
    names = [" ".join(name.replace("-", " ").split()).lower() for name in text.split(",")]
    for name in filter(None, names):
        if name not in STYLES:
            near = difflib.get_close_matches(name, STYLES, 1)
            hint = f"did you mean {near[0]!r}? Otherwise " if near else ""
            raise ConfigError(f"unknown style {name!r}; {hint}choose from: {', '.join(STYLES)}")
    return combine(STYLES[name] for name in names if name)


def combine(styles: Iterable[Style]) -> Style:
    """Factors are multiplied and other numbers added; the last genre and swing count."""
    values = {field.name: getattr(Style(), field.name) for field in fields(Style)}
    for style in styles:
        for name in ("rubato", "timing", "dynamics"):
            values[name] *= getattr(style, name)
        for name in ("delay", "loudness", "articulation"):
            values[name] += getattr(style, name)
        for name in ("genre", "swing"):
            values[name] = getattr(style, name) or values[name]
        values["pedal"] &= style.pedal
    return Style(**values)
