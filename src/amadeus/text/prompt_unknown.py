"""What looks like an instruction in a prompt and was not understood.

Free text is no instruction: words are reported only if they are no English words and nearly those
of an instrument, a tempo, a key or a length; numbers only where a tempo or time signature may be
meant.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import lru_cache

from amadeus.music.instrument_words import BANDS, ENSEMBLES, INSTRUMENT_GROUPS
from amadeus.music.tempo_words import FASTEST_BPM, SLOWEST_BPM, TEMPO_RANGES
from amadeus.profile.labels import DANCE_METRES
from amadeus.text.encoder import MINILM, TOKENIZER
from amadeus.text.prompt_text import Unread

_MORE_WORDS = (
    "major minor sharp flat bars measures minutes minute seconds tempo dorian phrygian lydian "
    "mixolydian pentatonic accelerando ritardando without"
)
_SHORTEST, _LONG = 4, 8
"""Letters of a word that may be a slip, and from which on it may have two."""
_ENDINGS = ("", "s", "es", "ed", "d", "ing", "ly", "er", "al", "ic", "ish", "ist", "y", "ness")
_WORD = re.compile(r"[^\W\d_]+")
_LONELY_NUMBER = re.compile(
    r"(?:(?<=\bat\s)|(?<=@\s)|(?<=@)|(?<=[\0,;:.(]\s)|(?<=[\0,;:(])|^\s*)(?P<number>[0-9]{2,3})"
    r"(?=\s*(?:$|[\0,;.)\n]))(?![.,][0-9])"
)
_LONELY_FRACTION = re.compile(
    r"(?:(?<=\bin\s)|(?<=[\0,;:.(]\s)|(?<=[\0,;:(])|^\s*)[0-9]{1,2}/[0-9]{1,2}"
    r"(?=\s*(?:$|[\0,;.)\n]|time\b|met(?:re|er)\b))"
)
_NO_TONIC = re.compile(
    r"\bkey\sof\s(?P<first>[h-zH-Z])\b|\b(?P<second>[h-zH-Z])\s(?:major|minor)\b"
)


def report_unknown(unread: Unread) -> None:
    """Report what is left of a prompt that looks like an instruction, to `Unread.unknown`."""
    for match in _LONELY_NUMBER.finditer(unread.left):
        is_tempo = SLOWEST_BPM <= int(match["number"]) <= FASTEST_BPM
        unread.report(*match.span("number"), f"{match['number']} bpm" if is_tempo else "")
    for pattern in (_LONELY_FRACTION, _NO_TONIC):
        for match in pattern.finditer(unread.left):
            unread.report(*match.span())
    for match in _WORD.finditer(unread.left):
        suggestion = _near_miss(match[0].lower())
        if suggestion:
            unread.report(*match.span(), suggestion)


@lru_cache(maxsize=4096)
def _near_miss(word: str) -> str:
    """The word of the lexicon that another word is nearly; "" for English words and the rest."""
    if len(word) < _SHORTEST or word in _lexicon():
        return ""
    near = min(_alike(word), key=lambda known: _slips(word, known), default="")
    return near if near and _slips(word, near) < 3 and not _is_english(word) else ""


def _alike(word: str) -> list[str]:
    """Words of the lexicon of nearly the same length that begin alike."""
    return [
        known
        for length in range(len(word) - 2, len(word) + 3)
        for known in _by_length().get(length, ())
        if (known[0] == word[0] or known[:2] == word[1::-1]) and _is_slip(word, known)
    ]


def _is_slip(word: str, known: str) -> bool:
    """Whether a word may be a slip for another: a short word lacks a letter, or swaps two."""
    slips = _slips(word, known)
    if len(word) == _SHORTEST:
        return slips == 1 and (len(known) > len(word) or sorted(known) == sorted(word))
    letters, others = Counter(word), Counter(known)
    is_mixed_up = (letters - others).total() + (others - letters).total() <= 1
    return slips == 1 or (slips == 2 and (is_mixed_up or len(word) >= _LONG))


def _slips(word: str, known: str) -> int:
    """Letters to insert, leave out, change or swap with the next one; 3 for more than 2."""
    if abs(len(word) - len(known)) > 2:
        return 3
    before: list[int] = []
    row = [*range(len(known) + 1)]
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and word[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)


@lru_cache(maxsize=1)
def _lexicon() -> frozenset[str]:
    names = (*INSTRUMENT_GROUPS, *ENSEMBLES, *BANDS, *TEMPO_RANGES, *DANCE_METRES, _MORE_WORDS)
    words = {word for name in names for word in name.split()}
    return frozenset(words | {f"{word}s" for word in words})


@lru_cache(maxsize=1)
def _by_length() -> dict[int, list[str]]:
    """Names of a single word that may be meant, by their length."""
    by_length = defaultdict(list)
    for name in (*INSTRUMENT_GROUPS, *TEMPO_RANGES, *DANCE_METRES, *_MORE_WORDS.split()):
        if len(name) >= _SHORTEST and name.isalpha():
            by_length[len(name)].append(name)
    return by_length


def _is_english(word: str) -> bool:
    """Whether a word, or what is left of it without an ending, is common in English text."""
    words = _english_words()
    return not words or any(word.removesuffix(ending) in words for ending in _ENDINGS)


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    """The words that the packaged text encoder knows whole; none where it is missing."""
    try:
        vocabulary = json.loads((MINILM / TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"]
    except (OSError, ValueError, KeyError):
        return frozenset()
    return frozenset(word for word in vocabulary if word.isalpha())
