"""What a prompt states exactly: tempo, key, metre, instruments and length.

Each reader claims the words it understands, so that none is read twice: the "beats" of "120 beats
per minute" are no drums. Moods, genres and everything else are left to the model, but for the metre
of dances and styles that have one: a waltz is in 3/4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from amadeus.errors import ConfigError
from amadeus.music.keys import Key
from amadeus.text.prompt_form import read_forms
from amadeus.text.prompt_harmony import fits_key, read_chords, read_degrees
from amadeus.text.prompt_instruments import StatedInstrument, exclusion, find_mentions, resolve
from amadeus.text.prompt_keys import key_sequence, plain_key, read_keys
from amadeus.text.prompt_languages import translation
from amadeus.text.prompt_length import Length, common_length, read_beats, read_lengths
from amadeus.text.prompt_metres import (
    is_open_metre,
    read_dances,
    read_metres,
    read_styles,
    refused_metres,
    usual_metre,
)
from amadeus.text.prompt_readers import Phrase, agreed
from amadeus.text.prompt_spelling import SPELLING
from amadeus.text.prompt_tempo import (
    common_range,
    read_changes,
    read_curves,
    read_tempo_words,
    read_tempos,
)
from amadeus.text.prompt_text import Span, Unknown, Unread
from amadeus.text.prompt_unknown import report_unknown
from amadeus.text.prompt_words import IDIOMS

MAX_CHARACTERS = 2000


class Chip(NamedTuple):
    """One phrase that was understood."""

    label: str
    """ "tempo", "key", "chords", "time signature", "form", "bars", "length", "instrument", "only"
    or "without"."""
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class PromptFacts:
    """What a prompt states. None and empty tuples mean: it is left to the model."""

    bpm: float | None = None
    """Quarter notes a minute; outweighs `tempo_range`."""
    final_bpm: float | None = None
    """Where the tempo moves: quarter notes a minute in the last bar."""
    tempo_change: str = ""
    """ "accelerando" or "ritardando", where no numbers say how far."""
    tempo_range: tuple[float, float] | None = None
    """Quarter notes a minute, from low to below high: what "slow" or "100-120 bpm" allow."""
    key: Key | None = None
    """The first key, if it is a kind of major or minor."""
    scales: tuple[str, ...] = ()
    """The keys and modes in their order, as `music.scales` names them."""
    chords: str = ""
    """A progression, one chord a bar: "Am F C G"; with bar lines, "Am F | C G"."""
    time_signature: str = ""
    """ "3/4"; one of the vocabulary's metres."""
    metre_is_usual: bool = False
    """Whether it is only what the style asked for is usually in."""
    metre_is_open: bool = False
    """Whether the time signature is to change, or is one that has no token."""
    refused_metres: tuple[str, ...] = ()
    form: str = ""
    """The sections: "A:8 B:8 A:8"; see `music.sections`."""
    instruments: tuple[StatedInstrument, ...] = ()
    """Each of these is to play, in the order of the prompt."""
    exclusive: bool = False
    """Whether the prompt says that nothing else plays: "solo piano", "drums only"."""
    absent: tuple[StatedInstrument, ...] = ()
    """None of the programs of these may play."""
    num_bars: int | None = None
    seconds: float | None = None
    """Length of the piece; how many bars that is depends on tempo and metre."""
    length: Length | None = None
    """The length in bars, beats or seconds, or its bounds."""
    unknown: tuple[Unknown, ...] = ()
    """What looks like an instruction and was not understood."""
    chips: tuple[Chip, ...] = ()
    """The phrases behind all this, in the order of the prompt."""


