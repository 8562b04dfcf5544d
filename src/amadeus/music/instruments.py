"""General MIDI instruments by number and by name.

Programs count from 0, as in MIDI bytes. Drums are not a program but a channel; here they are the
129th instrument, `DRUMS`.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from amadeus.errors import ScoreError

DRUMS = 128
"""The drum kit, numbered after the 128 programs."""

FAMILIES: tuple[str, ...] = (
    *("piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussive"),
    "sound effects",
)
"""The sixteen families of eight programs each."""

_FULL = """
acoustic grand piano, bright acoustic piano, electric grand piano, honky-tonk piano,
electric piano 1, electric piano 2, harpsichord, clavinet,
celesta, glockenspiel, music box, vibraphone, marimba, xylophone, tubular bells, dulcimer,
drawbar organ, percussive organ, rock organ, church organ, reed organ, accordion, harmonica,
tango accordion,
acoustic guitar (nylon), acoustic guitar (steel), electric guitar (jazz), electric guitar (clean),
electric guitar (muted), overdriven guitar, distortion guitar, guitar harmonics,
acoustic bass, electric bass (finger), electric bass (pick), fretless bass, slap bass 1,
slap bass 2, synth bass 1, synth bass 2,
violin, viola, cello, contrabass, tremolo strings, pizzicato strings, orchestral harp, timpani,
string ensemble 1, string ensemble 2, synth strings 1, synth strings 2, choir aahs, voice oohs,
synth voice, orchestra hit,
trumpet, trombone, tuba, muted trumpet, french horn, brass section, synth brass 1, synth brass 2,
soprano sax, alto sax, tenor sax, baritone sax, oboe, english horn, bassoon, clarinet,
piccolo, flute, recorder, pan flute, blown bottle, shakuhachi, whistle, ocarina,
lead 1 (square), lead 2 (sawtooth), lead 3 (calliope), lead 4 (chiff), lead 5 (charang),
lead 6 (voice), lead 7 (fifths), lead 8 (bass + lead),
pad 1 (new age), pad 2 (warm), pad 3 (polysynth), pad 4 (choir), pad 5 (bowed), pad 6 (metallic),
pad 7 (halo), pad 8 (sweep),
fx 1 (rain), fx 2 (soundtrack), fx 3 (crystal), fx 4 (atmosphere), fx 5 (brightness),
fx 6 (goblins), fx 7 (echoes), fx 8 (sci-fi),
sitar, banjo, shamisen, koto, kalimba, bagpipe, fiddle, shanai,
tinkle bell, agogo, steel drums, woodblock, taiko drum, melodic tom, synth drum, reverse cymbal,
guitar fret noise, breath noise, seashore, bird tweet, telephone ring, helicopter, applause,
gunshot
"""

_EVERYDAY = """
piano, piano, electric piano, honky-tonk piano, electric piano, electric piano, harpsichord,
clavinet,
celesta, glockenspiel, music box, vibraphone, marimba, xylophone, tubular bells, dulcimer,
organ, organ, rock organ, church organ, reed organ, accordion, harmonica, bandoneon,
nylon guitar, acoustic guitar, jazz guitar, electric guitar, muted guitar, overdriven guitar,
distorted guitar, guitar harmonics,
acoustic bass, electric bass, electric bass, fretless bass, slap bass, slap bass, synth bass,
synth bass,
violin, viola, cello, contrabass, tremolo strings, pizzicato strings, harp, timpani,
strings, strings, synth strings, synth strings, choir, voice, synth voice, orchestra hit,
trumpet, trombone, tuba, muted trumpet, french horn, brass, synth brass, synth brass,
soprano saxophone, alto saxophone, tenor saxophone, baritone saxophone, oboe, english horn,
bassoon, clarinet,
piccolo, flute, recorder, pan flute, blown bottle, shakuhachi, whistle, ocarina,
synth lead, synth lead, synth lead, synth lead, synth lead, synth lead, synth lead, synth lead,
synth pad, synth pad, synth pad, synth pad, synth pad, synth pad, synth pad, synth pad,
synth effects, synth effects, synth effects, synth effects, synth effects, synth effects,
synth effects, synth effects,
sitar, banjo, shamisen, koto, kalimba, bagpipes, fiddle, shehnai,
bells, agogo bells, steel drums, woodblock, taiko drum, toms, synth drum, reverse cymbal,
sound effects, sound effects, sound effects, sound effects, sound effects, sound effects,
sound effects, sound effects
"""


def _split(names: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\s+", " ", name.strip()) for name in names.split(","))


PROGRAM_NAMES: tuple[str, ...] = _split(_FULL)
"""The General MIDI Level 1 names, lower case, [128]."""
EVERYDAY_NAMES: tuple[str, ...] = (*_split(_EVERYDAY), "drums")
"""What a musician would call each instrument, [129]; several may share a name."""

_ALIASES = {
    "drum kit": DRUMS,
    "drum set": DRUMS,
    "percussion": DRUMS,
    "grand piano": 0,
    "keyboard": 0,
    "electric piano": 4,
    "rhodes": 4,
    "harmonium": 20,
    "hammond organ": 16,
    "guitar": 24,
    "classical guitar": 24,
    "clean guitar": 27,
    "distortion guitar": 30,
    "bass": 33,
    "bass guitar": 33,
    "upright bass": 32,
    "double bass": 32,
    "contrabass": 43,
    "violoncello": 42,
    "string section": 48,
    "horn": 60,
    "cor anglais": 69,
    "sax": 66,
    "saxophone": 66,
    "lead": 80,
    "synth": 80,
    "synthesizer": 80,
    "pad": 88,
}

# Top to bottom of a full score; a family that shares a staff group keeps its program order.
_SCORE_ORDER = (
    *("pipe", "reed", "brass", "chromatic percussion", "percussive", "piano", "organ", "guitar"),
    *("ensemble", "synth lead", "synth pad", "synth effects", "ethnic", "strings", "bass"),
    "sound effects",
)


def program_name(program: int) -> str:
    """The General MIDI name of a program 0-127, or "drums" for `DRUMS`."""
    return "drums" if _checked(program) == DRUMS else PROGRAM_NAMES[program]


def everyday_name(program: int) -> str:
    """What a musician would call a program 0-127 or `DRUMS`: "piano", "electric bass"."""
    return EVERYDAY_NAMES[_checked(program)]


def family_name(program: int) -> str:
    """The family of a program 0-127: "piano", "bass"; "drums" for `DRUMS`."""
    return "drums" if _checked(program) == DRUMS else FAMILIES[program // 8]


def score_position(program: int) -> tuple[int, int]:
    """Sort key that lists instruments as a full score does: winds first, bass and drums last."""
    if _checked(program) == DRUMS:
        return len(_SCORE_ORDER), 0
    return _SCORE_ORDER.index(family_name(program)), program


def find_instrument(name: str) -> int:
    """The program (0-127) or `DRUMS` that a name means; the first where several share it.

    General MIDI names, everyday names and common aliases are known, in any case, singular or
    plural. Raises ScoreError, with the closest known names, for any other.
    """
    wanted = " ".join(name.lower().split())
    for spelling in (wanted, wanted.removesuffix("s")):
        if spelling in _BY_NAME:
            return _BY_NAME[spelling]
    close = get_close_matches(wanted, _BY_NAME, n=3) or ["piano", "violin", "drums"]
    raise ScoreError(f"no instrument is called {name!r}; did you mean {', '.join(close)}?")


def _checked(program: int) -> int:
    if not 0 <= program <= DRUMS:
        raise ScoreError(f"program {program} does not exist; choose 0 to 127, or {DRUMS} for drums")
    return program


# Everyday names are entered last to first, so that the first program of a shared name stays.
_BY_NAME: dict[str, int] = {
    **{name: i for i, name in reversed(list(enumerate(EVERYDAY_NAMES)))},
    **{name: i for i, name in enumerate(PROGRAM_NAMES)},
    **_ALIASES,
}
