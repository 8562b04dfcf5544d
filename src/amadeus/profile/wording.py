"""Profiles in words, read and written: "key: A minor, chord changes per bar: 1"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from amadeus.errors import AmadeusError, ConfigError
from amadeus.music.instruments import everyday_name, find_instrument, program_name
from amadeus.music.keys import parse_key
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.profile.profile import MEASURES, Measure, Part, Profile
from amadeus.tokens import vocabulary as v

_LOW_AND_HIGH = ("low", "high")
_PLUS = re.compile(r"\+(?![^(]*\))")
"""Between names; "lead 8 (bass + lead)" is one."""
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)")
MOST = 1000
"""The highest number that a measure takes."""
OPEN = "open"
"""The value that leaves a field open whatever else is known of it."""
ReadInstrument = Callable[[str], int]
"""The value of `instrument` of a name."""
ProfileText = str | Mapping[str, str | None]
"""`name: value` pairs, separated by commas or semicolons; or by name, None for `open`."""


def describe(profile: Profile) -> dict[str, str]:
    """What a profile says, by the names that `parse_profile` reads."""
    found: dict[str, str] = {}
    if profile.key is not None:
        found["key"] = str(profile.key)
    if profile.bpm is not None:
        found["tempo"] = f"{_number(profile.bpm)} BPM"
    if profile.time_signature is not None:
        found["metre"] = profile.time_signature
    if profile.parts:
        found["instruments"] = " + ".join(map(_described, profile.parts))
    if profile.num_parts is not None:
        found["number of instruments"] = str(profile.num_parts)
    for measure in MEASURES:
        value = getattr(profile, measure.name)
        if value is not None:
            unit = f" {measure.unit}" if measure.unit else ""
            found[measure.title] = _number(value) + unit
    for name in ("genres", "forms", "moods"):
        if words := getattr(profile, name):
            found[name.removesuffix("s")] = " + ".join(words)
    return found


def in_words(described: Mapping[str, str]) -> str:
    """Values as `describe` names them, in one line to be read: "key: A minor, ..."."""
    titles = {"metre": "time signature"}
    return ", ".join(f"{titles.get(name, name)}: {value}" for name, value in described.items())


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _described(part: Part) -> str:
    program = v.program_of(part.instrument)
    name = everyday_name(program)
    if find_instrument(name) != program:  # several share it
        name = program_name(program)
    return name if part.share is None else f"{name} {part.share:.0%}"


def parse_profile(text: ProfileText, read_instrument: ReadInstrument) -> Profile:
    """The values that a text states.

    Measures take a number, or one of their two words, low or high. read_instrument raises
    ConfigError for a name that is none. Raises ConfigError for a name or a value that is unknown.
    """
    values: dict[str, Any] = {}
    for name, value in _pairs(text):
        field, read = _reader(name, read_instrument)
        if value is not None:
            values[field] = read(value)
    return Profile(**values)


def left_open(text: ProfileText) -> tuple[str, ...]:
    """The fields that a text leaves open: "mood: open". Raises ConfigError for unknown names."""
    return tuple(_reader(name, _no_instrument)[0] for name, value in _pairs(text) if value is None)


def _pairs(text: ProfileText) -> Iterator[tuple[str, str | None]]:
    """Names and values; None for a value that is left open."""
    if isinstance(text, Mapping):
        yield from text.items()
        return
    for entry in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        name, colon, value = (part.strip() for part in entry.partition(":"))
        if not colon or not value:
            raise ConfigError(f"profile: {entry!r} is no `name: value`; write `key: A minor`")
        yield name, None if value.lower() == OPEN else value


def _no_instrument(name: str) -> int:
    raise AssertionError(name)


def _reader(name: str, read_instrument: ReadInstrument) -> tuple[str, Callable[[str], Any]]:
    """The field of a name, and what reads its value."""
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "key": ("key", _key),
        "tempo": ("bpm", _within(20, 340)),
        "metre": ("time_signature", _time_signature),
        "instruments": ("parts", lambda text: _parts(text, read_instrument)),
        "number of instruments": ("num_parts", lambda text: int(_within(1, 130)(text))),
        "genre": ("genres", _one_of(GENRES)),
        "form": ("forms", _one_of(FORMS)),
        "mood": ("moods", _one_of(MOODS)),
    }
    readers["time signature"] = readers["metre"]
    for measure in MEASURES:
        reader = (measure.name, _measured(measure))
        readers |= dict.fromkeys((measure.title, measure.name.replace("_", " ")), reader)
    readers |= {
        "chord changes": readers["chord changes per bar"],
        "velocities": readers["spread of velocities"],
        "durations": readers["variety of durations"],
        "density": readers["notes per bar"],
    }
    known = name.lower()
    if known not in readers:
        near = get_close_matches(known, readers, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(readers)}"
        raise ConfigError(f"profile: {name!r} is unknown; {hint}")
    return readers[known]


def _key(text: str) -> Any:
    try:
        return parse_key(text)
    except AmadeusError as error:
        raise ConfigError(f"profile: {error}") from None


def _time_signature(text: str) -> str:
    known = {"{}/{}".format(*metre) for metre in v.METRES}
    if text.replace(" ", "") not in known:
        raise ConfigError(
            f"profile: time signature {text!r} has no token; write one like 3/4 or 6/8"
        )
    return text.replace(" ", "")


def _parts(text: str, read_instrument: ReadInstrument) -> tuple[Part, ...]:
    parts = []
    for name in _PLUS.split(text):
        match = re.fullmatch(r"\s*(.*?)\s*(?:(\d+(?:\.\d+)?)\s*%)?\s*", name)
        assert match is not None
        share = None if match[2] is None else min(1.0, float(match[2]) / 100)
        parts.append(Part(read_instrument(match[1]), share))
    return tuple(parts)


def _within(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = _NUMBER.match(text)
        if number is None or not low <= float(number[1]) <= high:
            raise ConfigError(f"profile: {text!r} is no number from {low:g} to {high:g}")
        return float(number[1])

    return read


def _measured(measure: Measure) -> Callable[[str], float]:
    edges = measure.edges
    low, high = (edges[0] + edges[1]) / 2, (edges[-2] + edges[-1]) / 2
    number = _within(0, MOST)

    def read(text: str) -> float:
        if _NUMBER.match(text):
            return number(text)
        for words in (measure.words, _LOW_AND_HIGH):
            if text.lower() in words:
                return (low, high)[words.index(text.lower())]
        raise ConfigError(
            f"profile: {measure.title} {text!r} is neither a number nor one of "
            f"{', '.join((*measure.words, *_LOW_AND_HIGH))}"
        )

    return read


def _one_of(words: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    known = {word.lower(): word for word in words}

    def read(text: str) -> tuple[str, ...]:
        asked = [word.strip().lower() for word in _PLUS.split(text)]
        for word in asked:
            if word not in known:
                near = get_close_matches(word, known, n=3) or list(known)[:12]
                raise ConfigError(
                    f"profile: {word!r} is unknown; choose one such as {', '.join(near)}"
                )
        return tuple(known[word] for word in asked)

    return read
