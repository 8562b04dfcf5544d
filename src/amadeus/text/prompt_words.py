"""The words of prompts: styles, beats, numbers, and idioms that only look like music.

The words for instruments and tempi are in `music.instrument_words` and `music.tempo_words`.
"""

from __future__ import annotations

import re

FOUR_FOUR_STYLES = (
    "march", "marches", "tango", "tangos", "reel", "reels", "hornpipe", "hornpipes", "bossa nova",
    "bossa", "samba", "rock", "rock and roll", "punk", "funk", "disco", "techno", "trance",
    "house music", "deep house", "hip hop", "reggae", "ska",
)  # fmt: skip
"""Styles in 4/4 unless a prompt says otherwise. In docs/corpus 70 % of marches are, 91 %
of rock, 92 to 100 % of reels, hornpipes, punk, funk, disco, hip hop and reggae."""

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_BEFORE_TEEN = ("thir", "four", "fif", "six", "seven", "eigh", "nine")
_TEENS = ["ten", "eleven", "twelve", *(f"{word}teen" for word in _BEFORE_TEEN)]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORTH = {word: i for i, word in enumerate([*_ONES, *_TEENS], 1)}
_WORTH |= {word: 10 * i for i, word in enumerate(_TENS, 2)}

_LONGEST_FIRST = "|".join(sorted(_WORTH, key=len, reverse=True))
_BELOW_HUNDRED = rf"(?:(?:{'|'.join(_TENS)})[\s-]?(?:{'|'.join(_ONES)})\b|{_LONGEST_FIRST})"
NUMBER = (
    r"(?:[0-9]{1,6}(?:\.[0-9]{1,3})?"
    rf"|(?:a|one|two|three)[\s-]hundred(?:(?:[\s-]and)?[\s-]{_BELOW_HUNDRED})?|{_BELOW_HUNDRED})"
)
"""Pattern of a number in digits, or in words below four hundred."""

START = r"(?<![\w.])(?<![0-9],)(?=[0-9abefhnoqstABEFHNOQST])"
"""Where a number may begin."""


def read_number(text: str) -> float:
    """The value of what NUMBER matched: 120.0 for "120" and for "one hundred and twenty"."""
    if text[0].isdigit():
        return float(text)
    hundreds, _, rest = text.lower().rpartition("hundred")
    hundred = 100 * _WORTH.get(hundreds.strip(" -"), 1) if hundreds else 0
    return float(hundred + sum(_WORTH[word] for word in re.findall(_LONGEST_FIRST, rest)))


_FEW = "[0-9]+|one|two|three|four|five|six|eight|several|many"
IDIOMS = re.compile(
    r"\b(?:"
    r"without (?:a |any )?doubt|no doubt|no matter|nothing beats|"
    r"strings attached|piano roll|bass drop|(?:on|into) the keys|keys? change"
    r"|(?:major|minor|all|both|two|three|four|several|different|various|many|other|distant|related"
    r"|through|between|sharp|flat|black|white|piano|the|of|chang\w+|modulat\w+)"
    r" keys|singer[\s-]songwriter|bells and whistles|second fiddle"
    r"|fiddl(?:e|ing) (?:with|about|around)"
    r"|fit as a fiddle|brass tacks|drum up|sea bass|bass (?:clef|fishing|voice|heavy|boosted)"
    r"|(?<!bass )drum (?:and|&|'?n'?) bass(?! (?:clar|guit|line|drum))"
    r"|synth[\s-](?:pop|wave|rock)|(?:instrumental )?guitar (?:rock|hero)"
    r"|(?:keyboard|key) (?:sonata|suite)|organ (?:donor|transplant)|tape recorder|key largo"
    r"|(?:inner|middle|outer) voices?|voice[\s-]leading|voices? of|voices? in \w+ heads?"
    rf"|(?:{_FEW})[\s-](?:voices?|part)|vocal[\s-]like"
    r"|(?:film|tape|show|demo|news|highlights?)[\s-]?reels?|reel[\s-]to[\s-]reel|in a trance"
    r"|rock[\s-](?:bottom|solid|garden|pool)"
    r"|(?:in|of|by|since|until|last|next|early|mid|late)[\s-]march(?! (?:time|tempo|rhythm|style))"
    r"|march (?:[0-9]+|winds?|rain|mornings?|evenings?|hare)"
    r"|(?:car|fog|air) horns?|bull[\s-]?horn|horn of plenty"
    r"|(?:twelve|12|eight|8|sixteen|16)[\s-]bar blues|fast (?:food|asleep)"
    rf"|(?:every|each|per|off|down|up|back|first|last|heart|weak|strong|on|to|{_FEW})[\s-]beats?"
    r"(?![\s-]*(?:per|a|/)[\s-]*min)"
    r"|beats? (?:of (?:my|your|his|her|the|rest|silence)|the|them|him|me|us|up|[0-9])"
    r")\b",
    re.IGNORECASE,
)
"""Idioms in which a word of music means something else, or no instrument, tempo or bar count."""
