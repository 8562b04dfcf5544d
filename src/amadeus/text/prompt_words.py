"""The words of prompts: instruments, tempo words, numbers, and idioms that only look like music.

A word such as "guitar" leaves the choice among several programs. Each group lists the programs
that count as the instrument, the preferred one first.
"""

from __future__ import annotations

import re
from itertools import groupby

from amadeus.music.instruments import DRUMS, EVERYDAY_NAMES
from amadeus.text.facts import TEMPO_EDGES, TEMPO_MARKINGS, TEMPO_WORDS
from amadeus.text.phrases import INSTRUMENTS, TEMPOS

SLOWEST_BPM, FASTEST_BPM = 20, 340
"""Tempi that music here can have, in quarter notes a minute."""

# Everyday names and the captioner's words are known without being listed here; what is listed
# means more programs than the everyday name does, or is one more word for it.
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
        for name in (everyday, *INSTRUMENTS.get(everyday, ())):
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
    synonyms = {wording.replace("-", " "): word for word in TEMPOS for wording in TEMPOS[word]}
    return ranges | {s: ranges[word] for s, word in (synonyms | _TEMPO_SYNONYMS).items()}


TEMPO_RANGES = _tempo_ranges()
"""Tempo word without hyphens -> the quarter notes a minute it allows, from low to below high."""
BARE_ADJECTIVES = frozenset(
    {"grave", "medium", "quick", "brisk", "rapid", "breakneck", "slowly", "quickly", "vivo"}
)
"""Everyday adjectives that mean the tempo only as a tag or beside "tempo" or "pace"."""

FOUR_FOUR_STYLES = (
    "march", "marches", "tango", "tangos", "reel", "reels", "hornpipe", "hornpipes", "bossa nova",
    "bossa", "samba", "rock", "rock and roll", "punk", "funk", "disco", "techno", "trance",
    "house music", "deep house", "hip hop", "reggae", "ska",
)  # fmt: skip
"""Styles in 4/4 unless a prompt says otherwise. In docs/corpus 70 % of marches are, 91 %
of rock, 92 to 100 % of reels, hornpipes, punk, funk, disco, hip hop and reggae."""

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

START = r"(?<![\w.])(?<![0-9],)"
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

_CHORD = (
    r"[A-G][#b]?(?:maj|min|dim|aug|sus|m)?[0-9]{0,2}(?:sus[24]|b5)?(?:/[A-G][#b]?)?"
    r"(?![\w/#]|[\s-](?:major|minor|maj|min|flat|sharp)\b)"
)
_NEXT_CHORD = rf"(?:\s?[,|→-]\s?|\s){_CHORD}"
PROGRESSION = re.compile(
    rf"\b(?:[Cc]hords?:?|[Oo]ver|goes)\s{_CHORD}(?:{_NEXT_CHORD})*"
    rf"|(?<!\w){_CHORD}(?:(?:{_NEXT_CHORD})+\sprogression|(?:{_NEXT_CHORD}){{2,}})"
)
"""Chord symbols in a row, which are no keys: three or more, or announced as chords."""
