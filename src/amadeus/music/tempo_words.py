"""The words for tempi, and the quarter notes a minute that each of them allows."""

from __future__ import annotations

from itertools import groupby

SLOWEST_BPM, FASTEST_BPM = 20, 340
"""Tempi that music here can have, in quarter notes a minute."""

TEMPO_EDGES = (40, 60, 70, 90, 110, 140, 160, 210)
"""Where one tempo marking gives way to the next, in quarter notes a minute."""
TEMPO_MARKINGS = (
    *("grave", "largo", "adagio", "andante", "moderato", "allegro", "vivace", "presto"),
    "prestissimo",
)
TEMPO_WORDS = (
    *("very slow", "very slow", "slow", "slow", "moderate", "fast", "fast", "very fast"),
    "very fast",
)

CAPTION_WORDS = {
    "very slow": ("very slow", "extremely slow"),
    "slow": ("slow", "slow", "unhurried", "slow-paced"),
    "moderate": ("mid-tempo", "medium-tempo", "moderate"),
    "fast": ("fast", "fast", "quick", "up-tempo"),
    "very fast": ("very fast", "rapid"),
}
"""Tempo word -> how captions may put it."""

_VERY = ("very", "extremely", "really", "super", "ultra", "incredibly")
_TEMPO_SYNONYMS = {
    "lento": "largo",
    "larghetto": "adagio",
    "allegretto": "allegro",
    "vivacissimo": "presto",
    "larghissimo": "grave",
    "lentissimo": "grave",
    "adagietto": "andante",
    "andantino": "andante",
    "allegrissimo": "vivace",
    "vivo": "vivace",
    "veloce": "presto",
    "langsam": "slow",
    "mäßig": "moderate",
    "modéré": "moderate",
    "lebhaft": "vivace",
    "schnell": "fast",
    "slowly": "slow",
    "quickly": "fast",
    "medium swing": "moderate",
    "slow": "slow",
    "moderate": "moderate",
    "moderately paced": "moderate",
    "mid tempo": "moderate",
    "midtempo": "moderate",
    "medium": "moderate",
    "medium tempo": "moderate",
    "moderately slow": "slow",
    "moderately fast": "fast",
    "fast": "fast",
    "fast paced": "fast",
    "brisk": "fast",
    "uptempo": "fast",
    **{f"{very} slow": "very slow" for very in _VERY},
    **{f"{very} {fast}": "very fast" for very in _VERY for fast in ("fast", "quick")},
    "lightning fast": "very fast",
    "breakneck": "very fast",
}


def _tempo_ranges() -> dict[str, tuple[int, int]]:
    edges = (SLOWEST_BPM, *TEMPO_EDGES, FASTEST_BPM)
    ranges: dict[str, tuple[int, int]] = {}
    for words in (TEMPO_MARKINGS, TEMPO_WORDS):
        for word, bins in groupby(range(len(words)), key=words.__getitem__):
            first, *rest = bins
            ranges[word] = (edges[first], edges[first + len(rest) + 1])
    synonyms = {
        wording.replace("-", " "): word for word in CAPTION_WORDS for wording in CAPTION_WORDS[word]
    }
    return ranges | {s: ranges[word] for s, word in (synonyms | _TEMPO_SYNONYMS).items()}


TEMPO_RANGES = _tempo_ranges()
"""Tempo word without hyphens -> the quarter notes a minute it allows, from low to below high."""
BARE_ADJECTIVES = frozenset(
    {"grave", "medium", "quick", "brisk", "rapid", "breakneck", "slowly", "quickly", "vivo"}
)
"""Everyday adjectives that mean the tempo only as a tag or beside "tempo" or "pace"."""

BEAT_QUARTERS = {
    "♩.": 1.5,
    "dotted quarter": 1.5,
    "dotted quarter note": 1.5,
    "♩": 1.0,
    "quarter": 1.0,
    "quarter note": 1.0,
    "crotchet": 1.0,
    "𝅘𝅥": 1.0,
    "dotted crotchet": 1.5,
    "♪": 0.5,
    "eighth": 0.5,
    "eighth note": 0.5,
    "quaver": 0.5,
    "half": 2.0,
    "half note": 2.0,
    "𝅗𝅥": 2.0,
    "minim": 2.0,
    "dotted half": 3.0,
    "dotted half note": 3.0,
    "dotted minim": 3.0,
}
"""Length in quarter notes of the beat that a metronome mark counts."""
