"""The words for instruments: everyday names, synonyms, ensembles and bands.

A word such as "guitar" leaves the choice among several programs. Each group lists the programs
that count as the instrument, the preferred one first.
"""

from __future__ import annotations

import re

from amadeus.music.instruments import DRUMS, EVERYDAY_NAMES

CAPTION_WORDS = {
    "piano": ("piano",) * 12 + ("acoustic piano", "grand piano"),
    "electric piano": ("electric piano", "electric piano", "Rhodes"),
    "nylon guitar": ("nylon guitar", "acoustic guitar", "classical guitar", "guitar"),
    "acoustic guitar": ("acoustic guitar", "acoustic guitar", "steel-string guitar", "guitar"),
    "electric guitar": ("electric guitar", "electric guitar", "clean electric guitar", "guitar"),
    "jazz guitar": ("jazz guitar", "electric guitar", "guitar"),
    "muted guitar": ("muted guitar", "muted electric guitar", "palm-muted guitar"),
    "overdriven guitar": ("overdriven guitar", "electric guitar", "overdriven electric guitar"),
    "distorted guitar": ("distorted guitar", "distortion guitar", "distorted electric guitar"),
    # "A classical guitar harmonics piece" would speak of a classical guitar.
    "guitar harmonics": ("harmonics on the guitar",),
    "acoustic bass": ("acoustic bass", "upright bass", "double bass"),
    "electric bass": ("electric bass", "electric bass", "bass guitar", "bass"),
    "contrabass": ("contrabass", "double bass"),
    "strings": ("strings", "strings", "string section", "string ensemble"),
    "choir": ("choir", "choir", "voices"),
    "french horn": ("french horn", "French horn", "horn"),
    "english horn": ("english horn", "cor anglais"),
    "brass": ("brass", "brass section"),
    "organ": ("organ", "Hammond organ"),
    "church organ": ("church organ", "pipe organ"),
    "soprano saxophone": ("soprano saxophone", "soprano sax"),
    "alto saxophone": ("alto saxophone", "alto sax"),
    "tenor saxophone": ("tenor saxophone", "tenor sax", "saxophone"),
    "baritone saxophone": ("baritone saxophone", "baritone sax"),
    "synth lead": ("synth lead", "lead synth"),
    "synth pad": ("synth pad", "synth pads"),
    "drums": ("drums", "drums", "drums", "drum kit"),
}
"""Everyday name -> how captions may put it, the more usual words repeated."""

