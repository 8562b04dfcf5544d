"""Refusals: whether the words around an instrument ask for it, forbid it or leave it open.

The words before an instrument are read backwards, up to the beginning of the clause. Words that
carry no opinion are passed over ("any kind of"). A cue such as "without" or "leave out" forbids the
instrument, and two cues cancel each other ("don't forget the drums").
"""

from __future__ import annotations

import re
from enum import Enum


class Attitude(Enum):
    """The attitude of a prompt towards an instrument."""

    WANTED = "wanted"
    REFUSED = "refused"
    REFUSED_LIST = "refused with all instruments that follow in a list"
    REFUSED_ALL = "refused with all instruments up to the end of the list"
    REFUSED_BEHIND = "refused with all instruments that it is joined to"
    OPEN = "open"
    """Qualified, as in "no loud drums": neither asked for nor forbidden."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.split(","))


_NEGATIONS = _words("""
    0 aint arent cannot cant couldnt didnt doesnt dont isnt mustnt neednt neither never no nobody
    nor not nothing sans shouldnt without wont wouldnt zero
""")
_CUES = _phrases("""
    absence of, abstain from, all but, all instruments but, allergic to, anti, any instrument but,
    anything but, apart from, aside from, avoid, avoiding, avoids, ban, banning, barring, besides,
    clear of, cut all, cut out, cut the, detest, devoid of, dislike, dispense with, ditch,
    ditching, do away with, drop, drop all, drop the, dropping, eschew, every instrument but,
    everything but, everything but for, except, except for, except with, excepting, exclude,
    excludes, excluding, forbid, forbids, forego, forget, forget about, forgo, free from, free of,
    get rid of, getting rid of, hate, hates, hold the, in place of, instead of, keep away from,
    keep out, kill the, lack of, lacking, leave away, leave off, leave out, leaves out, leaving
    out, less, lose, losing, minus, mute the, muting, nary, negative prompt, nix, non, none of,
    omit, omits, omitting, other than, pass on, rather than, refrain from, refuse, reject, remove,
    removes, removing, replace, replacing, rule out, save for, scrap, sick of, skip, skipping,
    skips, spare me, stay away from, stay clear of, steer clear of, strip away, strip out, swap,
    swap out, switch off, take away, take out, tired of, turn off, turning off, unwanted
""")
_LOOSE = _phrases("hold the, skip, lose, forget, less, cut the, kill the, drop the, anti, non")
"""Cues with another meaning before other words: "hold the line", "skip to my Lou"."""
_SEPARABLE = _words("leave leaves leaving keep keeping take taking throw cut")
"""Verbs that refuse an instrument together with "out" or "away" behind it."""
_NOUNS = _words("drop kill cut hold")
"""Cues that are nouns after an article: "after the drop"."""
_ARTICLES = _words("a an the this that each every big first")
_LONGEST = max(map(len, _CUES))
_EXCEPTIONS = _phrases("but, except, except for, apart from, aside from, other than, besides")
"""Cues that ask for the instrument after "nothing" and "no instruments"."""
_FILLERS = _words("""
    a absolutely actually add adding additional all an any anything are as ask asked asking at be
    bear been being bit bring by can contain containing contains could dare definitely did do does
    even ever fan feature featuring for form forms from further get give has have having hear
    hearing hint i id in include included includes including instrument instruments into is it
    kind kinds let lets like likes live make me more music must my need needed needing needs nor
    of on one or other our piece pieces play playing plays please put real really should sign
    single some something song songs sort sorts sound sounds stand such sure that the them there
    these thing this those to trace track tracks tune tunes type types us use used uses using
    usual want wanted wants we will with would you your
""")
_PREPOSITIONS = _words("with for by featuring using")
_AFFIRMATIONS = _words("but just only solo plus")
_EXCESS = _words("too so very enough less fewer than only just merely")
"""After a negation these make a comparison: "not too many drums", "can't get enough drums"."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[,;:.!?()\n\0]| [-/+] ")
_CLAUSE_ENDS = r"(?=(?:\s+please)?\s*(?:$|[\0,;:.!?)\n]|-\s))"
_GONE = (
    r"(?:out|off|left\s+out|gone|a\s+no-?go|forbidden|prohibited|excluded|banned|omitted"
    r"|removed|absent|silent|muted|skipped|disabled|unwanted|unwelcome|unneeded|unnecessary|nope|nah|no|none|zero|0)"
)
_IS = r"(?:are|is|were|should|must|may|can|could|will|would|to|do|does|have|has|need)"
# "The piano should not play" forbids it; "the piano should not be too loud" does not.
_PLAYS = (
    r"(?:\s+(?:to\s+|have\s+to\s+)?(?:be\s+)?(?:there|present|included|used|heard|needed|wanted"
    r"|necessary|allowed|welcome|required|appear|play|sound|enter|part\s+of|in\s+it|at\s+all)\b"
    rf"(?!\s+(?:too|so|very|only|just|as|like|loud))|{_CLAUSE_ENDS})"
)
_AFTER = re.compile(
    r"\s*(?:"
    r"[,?:;=-]*\s*(?:no,?\s+thanks?(?:\s+you)?|no\s+way|not\s+(?:wanted|needed|included|necessary"
    r"|allowed|welcome|required|desired|please|for\s+me|this\s+time)|none,?\s+please)\b"
    rf"|(?:\s*[?:=]|\s-|(?<=\s))\s*{_GONE}\b{_CLAUSE_ENDS}"
    rf"|(?:{_IS}|stays?|remains?|sit)"
    r"(?:\s+(?:strictly|absolutely|totally|completely|definitely|simply|all))?"
    rf"(?:\s+(?:to\s+)?(?:be|stay|remain|this\s+one))?\s+"
    rf"(?:(?:not|never)\b{_PLAYS}|{_GONE}\b{_CLAUSE_ENDS})"
    rf"|(?:{_IS}|ca|wo)n(?:'t|ot)\b{_PLAYS}"
    r"|must\s+go\b|can\s+(?:go|stay\s+home)\b"
    r")",
    re.IGNORECASE,
)
_OUT = re.compile(r"\s+(?:out|away|off|aside|at\s+home)\b(?!\s+(?:loud|front))", re.IGNORECASE)
_FREE = re.compile(r"-?less\b|[\s-]free\b(?!\s+(?:jazz|improv|style|form))", re.IGNORECASE)


