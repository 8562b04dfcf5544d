"""Constraints as text: NAME: VALUE [for INSTRUMENT, ...] [in bars A-B].

| name        | value                            | means                                         |
| ----------- | -------------------------------- | --------------------------------------------- |
| key         | A minor                          | a tonic and one of `music.scales.SCALES`      |
|             | C E G A                          | these pitch classes                           |
| pitch       | 48-84, C3-C6                     | lowest and highest pitch                      |
| instruments | piano, bass, drums               | each of these plays, and no other             |
|             | at least piano, bass             | each of these plays                           |
|             | no drums, guitar                 | none of these plays                           |
|             | none                             | silence (in bars ...)                         |
|             | at least piano in 50% of the bars | share of the bars for each; or "of the notes" |
| tempo       | 120                              | exactly this                                  |
|             | 90-110                           | within this                                   |
|             | 90->120                          | from the first bar to the last                |
| metre       | 3/4                              | the time signature                            |
| chords      | Am F C G                         | a chord a bar, over and over                  |
|             | Am F \\| C G                      | bars that are split evenly                    |
| velocity    | 40-80, 64                        | lowest and highest                            |
|             | 40-60->90-110, 40->100           | a crescendo                                   |
| durations   | 1/8 1/4 1/4. 1/8t                | note values, dotted, of triplets              |
| density     | 8                                | notes a bar, approximately                    |
|             | at most 12                       | never more                                    |
| bars        | 16                               | the length of the piece                       |
| end         | tonic, Am                        | the harmony of the last bar                   |

`key`, `pitch`, `velocity`, `durations` and `density` may be for some instruments only; `bars` and
`end` are for the whole piece. Bars count from 1; "in bars 9-" runs to the end, "in bar 4" is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches

from amadeus.control.rules import Constraint, Durations, InScale, PitchRange, Velocities
from amadeus.control.scope import Scope
from amadeus.control.structure import (
    Chords,
    Density,
    Ending,
    ExactTempo,
    Length,
    Metre,
    Playing,
    TempoRange,
)
from amadeus.errors import ConfigError

_BARS = re.compile(r"\s*\bin\s+bars?\s+(\d{1,6})(?:\s*(-|to)\s*(\d{1,6})?)?(?=\s|$)", re.I)
_FOR = re.compile(r"\s*\bfor\s+(.+)$", re.I)
_SHARE = re.compile(r"\s*\bin\s+(\d{1,3}(?:\.\d+)?)\s*%\s+of\s+(?:the\s+)?(bars|notes)\b", re.I)
_NUMBER = r"(\d{1,4}(?:\.\d+)?)"
_DASH, _ARROW = r"\s*-\s*", r"\s*->\s*"
_PLAIN = str.maketrans({"\u2013": "-", "\u2192": "->", "\u00a0": " "})


def parse_constraint(text: str) -> Constraint:
    """The constraint that a text states; see the table above.

    Raises ConfigError that says what was not understood, and what may stand there.
    """
    name, colon, value = text.partition(":")
    name = " ".join(name.lower().split())
    if not colon or name not in _READERS:
        raise ConfigError(f"constraint {text!r}: {_unknown(name, bool(colon))}")
    try:
        value, scope = _scope_of(" ".join(value.translate(_PLAIN).split()))
        if not value:
            raise _NotUnderstood
        return _READERS[name](value, scope)
    except _NotUnderstood:
        raise ConfigError(
            f"constraint {text!r}: {value!r} is not understood; {_HINTS[name]}"
        ) from None
    except ConfigError as error:
        raise ConfigError(f"constraint {text!r}: {error}") from None


class _NotUnderstood(Exception):
    """A value of another shape than the constraint's."""


