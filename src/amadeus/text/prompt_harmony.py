"""Readers of chord progressions: chord symbols ("Am F C G") and degrees ("I-V-vi-IV")."""

from __future__ import annotations

import re
from functools import lru_cache

from amadeus.errors import ScoreError
from amadeus.music.chords import INTERVALS, parse_chord
from amadeus.music.keys import MAJOR_TONICS
from amadeus.music.scales import Scale, parse_scale
from amadeus.text.prompt_readers import Phrase
from amadeus.text.prompt_text import Unread

_QUALITY = (
    r"(?:maj|min|dim|aug|sus|add|M|m|\+|°|ø)?(?:[0-9]{1,2})?(?:sus[24]?|add[0-9]{1,2}|b5|#5|b9|#9)?"
)
_CHORD = (
    rf"[A-G][#b]?{_QUALITY}(?:/[A-G][#b]?)?(?![\w/#']|[\s-](?:major|minor|maj|min|flat|sharp)\b)"
)
_NEXT = rf"(?:\s?(?:[,|]|->?)\s?|\s){_CHORD}"
_PROGRESSION = re.compile(
    rf"\b(?P<cue>(?:[Cc]hords?|[Cc]hanges|[Pp]rogression|[Hh]armony)(?:\s(?:are|is|of|goes))?:?"
    rf"|[Oo]ver|goes)\s(?P<announced>\|?\s?{_CHORD}(?:{_NEXT})*)(?:\s?\|)?"
    rf"|(?<![\w']){_CHORD}(?:(?:{_NEXT})+(?=\s(?:chord\s)?progression|\schords\b)|(?:{_NEXT}){{2,}})"
)
_DEGREE = (
    r"(?:b|#)?(?:vii|vi|iv|v|iii|ii|i|VII|VI|IV|V|III|II|I)(?:maj7|dim7?|m7b5|sus[24]|[°oø+]?7?)"
)
_DEGREES = re.compile(
    rf"(?<![\w']){_DEGREE}(?:(?:\s?[-,|]\s?|\s?->\s?|\s){_DEGREE}(?![\w'])){{2,}}"
    rf"|\b(?:chords?|progression|changes)\s?:?\s{_DEGREE}(?:(?:\s?[-,|]\s?|\s){_DEGREE}(?![\w']))+"
)
_ONE_DEGREE = re.compile(
    r"(?P<sign>[b#]?)(?P<numeral>vii|vi|iv|v|iii|ii|i|VII|VI|IV|V|III|II|I)(?P<quality>[^\s,|>-]*)"
)
_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# Qualities without a token of their own, as the nearest that has one.
_SIMPLER = (
    (re.compile(r"^(?:M|maj)(?:7|9|11|13)$"), "maj7"),
    (re.compile(r"^(?:m|min)(?:7|9|11|13)$"), "m7"),
    (re.compile(r"^(?:m|min)(?:6|add[0-9]+)?$"), "m"),
    (re.compile(r"^(?:M|maj|6|2|add[0-9]+)$"), ""),
    (re.compile(r"^(?:9|11|13|7(?:b5|#5|b9|#9))$"), "7"),
    (re.compile(r"^(?:sus|7sus4?|9sus4?)$"), "sus4"),
    (re.compile(r"^(?:°|o)7$"), "dim7"),
    (re.compile(r"^(?:°|o)$"), "dim"),
    (re.compile(r"^\+7?$"), "aug"),
    (re.compile(r"^(?:ø7?|m7b5|min7b5)$"), "m7b5"),
)


def read_chords(unread: Unread) -> list[Phrase[str]]:
    """Progressions of chord symbols, as a constraint on chords takes them.

    Three chords in a row or more, or chords that are announced. Letters alone may be a form
    ("A B A C"), and are left out.
    """
    phrases = []
    for match in unread.matches(_PROGRESSION):
        text = match["announced"] or match[0]
        progression = _written(text)
        names = progression.replace("|", " ").split()
        announced = match["cue"] and not match["cue"].lower().startswith(("over", "goes"))
        if announced and not progression:
            unread.report(*match.span())
            continue
        span = unread.claim(*match.span())
        is_form = not match["cue"] and all(name in ("A", "B", "C", "D") for name in names)
        if progression and not is_form and (announced or len(names) > 1):
            phrases.append(Phrase(progression, span))
    return phrases


def read_degrees(unread: Unread, scale: str | None) -> list[Phrase[str]]:
    """Progressions of scale degrees, in a key; those without a key are left unread."""
    phrases = []
    for match in unread.matches(_DEGREES):
        if scale is None:
            unread.report(*match.span(), f"{match[0]} in C major")
            continue
        degrees = _ONE_DEGREE.finditer(re.sub(r"^(?:chords?|progression|changes)\W*", "", match[0]))
        chords = [_chord_on(parse_scale(scale), degree) for degree in degrees]
        phrases.append(Phrase(" ".join(chords), unread.claim(*match.span())))
    return phrases


def fits_key(progression: str, scale: str) -> bool:
    """Whether all notes of all chords belong to a scale."""
    notes = set(parse_scale(scale).pitch_classes)
    for name in progression.replace("|", " ").split():
        root, quality = parse_chord(name)
        if root is not None and not {(root + step) % 12 for step in INTERVALS[quality]} <= notes:
            return False
    return True


def _written(text: str) -> str:
    """ "Am, F - C, G" as "Am F C G"; bar lines stay. "" where a chord is unknown."""
    names: list[str] = []
    for name in re.sub(r"\s-\s|->|[,\s]+|(?<=[\w#])-(?=[A-G])", " ", text).split():
        parts = [part for part in re.split(r"(\|)", name) if part]
        names += [part if part == "|" else _simple(part) for part in parts]
    return "" if "" in names else " ".join(names).strip("| ")


@lru_cache(maxsize=256)
def _simple(chord: str) -> str:
    """The nearest chord that has a token; "" where there is none."""
    head = re.match(r"([A-G][#b]?)([^/]*)", chord)
    if head is None:
        return ""
    quality = next((new for old, new in _SIMPLER if old.match(head[2])), head[2])
    try:
        parse_chord(head[1] + quality)
    except ScoreError:
        return ""
    return head[1] + quality


def _chord_on(scale: Scale, degree: re.Match[str]) -> str:
    """The chord on a degree of a scale: upper case is major, lower case minor."""
    third = {(p - (scale.tonic or 0)) % 12 for p in scale.pitch_classes}
    steps = _MINOR if 3 in third and 4 not in third else _MAJOR
    place = _NUMERALS.index(degree["numeral"].lower())
    shift = {"b": -1, "#": 1, "": 0}[degree["sign"]]
    root = MAJOR_TONICS[((scale.tonic or 0) + steps[place] + shift) % 12]
    quality = degree["quality"]
    minor = "m" if degree["numeral"].islower() and quality in ("", "7") else ""
    return _simple(root + minor + quality) or root + minor