def attitude(text: str, begin: int, start: int, end: int) -> tuple[Attitude, int, int]:
    """The attitude of a text towards the instrument at text[start:end], and where it is stated.

    begin: where the words before it may begin: the end of the instrument before, or 0.
    """
    stance, first = _before(text, begin, start)
    free = _FREE.match(text, end)
    if free:
        return Attitude.REFUSED, start, free.end()
    out = _OUT.match(text, end)
    if stance is None and out:  # "leave the drums out"
        return Attitude.REFUSED_BEHIND, first, out.end()
    if stance is not None and stance is not Attitude.WANTED:
        return stance, first, end
    after = _AFTER.match(text, end)
    if after:
        return Attitude.REFUSED_BEHIND, start, after.end()
    return Attitude.WANTED, start, end


def _before(text: str, begin: int, start: int) -> tuple[Attitude | None, int]:
    """The attitude of the words before an instrument, and where they begin.

    None where that depends on an "out" behind it: "leave the drums out".
    """
    matches = list(_WORD.finditer(text, max(begin, start - 120), start))
    words = [m[0].lower().replace("'", "") for m in matches]
    is_heading = False  # "unwanted: drums"
    while ":" in words and _cue_ending_at(words, words.index(":") - 1):
        is_heading = True
        del matches[words.index(":")]
        words.remove(":")
    clause = 1 + max((i for i, word in enumerate(words) if not word[-1].isalnum()), default=-1)
    matches, words = matches[clause:], words[clause:]
    unknown = 0
    i = len(words) - 1
    while i >= 0:
        cue = _cue_ending_at(words, i)
        if cue:
            position = i - len(cue) + 1
            meaning = _meaning(words, position, cue, unknown)
            if is_heading and meaning is not Attitude.WANTED:
                meaning = Attitude.REFUSED_ALL
            return meaning, matches[position].start()
        word = words[i]
        if word in _SEPARABLE:
            return None, matches[i].start()
        if word in _AFFIRMATIONS or (unknown and word in _PREPOSITIONS):
            break
        if word not in _FILLERS:
            unknown += 1
        if unknown > 2:
            break
        i -= 1
    return Attitude.WANTED, start


def _cue_ending_at(words: list[str], end: int) -> tuple[str, ...]:
    """The longest cue that ends with a word, or ()."""
    for length in range(min(_LONGEST, end + 1), 0, -1):
        phrase = tuple(words[end - length + 1 : end + 1])
        is_noun = phrase[0] in _NOUNS and end >= length and words[end - length] in _ARTICLES
        if not is_noun and (phrase in _CUES or (length == 1 and phrase[0] in _NEGATIONS)):
            return phrase
    return ("but",) if words[end] == "but" and _is_nothing(words, end) else ()


def _is_nothing(words: list[str], end: int) -> bool:
    """Whether the words before a position say that there is nothing."""
    last = words[max(0, end - 3) : end]
    return bool(last) and (
        last[-1] == "nothing" or (last[-1].startswith("instrument") and "no" in last[:-1])
    )


def _meaning(words: list[str], position: int, cue: tuple[str, ...], unknown: int) -> Attitude:
    """The attitude that a cue expresses; unknown: number of unknown words after it."""
    name = cue[-1]
    follows = words[position + len(cue) :]
    if cue in _EXCEPTIONS and _is_nothing(words, position):
        return Attitude.WANTED
    if name in _NEGATIONS and (_EXCESS & set(follows[:2])):
        return Attitude.WANTED
    if name not in _NEGATIONS or name == "without":
        before = [w for w in words[:position] if w not in _FILLERS]
        if before and before[-1] in _NEGATIONS and before[-1] != "without":
            return Attitude.WANTED  # "don't forget the drums"
    has_preposition = bool(_PREPOSITIONS & set(follows))
    if unknown and has_preposition and (name == "without" or cue in _LOOSE):
        return Attitude.WANTED  # "songs without words for piano"
    if unknown:
        is_open = name in _NEGATIONS or has_preposition
        return Attitude.OPEN if is_open else Attitude.REFUSED
    is_clause = name not in _NEGATIONS or name.endswith("nt")
    return Attitude.REFUSED_LIST if is_clause else Attitude.REFUSED