# Everyday names and caption words need no entry here. What is listed means more programs than
# the everyday name does, or is another word for it.
_GROUPS = """
piano, pianoforte = 0-3; grand piano, acoustic piano = 0-1; upright piano = 0 1 3
honky tonk, tack piano = 3; electric piano, e piano = 4 5 2; rhodes, wurlitzer = 4 5
keyboard = 0-7 16-20; clavichord = 7 6; celeste = 8; bells = 112 14 9; vibes = 11
church bells, chimes = 14; hammered dulcimer = 15
organ = 16-20; hammond, hammond organ = 16-18; church organ, pipe organ = 19; harmonium = 20
accordion, concertina = 21 23; bandoneon, tango accordion = 23 21; squeezebox = 21
blues harp, mouth organ, melodica = 22
guitar, rhythm guitar = 24-31; acoustic guitar = 24 25; nylon string guitar = 24
classical guitar, spanish guitar, flamenco guitar = 24 25; ukulele, lute, oud = 24 25
steel guitar, steel string guitar, 12 string guitar, mandolin = 25 24; pedal steel = 25-27
electric guitar, lead guitar = 27 26 28-30; clean guitar, clean electric guitar = 27 26
palm muted guitar = 28; overdriven guitar, overdriven electric guitar = 29 30
distorted guitar, distortion guitar, distorted electric guitar, heavy guitar = 30 29
bass, bass line, bassline, walking bass = 33 32 34-39; electric bass, bass guitar = 33-35
acoustic bass, upright bass, double bass, standup bass, string bass = 32 43; contrabass = 43 32
fretless bass = 35; slap bass = 36 37; slapped bass, popped bass = 36 37
synth bass, bass synth, sub bass, 808 bass, acid bass, reese bass = 38 39
violin = 40 110; fiddle = 110 40; violoncello, celli = 42; harp, concert harp = 46
tremolo strings = 44 48; pizzicato strings, pizzicato, plucked strings = 45; kettledrums = 47
strings, string section, string ensemble, string orchestra, orchestral strings = 48-51 44
synth strings, string pad, string machine = 50 51 48
choir, chorus of voices, chant, choral voices, a cappella = 52-54; voices, vocals = 52-54
voice, vocal, singing, singer, voice oohs = 53 52 54; synth voice, vocoder = 54
trumpet = 56 59; cornet, flugelhorn, bugle = 56; euphonium = 57 58; bass trombone = 57
brass, brass section, brass ensemble, brass band, horns, horn section = 61 56-60
horn, french horn = 60; synth brass = 62 63; muted trumpet = 59
sax, saxophone = 66 64 65 67; alto sax = 65; tenor sax = 66; soprano sax = 64
baritone sax, bari sax = 67; cor anglais = 69; bass clarinet = 71; contrabassoon = 70
woodwinds, woodwind, wind section = 73 68-72 74; bass flute, alto flute = 73
panpipes, pan pipes, zampona = 75; tin whistle, penny whistle, whistling = 78 72
synth, synthesizer, synthesiser, analog synth, arp synth = 80-95 38 39 50 51 62 63
synth lead, lead synth, saw lead, square lead, chiptune lead, lead synthesizer = 80-87
synth pad, pad synth, pad, ambient pad = 88-95; synth effects = 96-103
steel drum, steel pan, steelpan = 114; taiko, taiko drum = 116; melodic tom, toms = 117 128
synth drum, electronic tom = 118 128; bagpipe, pipes and drums = 109; woodblock = 115 128
kalimba, thumb piano, mbira = 108; shehnai = 111; erhu = 110 40; shamisen = 106; guzheng = 107
drums, drum, drum kit, drum set, drumkit, drumset, drum machine, brushed drums, drum beat = 128
breakbeat, drumming, drum loop, percussion section = 128; percussion, percussive = 128 112-119
808 drums, trap drums, rock drums, jazz drums, acoustic drums, electronic drums = 128
snare, snare drum, kick drum, bass drum, hi hat, hihat, cymbal, ride cymbal, tom tom = 128
conga, bongo, shaker, tambourine, cowbell, maracas, timbales, tabla, djembe, cajon = 128
handclap, brushes, rimshot, beat, kit, bodhran, castanets = 128; 808, 808 kit, 909 = 128
808s = 38 39; keys = 0-7 16-20; glock = 9; uke = 24 25; zither, santoor, cimbalom = 15
slide guitar, lap steel = 25-27; dobro, resonator guitar, bouzouki, balalaika = 25 24
soprano, mezzo soprano, satb, acapella, a capella = 53 52 54; saxes = 66 64 65 67; cembalo = 6
soprano recorder, alto recorder, tenor recorder, bass recorder = 74; hammond b3 = 16-18
alto saxes = 65; tenor saxes = 66; soprano saxes = 64; baritone saxes, bari saxes = 67
"""
KIT_PARTS = frozenset((
    "snare", "snare drum", "kick drum", "bass drum", "hi hat", "hihat", "cymbal", "ride cymbal",
    "tom tom", "conga", "bongo", "shaker", "tambourine", "cowbell", "maracas", "timbales", "tabla",
    "djembe", "cajon", "handclap", "brushes", "rimshot",
))  # fmt: skip
"""Parts of a drum kit: with one there are drums, but "no cymbals" does not forbid them."""

