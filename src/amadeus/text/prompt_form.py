"""Readers of form: "AABA", "a rondo in ABACA", "intro, verse, chorus, verse, chorus"."""

from __future__ import annotations

import re

from amadeus.music.sections import MAX_SECTIONS, SECTION_NAMES, Section, form_text, is_open
from amadeus.text.prompt_length import MAX_BARS
from amadeus.text.prompt_readers import Phrase
from amadeus.text.prompt_text import Unread
from amadeus.text.prompt_words import NUMBER, read_number

FEWEST_NAMED = 3
"""A list of fewer sections is no form: "verse and chorus"."""
_OTHER_NAMES = {
    "introduction": "intro", "pre chorus": "prechorus",
    "build up": "buildup", "middle eight": "middle", "middle 8": "middle", "finale": "ending",
}  # fmt: skip
_NAMED = {"ternary": "A B A", "binary": "A A B B", "rondo": "A B A C A", "verse-chorus":
          "verse chorus verse chorus", "verse chorus": "verse chorus verse chorus"}  # fmt: skip
_NAMED_FORM = re.compile(rf"\b(?P<name>{'|'.join(_NAMED)})\s+(?:form|structure)\b", re.I)
_RONDO = re.compile(r"\b(?:an?\s+|as\s+a\s+|is\s+a\s+)rondo\b", re.I)
# Capitals only: "abba" and "a cab" are words.
_LETTERS = re.compile(
    r"(?:\b(?P<cue>(?:song\s+)?(?:form|structure)\s*[:=]?\s+)?)"
    r"(?<![\w#'])(?P<letters>A['\u2019]*(?:[\s-]?[A-D]['\u2019]*){1,15})(?![\w#'])"
    r"(?P<form>[\s-]+(?:song[\s-]+)?(?:form|structure|pattern|rondo)\b)?"
)
_NAME = "|".join(
    re.escape(name)
    for name in sorted((*SECTION_NAMES, *_OTHER_NAMES), key=len, reverse=True)
).replace(r"\ ", r"[\s-]+")  # fmt: skip
_BARS = r"[\s-]{0,2}(?:bars?|measures?)"
_SECTION = re.compile(
    rf"(?:\b(?P<early>{NUMBER}){_BARS}(?:\s(?:of|for|long))?[\s-]+(?:an?\s+|the\s+)?)?"
    rf"\b(?P<name>(?:{_NAME})(?=s?\b)|(?-i:[A-D])(?=\s?[:(=]\s?[0-9]))s?(?:\s+[1-3](?![\d:.]|{_BARS}))?"
    rf"(?:\s?[:(=]?\s?(?P<late>{NUMBER})(?:{_BARS})?(?![\w%/.]|\s?(?:bpm|sec|min|times))\s?\)?)?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"(?:[\s,;|>/\u2013\u2192-]"
    r"|\b(?:and|then|followed\s+by|finally|to|an?|the|another|final|last|second|first)\b)*",
    re.IGNORECASE,
)


def read_forms(unread: Unread) -> list[Phrase[str]]:
    """Forms, as text for `music.sections.read_sections`."""
    phrases = []
    for match in unread.matches(_LETTERS):
        sections = _sections_of(match["letters"])
        is_named = bool(match["cue"] or match["form"])
        if _is_form(sections, is_named) and (is_named or not re.search(r"[\s-]", match["letters"])):
            phrases.append(Phrase(form_text(sections), unread.claim(*match.span())))
    for matches in _lists_of_sections(unread):
        sections = [_named_section(match) for match in matches]
        if _is_whole(sections):
            span = unread.claim(matches[0].start(), matches[-1].end())
            phrases.append(Phrase(form_text(sections), span))
    if not phrases:
        for match in unread.matches(_NAMED_FORM):
            text = _NAMED[match["name"].lower()]
            phrases.append(Phrase(text, unread.claim(*match.span())))
    if not phrases:
        # The word stays, because it names a genre as well.
        for match in unread.matches(_RONDO):
            phrases.append(Phrase(_NAMED["rondo"], unread.span(*match.span())))
    return phrases[:1]


def _sections_of(letters: str) -> list[Section]:
    found = re.findall(r"([A-D])(['\u2019]*)", letters)
    return [Section(letter, len(primes)) for letter, primes in found]


def _is_form(sections: list[Section], is_named: bool) -> bool:
    """Whether letters are a form: each new letter is the next one of the alphabet."""
    labels = [section.label for section in sections]
    kinds = list(dict.fromkeys(labels))
    in_order = kinds == sorted(kinds) == [chr(ord("A") + i) for i in range(len(kinds))]
    # ABBA is a band, and a chord may be named A.
    return in_order and len(kinds) > 1 and (is_named or (len(labels) > 2 and labels != [*"ABBA"]))


def _lists_of_sections(unread: Unread) -> list[list[re.Match[str]]]:
    """Mentions of sections, those that follow each other together."""
    lists: list[list[re.Match[str]]] = []
    for match in _SECTION.finditer(unread.left):
        if lists and _BETWEEN.fullmatch(unread.left, lists[-1][-1].end(), match.start()):
            lists[-1].append(match)
        else:
            lists.append([match])
    return lists


def _is_whole(sections: list[Section]) -> bool:
    """Whether a list of sections is a form."""
    fewest = FEWEST_NAMED if is_open(sections) else FEWEST_NAMED - 1
    total = sum(section.usual_bars for section in sections)
    return fewest <= len(sections) <= MAX_SECTIONS and total <= MAX_BARS


def _named_section(match: re.Match[str]) -> Section:
    name = re.sub(r"[\s-]+", " ", match["name"])
    name = name if len(name) == 1 else name.lower()
    count = read_number(match["early"] or match["late"] or "0")
    bars = int(count) if count % 1 == 0 and count else None
    return Section(_OTHER_NAMES.get(name, name), bars=bars)
