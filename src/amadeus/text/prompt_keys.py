"""Readers of keys, modes and other scales."""

from __future__ import annotations

import re

from amadeus.music.keys import Key, parse_key
from amadeus.music.scales import parse_scale
from amadeus.text.prompt_readers import GOES_ON, Phrase, accepted
from amadeus.text.prompt_text import Unread, contradiction

_TONIC = r"(?P<tonic>[A-Ga-g](?:[#b]|[\s-]?(?:[Ss]harp|[Ff]lat|SHARP|FLAT)(?!\w))?)"
_APART = r"(?<![\w'#/])"
_FULL_KEY = re.compile(
    rf"{_APART}{_TONIC}[\s-]*(?:(?P<kind>natural|harmonic|melodic)\s)?"
    r"(?P<mode>(?i:major|minor|maj|min))(?![\w#])"
    r"(?![\s-]?(?:[0-9]|chord|triad|seventh|ninth|arpeggio|third|sixth|second))"
)
_SHORT_KEY = re.compile(rf"{_APART}{_TONIC}(?P<mode>m|min|maj)(?![\w#])")
_KEY_OF = r"\b(?i:key)(?:\s(?i:of|is)\s|\s?[:=]\s?|\s)"
_BARE_KEY = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)(?P<mode>){_TONIC}(?![\w#'-]){GOES_ON}")
_KEY_BEFORE = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)$")
_KEY_AFTER = re.compile(GOES_ON)
_MINOR_PIECE = re.compile(
    r"\s(?:waltz|ballad|piano|guitar|blues|sonata|prelude|nocturne|fugue|tango|march|jig|scale"
    r"|pentatonic|jam)\b"
)
_SHORT_KEY_PIECE = re.compile(
    r"\s(?:waltz|ballad|blues|groove|vamp|jam|song|tune|melody|riff|loop|piece|theme|track|beat)\b"
)
_MODES = (
    r"(?P<mode>ionian|dorian|phrygian|lydian|mixolydian|aeolian|locrian|whole[\s-]tone"
    r"|(?:(?:major|minor)[\s-])?pentatonic|blues(?=\sscale))\b"
)
_MODAL = re.compile(
    rf"{_APART}{_TONIC},?[\s-]*(?i:(?:the\s)?{_MODES}(?P<dominant>\sdominant)?(?:\s(?:mode|scale))?)"
)
_MODAL_LAST = re.compile(
    rf"(?i:\b{_MODES}(?P<dominant>\sdominant)?(?:\smode|\sscale)?\s(?:in|on))\s{_TONIC}"
    r"(?![\w#'])(?!\s(?i:maj|min))"
)
_PLAIN_MODES = {"ionian": "major", "aeolian": "minor", "pentatonic": "major pentatonic"}
_PENTATONIC = re.compile(r"\s(pentatonic)\b(?:\sscale\b)?", re.IGNORECASE)
_THEN = re.compile(
    r"[\s,;.]*(?:(?:and|but|piece|section|part|for|the|first|half|bars?|[0-9]+)\s+){0,4}"
    r"(?:and\s)?(?:->|(?:then|later|followed\sby|to|into|(?:and\s)?modulat\w+|mov(?:es|ing)|chang\w+"
    r"|going|goes|before|end(?:s|ing)|finish\w*|turn\w*|shift\w*)\b)[^,;:.!?]{0,24}",
    re.IGNORECASE,
)
_TRANSPOSING = re.compile(
    r"\b(?:horns?|clarinets?|trumpets?|cornets?|whistles?|harmonicas?|sax(?:es|ophones?)?)\s$",
    re.IGNORECASE,
)


def read_keys(unread: Unread) -> list[Phrase[str]]:
    """Keys and scales such as "A minor", "in C", "D dorian", and "Am" where it is no chord.

    Their names are those of `music.scales`.
    """
    phrases = _read_modes(unread)
    for pattern in (_FULL_KEY, _SHORT_KEY, _BARE_KEY):
        for match in unread.matches(pattern):
            if _is_key(unread, match):
                name = str(
                    parse_key(f"{match['tonic'].replace('-', ' ')} {match['mode'] or 'major'}")
                )
                kind = (match.groupdict().get("kind") or "").lower()
                more = _PENTATONIC.match(unread.left, match.end()) if match["mode"] else None
                name = name.replace("minor", f"{kind} minor") if kind else name
                name = f"{name} pentatonic" if more and not kind else name
                end = more.end() if more else match.end()
                phrases.append(Phrase(name, unread.claim(match.start("tonic"), end)))
    return sorted(accepted(unread, phrases), key=lambda phrase: phrase.span.start)


def key_sequence(unread: Unread, phrases: list[Phrase[str]]) -> tuple[str, ...]:
    """The keys in their order: one, or several that follow each other ("A minor, then C major").

    Raises ConfigError for two keys that nothing puts in an order.
    """
    names: list[str] = []
    for i, phrase in enumerate(phrases):
        if i and phrase.value != names[-1]:
            between = unread.text[phrases[i - 1].span.end : phrase.span.start]
            if not _THEN.fullmatch(between):
                raise contradiction("states two keys", phrases[i - 1].span, phrase.span)
        if not names or phrase.value != names[-1]:
            names.append(phrase.value)
    return tuple(names)


def plain_key(scale: str) -> Key | None:
    """The key of a scale that is a kind of major or minor; None for modes and blues."""
    return parse_scale(scale).key if re.search(r"major|minor", scale) else None


def _read_modes(unread: Unread) -> list[Phrase[str]]:
    """Modes and other scales. Those on "a" are claimed only: it may be an article."""
    phrases = []
    for pattern in (_MODAL, _MODAL_LAST):
        for match in unread.matches(pattern):
            mode = re.sub(r"[\s-]+", " ", match["mode"].lower())
            tonic = match["tonic"].replace("-", " ")
            is_article = tonic == "a" or (
                tonic == "A"
                and pattern is _MODAL
                and not unread.left[: match.start()].strip()
                and not _KEY_AFTER.match(unread.left, match.end())
                and not match[0].lower().endswith(("mode", "scale"))
                and mode not in ("ionian", "aeolian")
            )
            span = unread.claim(*match.span())
            if not is_article and not match["dominant"]:
                scale = parse_scale(f"{tonic} {_PLAIN_MODES.get(mode, mode)}")
                phrases.append(Phrase(scale.name, span))
    return phrases


def _is_key(unread: Unread, match: re.Match[str]) -> bool:
    """Whether a match is a key, not an article ("a minor detail"), a chord or a word ("Am I")."""
    start, end = match.start("tonic"), match.end()
    tonic, mode = match["tonic"], match["mode"]
    if match.re is _SHORT_KEY:
        named = unread.is_after(_KEY_BEFORE, start) or unread.is_tag(start, end)
        is_piece = tonic not in "aA" and _SHORT_KEY_PIECE.match(unread.left, end)
        return tonic[0].isupper() and bool(named or is_piece)
    if match.re is _BARE_KEY:
        is_named = match[0][0] in "Kk" and tonic != "a"
        if not is_named and unread.is_after(_TRANSPOSING, match.start()):
            return False  # a horn in F plays in any key
        return tonic[0].isupper() or is_named or (tonic[0] != "a" and len(tonic) > 1)
    if tonic not in "aA" or unread.left[start + 1] in "mM" or unread.is_tag(start, end):
        return True
    goes_on = _KEY_AFTER.match(unread.left, end)
    before = unread.left[:start].rstrip()
    if tonic == "A":
        is_mid_sentence = before and before[-1] not in ".!?:" and mode.islower()
        return bool(is_mid_sentence or goes_on or _MINOR_PIECE.match(unread.left, end))
    return bool(goes_on and unread.is_after(_KEY_BEFORE, start))