def _unknown(name: str, has_colon: bool) -> str:
    names = ", ".join(dict.fromkeys(_READERS))
    if not has_colon:
        return f"write NAME: VALUE, such as 'key: A minor'; names are {names}"
    close = get_close_matches(name, _READERS, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no {name!r}; {hint}{'Names' if hint else 'names'} are {names}"


def _scope_of(value: str) -> tuple[str, Scope]:
    """The value without its scope, and the scope."""
    bars: tuple[int, int | None] | None = None
    match = _BARS.search(value)
    if match:
        first, dash, last = match.groups()
        bars = int(first), int(last) if last else None if dash else int(first)
        value = value[: match.start()] + value[match.end() :]
    instruments: tuple[str, ...] = ()
    match = _FOR.search(value)
    if match:
        instruments = _names(match[1])
        value = value[: match.start()]
    return value.strip(), Scope(bars, instruments)


def _names(text: str) -> tuple[str, ...]:
    names = (name.strip() for name in re.split(r",|\s+and\s+|&", text))
    return tuple(name for name in names if name)


def _match(pattern: str, value: str) -> re.Match[str]:
    match = re.fullmatch(pattern, value, re.IGNORECASE)
    if not match:
        raise _NotUnderstood
    return match


def _key(value: str, scope: Scope) -> Constraint:
    return InScale(value, scope=scope)


def _pitch(value: str, scope: Scope) -> Constraint:
    pitch = r"(\d+|[A-G][#b♯♭]?-?\d+)"
    low, high = _match(rf"{pitch}(?:{_DASH}{pitch})?", value).groups()
    return PitchRange(low, high or low, scope=scope)


def _instruments(value: str, scope: Scope) -> Constraint:
    shares: dict[str, float] = {}
    for percent, of in _SHARE.findall(value):
        shares[of.lower()] = float(percent) / 100
    value = _SHARE.sub("", value).strip()
    bars, notes = shares.get("bars"), shares.get("notes")
    if value.lower() == "none":
        return Playing((), bar_share=bars, note_share=notes, scope=scope)
    words = r"(?:(at least|with)|(no|not|none of|without)|exactly|only)?\s*(.+)"
    least, absent, names = _match(words, value).groups()
    mode = "at least" if least else "none of" if absent else "exactly"
    return Playing(_names(names), mode, bars, notes, scope=scope)  # type: ignore[arg-type]


def _tempo(value: str, scope: Scope) -> Constraint:
    unit = r"(?:\s*bpm)?"
    low, high = _match(rf"{_NUMBER}{unit}(?:{_DASH}{_NUMBER}{unit})?|.+", value).groups()
    if low:
        if high:
            return TempoRange(float(low), float(high), scope=scope)
        return ExactTempo(float(low), scope=scope)
    first, last = _match(rf"{_NUMBER}{unit}{_ARROW}{_NUMBER}{unit}", value).groups()
    return ExactTempo(float(first), float(last), scope=scope)


def _metre(value: str, scope: Scope) -> Constraint:
    return Metre(value.replace(" ", ""), scope=scope)


def _chords(value: str, scope: Scope) -> Constraint:
    return Chords(value, scope=scope)


def _velocity(value: str, scope: Scope) -> Constraint:
    span = rf"(\d{{1,4}})(?:{_DASH}(\d{{1,4}}))?"
    low, high, last_low, last_high = _match(rf"{span}(?:{_ARROW}{span})?", value).groups()
    to = (int(last_low), int(last_high or last_low)) if last_low else None
    return Velocities(int(low), int(high or low), to, scope=scope)


def _durations(value: str, scope: Scope) -> Constraint:
    return Durations(tuple(re.split(r"[\s,]+", value.strip(" ,"))), scope=scope)


def _density(value: str, scope: Scope) -> Constraint:
    about, most = _match(r"(\d{1,6})?\s*,?\s*(?:at most\s+(\d{1,6}))?", value).groups()
    return Density(int(about) if about else None, int(most) if most else None, scope=scope)


def _bars(value: str, scope: Scope) -> Constraint:
    return Length(int(_match(r"(\d{1,6})", value)[1]), scope=scope)


def _end(value: str, scope: Scope) -> Constraint:
    chord = re.sub(r"^(?:on\s+)?(?:the\s+)?", "", value, flags=re.IGNORECASE)
    return Ending("tonic" if chord.lower() == "tonic" else chord, scope=scope)


_READERS: dict[str, Callable[[str, Scope], Constraint]] = {
    "key": _key,
    "scale": _key,
    "pitch": _pitch,
    "instruments": _instruments,
    "tempo": _tempo,
    "metre": _metre,
    "time signature": _metre,
    "chords": _chords,
    "velocity": _velocity,
    "durations": _durations,
    "density": _density,
    "bars": _bars,
    "end": _end,
}

_HINTS = {
    "key": "write 'A minor', 'D dorian', or notes, 'C E G A'",
    "pitch": "write '48-84' or 'C3-C6'",
    "instruments": "write 'piano, bass', 'at least piano', 'no drums' or 'none'",
    "tempo": "write '120', '90-110' or '90->120'",
    "metre": "write '3/4'",
    "chords": "write 'Am F C G', or 'Am F | C G'",
    "velocity": "write '40-80', '64' or '40-60->90-110'",
    "durations": "write '1/8 1/4 1/4. 1/8t'",
    "density": "write '8' or 'at most 12'",
    "bars": "write '16'",
    "end": "write 'tonic' or 'Am'",
}
_HINTS |= {"scale": _HINTS["key"], "time signature": _HINTS["metre"]}
