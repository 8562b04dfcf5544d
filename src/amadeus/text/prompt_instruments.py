"""The instruments a prompt names: which are to play, which are not, and whether any other may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from amadeus.music.instrument_words import BANDS, ENSEMBLES, INSTRUMENT_GROUPS, KIT_PARTS
from amadeus.text.prompt_refusals import Attitude, attitude
from amadeus.text.prompt_text import Span, Unread, contradiction


@dataclass(frozen=True, slots=True)
class StatedInstrument:
    """An instrument by the prompt's name for it."""

    name: str
    """Lower case: "upright bass"."""
    programs: tuple[int, ...]
    """Programs that count as it, the preferred one first; 128 for drums."""
    span: Span


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase that names an instrument, or an ensemble of several."""

    members: dict[str, tuple[int, ...]]
    """Name and programs of each instrument."""
    span: Span
    is_absent: bool = False
    is_implied: bool = False
    """Named by an ensemble or by "beat" only, so that "no drums" outweighs it."""
    is_band: bool = False
    """Of usual, not fixed instruments."""


# "drumless" is read as "drum" and "less".
_WORD = re.compile(r"[^\W_]+(?=less\b)|[^\W_]+(?:'[^\W_]+)*")
_JOINT = re.compile(r"\s{1,3}|-|\s?\(")
_LOOKALIKE = re.compile(r"-(?:like|style|inspired|esque|ish)\b", re.IGNORECASE)
_GROUPS_OF_PLAYERS = ENSEMBLES | BANDS
_VAGUE = frozenset(
    ("beat", "beats", "breakbeat", "breakbeats", "a cappella", "acapella", "a capella", "satb")
)
"""Words that imply an instrument rather than name it."""
_FIRST_WORDS = frozenset(name.split()[0] for name in (*INSTRUMENT_GROUPS, *_GROUPS_OF_PLAYERS))
_MOST_WORDS = max(len(name.split()) for name in (*INSTRUMENT_GROUPS, *_GROUPS_OF_PLAYERS))

_ARTICLE = r"(?:(?:any|the|an?|using)\s+)?"
_OR = re.compile(rf"\s*,?\s*\b(?:or|nor)\s+{_ARTICLE}", re.IGNORECASE)
_AND = re.compile(r"\s*(?:\band\b|&|/)\s*(?:(?:no|any|the|an?|all)\s+)?", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")

_ONLY_BEFORE = re.compile(
    r"(?<!not )\b(?:only|just|solely|(?:nothing|no (?:other )?instruments?)"
    r" (?:but|except|besides|other than)|exclusively|purely|unaccompanied)\s+"
    r"(?:(?:an?|the|one|some|for|on|with|uses?)\s+)?$",
    re.IGNORECASE,
)
_ONLY_AFTER = re.compile(
    r"[\s-]*\b(?:only(?!\s+(?:in|at|for|during|when|on|after|until)\b)|alone|unaccompanied"
    r"|and nothing else)\b",
    re.IGNORECASE,
)
_SOLO = re.compile(r"\bsolo\s+(?:[\w-]+\s+)?$", re.IGNORECASE)
_NOTHING_ELSE = re.compile(
    r"\bnothing else\b|\bno other instruments?\b|\ba cappella\b", re.IGNORECASE
)
_COMPANY = re.compile(r"\b(?:orchestra|band|ensemble|backing|accompan\w+)\b", re.IGNORECASE)


def find_mentions(unread: Unread) -> list[Mention]:
    """Every instrument named, in the order of the prompt, without those that are left open."""
    mentions = _named(unread)
    attitudes = []
    begin = 0
    for i, mention in enumerate(mentions):
        stance, start, end = attitude(unread.left, begin, mention.span.start, mention.span.end)
        attitudes.append(stance)
        refused = stance not in (Attitude.WANTED, Attitude.OPEN)
        mentions[i] = replace(mention, span=unread.span(start, end), is_absent=refused)
        begin = end
    _spread_refusals(unread.left, mentions, attitudes)
    return [m for m, stance in zip(mentions, attitudes, strict=True) if stance is not Attitude.OPEN]


def exclusion(unread: Unread, mentions: list[Mention]) -> Span | None:
    """The phrase that says nothing else plays, if there is one."""
    wanted = [mention for mention in mentions if not mention.is_absent]
    if not wanted:
        return None
    for mention in wanted:
        match = unread.is_after(_ONLY_BEFORE, mention.span.start)
        if match:
            return unread.span(mention.span.start - len(match[0]), mention.span.start)
        match = _ONLY_AFTER.match(unread.left, mention.span.end)
        if match:
            return unread.span(*match.span())
    match = unread.is_after(_SOLO, wanted[0].span.start)
    if match and len(wanted) == 1 and not _COMPANY.search(unread.left):
        return unread.span(wanted[0].span.start - len(match[0]), wanted[0].span.start)
    match = _NOTHING_ELSE.search(unread.left)
    return unread.span(*match.span()) if match else None


def resolve(
    mentions: list[Mention],
) -> tuple[tuple[StatedInstrument, ...], tuple[StatedInstrument, ...]]:
    """The instruments that are to play, without repetition, and those that are not.

    Raises ConfigError where one instrument is both.
    """
    absent = [
        StatedInstrument(name, programs, m.span)
        for m in mentions
        if m.is_absent
        for name, programs in m.members.items()
        if name not in KIT_PARTS and name.removesuffix("s") not in KIT_PARTS
    ]
    # What is only implied comes last: "drums" is a better name than "beat".
    wanted = sorted((m for m in mentions if not m.is_absent), key=lambda m: m.is_implied)
    wanted = _without_stand_ins(wanted)
    present = _without_repetition([i for m in wanted for i in _allowed(m, absent)])
    return tuple(sorted(present, key=lambda i: i.span.start)), tuple(absent)


def _named(unread: Unread) -> list[Mention]:
    """The longest name that begins at each word."""
    words = list(_WORD.finditer(unread.left))
    mentions = []
    i = 0
    while i < len(words):
        name, length = _longest_name(unread.left, words[i : i + _MOST_WORDS])
        end = words[i + max(length, 1) - 1].end()
        if name and not _LOOKALIKE.match(unread.left, end):
            members = {n: INSTRUMENT_GROUPS[n] for n in _GROUPS_OF_PLAYERS.get(name, (name,))}
            implied = name in _GROUPS_OF_PLAYERS or name in _VAGUE
            span = unread.span(words[i].start(), end)
            mentions.append(Mention(members, span, False, implied, name in BANDS))
        i += max(length, 1)
    return mentions


def _longest_name(text: str, words: list[re.Match[str]]) -> tuple[str, int]:
    """The longest name of an instrument or ensemble at the first word, and its words; "" and 0."""
    best, length = "", 0
    if words[0][0].lower() not in _FIRST_WORDS:
        return best, length
    name = ""
    for count, word in enumerate(words, 1):
        if count > 1 and not _JOINT.fullmatch(text, words[count - 2].end(), word.start()):
            break
        name = f"{name} {word[0].lower()}".strip()
        if name in INSTRUMENT_GROUPS or name in _GROUPS_OF_PLAYERS:
            best, length = name, count
    return best, length


def _spread_refusals(text: str, mentions: list[Mention], attitudes: list[Attitude]) -> None:
    """Mark what shares the refusal of another instrument: "no bass or drums"."""
    for i, stance in enumerate(attitudes):
        if stance in (Attitude.WANTED, Attitude.OPEN):
            continue
        sharing = [*_of_list(text, mentions, i, stance)]
        if stance is Attitude.REFUSED_BEHIND:
            sharing = [*_joined_to(text, mentions, i)]
        for other in sharing:
            if attitudes[other] is Attitude.WANTED:
                mentions[other] = replace(mentions[other], is_absent=True)


def _joined_to(text: str, mentions: list[Mention], last: int) -> Iterator[int]:
    """The mentions before the last one that "or" or "and" joins to it."""
    for i in range(last - 1, -1, -1):
        gap = (text, mentions[i].span.end, mentions[i + 1].span.start)
        if not (_OR.fullmatch(*gap) or _AND.fullmatch(*gap)):
            return
        yield i


def _of_list(text: str, mentions: list[Mention], first: int, stance: Attitude) -> range:
    """The mentions after the first one that its refusal covers.

    Commas carry it on only to an "or": in "no drums, piano and bass" the piano plays. They carry
    some refusals on to an "and", too: "leave out drums, piano and bass"; or to the end of a list:
    "unwanted: drums, piano".
    """
    last = first
    whole = stance in (Attitude.REFUSED_LIST, Attitude.REFUSED_ALL)
    is_open = True
    for i in range(first + 1, len(mentions)):
        gap = (text, mentions[i - 1].span.end, mentions[i].span.start)
        if _OR.fullmatch(*gap) or ((is_open or whole) and _AND.fullmatch(*gap)):
            last = i
        elif _COMMA.fullmatch(*gap):
            is_open = False
            last = i if stance is Attitude.REFUSED_ALL else last
        else:
            break
    return range(first + 1, last + 1)


def _without_stand_ins(wanted: list[Mention]) -> list[Mention]:
    """Mentions without what is only implied and what the prompt names itself.

    In "jazz trio with Rhodes and double bass" the trio stands for drums alone.
    """
    named = [set(programs) for m in wanted if not m.is_implied for programs in m.members.values()]
    kept = []
    for mention in wanted:
        members = mention.members
        if mention.is_implied:
            members = {n: p for n, p in members.items() if not any(s & set(p) for s in named)}
        if not (mention.is_band and len(named) >= len(mention.members)):
            kept.append(replace(mention, members=members))
    return kept


def _allowed(mention: Mention, absent: list[StatedInstrument]) -> list[StatedInstrument]:
    """The instruments of a mention, without programs that something else forbids."""
    allowed = []
    for name, programs in mention.members.items():
        forbidden = {p for other in absent for p in other.programs}
        left = tuple(p for p in programs if p not in forbidden)
        if left:
            allowed.append(StatedInstrument(name, left, mention.span))
        elif not mention.is_implied:
            other = next(o for o in absent if set(o.programs) & set(programs))
            raise contradiction(f"both asks for and forbids {name}", mention.span, other.span)
    return allowed


def _without_repetition(instruments: list[StatedInstrument]) -> list[StatedInstrument]:
    """A general word that a particular one fulfils is dropped: "guitar" beside "bass guitar"."""
    distinct: dict[frozenset[int], StatedInstrument] = {}
    for instrument in instruments:
        distinct.setdefault(frozenset(instrument.programs), instrument)
    return [
        instrument
        for programs, instrument in distinct.items()
        if not any(programs > other for other in distinct)
    ]