def parse_prompt(text: str) -> PromptFacts:
    """Read what a prompt states exactly.

    Raises ConfigError, naming both phrases, where two contradict each other; for a tempo or length
    out of range; and for a text of more than MAX_CHARACTERS.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            f"the prompt has {len(text):,} characters; shorten it to {MAX_CHARACTERS:,}"
        )
    unread = Unread(text, (*SPELLING, *translation(text)))
    lengths = read_beats(unread)
    forms = read_forms(unread)
    unread.skip(IDIOMS)
    chords = read_chords(unread)
    metres = read_metres(unread)
    dances = read_dances(unread)
    curves = read_curves(unread)
    tempos, tempo_ranges = read_tempos(unread)
    lengths += read_lengths(unread)
    keys = read_keys(unread)
    scales = key_sequence(unread, keys)
    chords += read_degrees(unread, scales[0] if scales else None)
    changes = read_changes(unread)
    tempo_ranges += read_tempo_words(unread)
    mentions = find_mentions(unread)
    only = exclusion(unread, mentions)
    instruments, absent = resolve(mentions)
    for mention in mentions:
        unread.claim(mention.span.start, mention.span.end)
    styles = read_styles(unread)
    metres = metres or usual_metre(unread, dances or styles)  # a rock waltz is a waltz
    bars, beats, seconds = (common_length(lengths, u) for u in ("bars", "beats", "seconds"))
    curve = agreed("changes of tempo", curves)
    tempos = [*(Phrase(c.value[0], c.span) for c in curves), *tempos]
    progression = agreed("progressions", chords) or ""
    # Chords outside the key outweigh it.
    fits = all(fits_key(progression, scale) for scale in scales)
    report_unknown(unread)
    return PromptFacts(
        bpm=agreed("tempi", tempos),
        final_bpm=curve[1] if curve else None,
        tempo_change=agreed("changes of tempo", changes) or "",
        tempo_range=common_range(tempo_ranges),
        key=plain_key(scales[0]) if scales else None,
        scales=() if progression and not fits else scales,
        chords=progression,
        time_signature=agreed("time signatures", metres) or "",
        form=agreed("forms", forms) or "",
        metre_is_open=not metres and is_open_metre(unread),
        refused_metres=refused_metres(unread),
        metre_is_usual=bool(styles) and metres == styles,
        instruments=_placed(unread, instruments),
        exclusive=only is not None,
        absent=_placed(unread, absent),
        num_bars=int(bars.exact) if bars and bars.exact else None,
        seconds=seconds.exact if seconds else None,
        length=bars or beats or seconds,
        unknown=tuple(sorted(unread.unknown, key=lambda unknown: unknown.span.start)),
        chips=_chips(
            unread,
            [Chip("tempo", f"{t.value:g} BPM", t.span) for t in tempos[len(curves) :]],
            [Chip("tempo", "{:g}->{:g} BPM".format(*t.value), t.span) for t in curves],
            [Chip("tempo", change.value, change.span) for change in changes],
            [Chip("chords", c.value, c.span) for c in chords],
            [Chip("tempo", "{}-{} BPM".format(*t.value), t.span) for t in tempo_ranges],
            [Chip("key", key.value, key.span) for key in keys],
            [Chip("time signature", metre.value, metre.span) for metre in metres],
            [Chip("form", form.value, form.span) for form in forms],
            [_length_chip(length) for length in lengths],
            [Chip("instrument", i.name, i.span) for i in instruments],
            [Chip("without", i.name, i.span) for i in absent],
            [Chip("only", "nothing else plays", only)] if only else [],
        ),
    )


def _length_chip(phrases: Phrase[Length]) -> Chip:
    length = phrases.value
    if length.unit == "bars":
        return Chip("bars", str(length).removesuffix(" bars"), phrases.span)
    return Chip("length", str(length), phrases.span)


def _placed(
    unread: Unread, instruments: tuple[StatedInstrument, ...]
) -> tuple[StatedInstrument, ...]:
    """Instruments whose spans are those of the prompt."""
    return tuple(replace(i, span=unread.original(i.span)) for i in instruments)


def _chips(unread: Unread, *groups: list[Chip]) -> tuple[Chip, ...]:
    chips = [chip._replace(span=unread.original(chip.span)) for group in groups for chip in group]
    return tuple(sorted(chips, key=lambda chip: chip.span.start))