_WIND_QUINTET = ("flute", "oboe", "clarinet", "bassoon", "french horn")
_ORCHESTRA = ("strings", "flute", "french horn", "timpani")
ENSEMBLES: dict[str, tuple[str, ...]] = {
    "string quartet": ("violin", "viola", "cello"),
    "string trio": ("violin", "viola", "cello"),
    "string quintet": ("violin", "viola", "cello"),
    "string sextet": ("violin", "viola", "cello"),
    "string duo": ("violin", "cello"),
    "wind quintet": _WIND_QUINTET,
    "woodwind quintet": _WIND_QUINTET,
    "wind quartet": _WIND_QUINTET[:4],
    "woodwind quartet": _WIND_QUINTET[:4],
    "reed trio": _WIND_QUINTET[1:4],
    "brass quintet": ("trumpet", "french horn", "trombone", "tuba"),
    "brass quartet": ("trumpet", "french horn", "trombone"),
    "brass trio": ("trumpet", "french horn", "trombone"),
    "piano trio": ("piano", "violin", "cello"),
    "piano quartet": ("piano", "violin", "viola", "cello"),
    "piano quintet": ("piano", "violin", "viola", "cello"),
    "clarinet quintet": ("clarinet", "violin", "viola", "cello"),
    "flute quartet": ("flute", "violin", "viola", "cello"),
    "sax quartet": ("soprano sax", "alto sax", "tenor sax", "baritone sax"),
    "saxophone quartet": ("soprano sax", "alto sax", "tenor sax", "baritone sax"),
    "basso continuo": ("harpsichord", "cello"),
}
"""Ensembles of fixed instruments."""
BANDS: dict[str, tuple[str, ...]] = {
    "power trio": ("electric guitar", "electric bass", "drums"),
    "rock band": ("electric guitar", "electric bass", "drums"),
    "punk band": ("electric guitar", "electric bass", "drums"),
    "metal band": ("distorted guitar", "electric bass", "drums"),
    "rhythm section": ("bass", "drums"),
    "jazz trio": ("piano", "upright bass", "drums"),
    "jazz piano trio": ("piano", "upright bass", "drums"),
    "jazz quartet": ("sax", "piano", "upright bass", "drums"),
    "jazz quintet": ("trumpet", "sax", "piano", "upright bass", "drums"),
    "jazz combo": ("sax", "piano", "upright bass", "drums"),
    "jazz band": ("trumpet", "sax", "piano", "upright bass", "drums"),
    "organ trio": ("hammond organ", "electric guitar", "drums"),
    "big band": ("trumpet", "trombone", "sax", "piano", "upright bass", "drums"),
    "dixieland band": ("trumpet", "clarinet", "trombone", "banjo", "tuba", "drums"),
    "bluegrass band": ("banjo", "fiddle", "acoustic guitar", "upright bass"),
    "mariachi": ("trumpet", "violin", "acoustic guitar"),
    "marching band": ("brass", "drums"),
    **dict.fromkeys(("orchestra", "symphony orchestra", "full orchestra"), _ORCHESTRA),
    "chamber orchestra": ("strings", "flute", "oboe", "french horn"),
}
"""Bands of usual instruments: they stand for these where a prompt does not name as many itself."""


def _programs(ranges: str) -> tuple[int, ...]:
    """ "24 26-28" as (24, 26, 27, 28)."""
    ends = [[int(end) for end in part.split("-")] for part in ranges.split()]
    return tuple(program for pair in ends for program in range(pair[0], pair[-1] + 1))


def _plurals(name: str) -> tuple[str, ...]:
    if name.endswith("ss"):
        return (name, name + "es")
    return (name,) if name.endswith("s") else (name, name + "s")


def _instrument_groups() -> dict[str, tuple[int, ...]]:
    groups = {}
    for everyday in EVERYDAY_NAMES:
        programs = tuple(p for p in range(DRUMS + 1) if EVERYDAY_NAMES[p] == everyday)
        for name in (everyday, *CAPTION_WORDS.get(everyday, ())):
            groups[name.lower()] = programs
    for line in re.split(r"[;\n]", _GROUPS.strip()):
        names, programs_text = line.split(" = ")
        groups |= dict.fromkeys(names.strip().split(", "), _programs(programs_text))
    return {
        plural.replace("-", " "): programs
        for name, programs in groups.items()
        for plural in _plurals(name)
    }


INSTRUMENT_GROUPS = _instrument_groups()
"""Lower-case name without hyphens -> the programs (128 for drums) that count as it."""
