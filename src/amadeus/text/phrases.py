"""The words of captions: how each fact may be put, as an adjective, a phrase, a tag or a clause."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from amadeus.music.chords import parse_chord
from amadeus.music.keys import Key
from amadeus.text.facts import Facts


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates for one fact; `{}` stands for its value."""

    phrase: tuple[str, ...]
    """Follows a noun: "a song in A minor"."""
    tag: tuple[str, ...]
    """Stands alone between commas: "A minor"."""
    clause: tuple[str, ...]
    """A sentence of its own: "The key is A minor"."""
    adjective: tuple[str, ...] = ()
    """Precedes a noun, where the fact can: "a slow song"."""


WORDINGS: dict[str, Wording] = {
    "instruments": Wording(
        ("for {}", "with {}", "with {}", "featuring {}", "played on {}", "using {}"),
        ("{}", "{}", "{}", "with {}", "featuring {}"),
        ("It features {}", "The instruments are {}", "It is scored for {}", "It is for {}"),
    ),
    "no_drums": Wording(
        ("without drums", "with no drums"), ("no drums", "without drums"), ("There are no drums",)
    ),
    "mood": Wording(
        ("with a {} mood", "with a {} feel"),
        ("{}", "{}", "{} mood"),
        ("The mood is {}", "It feels {}", "It sounds {}"),
        ("{}",),
    ),
    "tempo": Wording(
        ("at a {} tempo", "at a {} pace"),
        ("{}", "{} tempo"),
        ("The tempo is {}", "It moves at a {} pace"),
        ("{}",),
    ),
    "bpm": Wording(
        ("at {} bpm", "at {} BPM", "at {} beats per minute", "at {}bpm"),
        ("{} bpm", "{} BPM", "{} beats per minute", "{}bpm", "tempo {}", "tempo: {} bpm"),
        ("The tempo is {} bpm", "It moves at {} BPM", "The tempo is {} beats per minute"),
    ),
    "key": Wording(
        ("in {}", "in {}", "in {}", "in the key of {}"),
        ("{}", "{}", "in {}", "key of {}", "key: {}"),
        ("It is in {}", "The key is {}", "It is written in {}"),
    ),
    "metre": Wording(
        ("in {}",),
        ("{}", "{}", "in {}"),
        ("The metre is {}", "The meter is {}", "The time signature is {}", "It is in {}"),
    ),
    "bars": Wording(
        ("of {} bars", "lasting {} bars"),
        ("{} bars", "{} bars", "{} measures", "{} bars long"),
        ("It is {} bars long", "It lasts {} bars"),
    ),
    "length": Wording(("lasting about {}",), ("about {}", "about {} long"), ("It lasts about {}",)),
    "density": Wording(
        ("with a {} texture",), ("{}", "{} texture"), ("The texture is {}",), ("{}",)
    ),
    "texture": Wording(("with {}",), ("{}",), ("It has {}",)),
    "register": Wording(
        ("in a {} register",), ("{} register",), ("It stays in a {} register", "It lies {}")
    ),
    "sections": Wording(
        ("in {} form", "with an {} form"),
        ("{} form", "form: {}", "{}"),
        ("It is in {} form", "The form is {}"),
    ),
    "loop": Wording(
        ("built on {}", "over {}"),
        ("{}", "built on {}"),
        ("It is built on {}", "It repeats {}"),
    ),
    "chords": Wording(
        ("over {}", "on the chords {}", "with the chords {}"),
        ("chords {}", "chords: {}", "{} progression"),
        ("The chords are {}", "The harmony goes {}"),
    ),
    "composer": Wording(
        ("in the style of {}", "in the manner of {}"),
        ("{} style", "in the style of {}", "like {}"),
        ("It sounds like {}", "The style is that of {}"),
    ),
    "makam": Wording(("in {}",), ("{}",), ("It is in {}",)),
    "performed": Wording(
        ("with rubato", "with free timing"),
        ("freely played", "played freely", "rubato", "expressive timing"),
        ("It is freely played", "The timing is free", "It is played with rubato"),
    ),
}

MOODS = {
    "happy": (
        "happy",
        "cheerful",
        "joyful",
        "upbeat",
        "bright",
        "lively",
        "energetic",
        "uplifting",
    ),
    "tense": ("tense", "dramatic", "dark", "intense", "restless", "energetic", "driving"),
    "sad": ("sad", "melancholic", "mournful", "wistful", "gloomy", "sorrowful", "mysterious"),
    "calm": ("calm", "peaceful", "gentle", "relaxed", "tender", "serene", "soothing", "dreamy"),
}
DENSITIES = {"sparse": ("sparse", "spacious"), "busy": ("busy", "dense")}
TEXTURES = {
    "monophonic": ("a single melodic line", "one unaccompanied line"),
    "homophonic": ("a chordal texture", "a homophonic texture"),
}
_CLASSICAL_NOUNS = ("piece", "piece", "work", "composition")
_THEME_NOUNS = ("theme", "tune", "track", "music")
_SONG_NOUNS = ("song", "track", "tune", "piece")
_BEAT_NOUNS = ("beat", "groove", "drum pattern", "drum track")
_PLAIN_NOUNS = ("piece", "piece", "tune", "composition")
_CLASSICAL_WORDS = ("classical", "baroque", "Romantic", "Renaissance", "Impressionist", "early")
_THEME_WORDS = ("game", "film", "anime", "bit", "show")

_VOWEL_SOUNDS = ("a", "e", "i", "o", "8", "un", "up", "r&b")
_METRE_NAMES = {"3/4": "waltz time", "4/4": "common time", "2/2": "cut time"}
_METRE_COUNTS = {"2/4": "two", "3/4": "three", "4/4": "four"}
_ROOTS = ("Gb", "Db", "Ab", "Eb", "Bb", *"FCGDAEB", "F#", "C#", "G#", "D#", "A#")
_FIFTHS = tuple(enumerate(_ROOTS, start=-6))
"""Roots by fifths above C."""
_RESPELLED_KEYS = {
    "Db major": "C# major",
    "F# major": "Gb major",
    "Eb minor": "D# minor",
    "G# minor": "Ab minor",
    "Bb minor": "A# minor",
}


def nouns(facts: Facts, genre: str) -> tuple[str, ...]:
    """What a piece of this genre is called."""
    if facts.instruments == ("drums",):
        return _BEAT_NOUNS
    if any(word in " ".join(facts.genres) for word in _CLASSICAL_WORDS):
        return _CLASSICAL_NOUNS
    if any(word in genre for word in _THEME_WORDS):
        return _THEME_NOUNS
    if not genre or facts.forms:
        return _PLAIN_NOUNS
    slow = ("ballad",) if "slow" in facts.tempo_word and not facts.performed else ()
    waltz = ("waltz",) if facts.time_signature == "3/4" and not facts.performed else ()
    return _SONG_NOUNS + slow + waltz


def key_words(facts: Facts, rng: Random, short: bool) -> str:
    """ "A minor", "B-flat major"; "Am" where `short`; now and then the enharmonic spelling."""
    name = str(facts.key)
    tonic, mode = (_RESPELLED_KEYS.get(name, name) if rng.random() < 0.1 else name).split()
    draw = rng.random()
    if draw < 0.12 and short:
        return tonic + ("m" if mode == "minor" else "maj")
    if draw < 0.2 and len(tonic) == 2:
        tonic = tonic[0] + {"b": "-flat", "#": "-sharp"}[tonic[1]]
    return f"{tonic} {mode}"


def metre_words(facts: Facts, rng: Random, counted: bool) -> str:
    """ "3/4", "3/4 time", "waltz time"; "three" where `counted`, to follow "in"."""
    metre = facts.time_signature
    draw = rng.random()
    if draw < 0.08:
        return _METRE_NAMES.get(metre, metre)
    if draw < 0.13 and counted:
        return _METRE_COUNTS.get(metre, metre)
    return f"{metre} time" if draw < 0.4 else metre


def chord_words(facts: Facts, rng: Random) -> str:
    """ "Am, F, C, G", with roots spelt as the key spells them: G#m in E major, Abm in Eb minor."""
    spelt = [_respelt(name, facts.key) for name in facts.chords]
    return rng.choice((", ", " ", " - ", "-")).join(spelt)


def _respelt(chord: str, key: Key | None) -> str:
    """A chord name whose root lies near the tonic on the line of fifths."""
    if key is None:
        return chord
    letters = chord[:2] if chord[1:2] in ("#", "b") else chord[:1]
    root, _ = parse_chord(letters)
    # Fifths above C, -5 (Db) to 6 (F#) in major, -3 (Eb) to 8 (G#) in minor, as keys are spelt.
    # Major keys borrow on the flat side; minor ones reach for the leading tone.
    centre, reach = (5, 10) if key.mode == "major" else (3, 9)
    lowest = (7 * key.tonic + centre) % 12 - reach
    # Between Gb and A#: nobody reads Cb or E# with pleasure.
    lowest = min(max(lowest, -6), -1)
    return next(n for f, n in _FIFTHS if f >= lowest and 7 * f % 12 == root) + chord[len(letters) :]


def length_words(seconds: float) -> str:
    """ "40 seconds", "1 minute", "2 and a half minutes": within a tenth of the truth."""
    halves = round(seconds / 30)
    if seconds < 50 or abs(30 * halves - seconds) > 0.1 * seconds:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    minutes, half = divmod(halves, 2)
    if half:
        return f"{minutes} and a half minutes" if minutes > 1 else "a minute and a half"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def loop_words(bars: int, rng: Random) -> str:
    """ "a repeated four-bar loop"."""
    count = {1: "one", 2: "two", 4: "four", 8: "eight"}[bars] if rng.random() < 0.5 else bars
    return f"a repeated {count}-bar {rng.choice(('loop', 'loop', 'pattern'))}"


def joined(words: list[str], rng: Random) -> str:
    """ "piano, bass and drums"."""
    if len(words) < 2:
        return "".join(words)
    last = rng.choice((" and ", " and ", ", and " if len(words) > 2 else " and ", " & "))
    return ", ".join(words[:-1]) + last + words[-1]


def article(words: str) -> str:
    """ "A" or "An", as the sound of the first word asks."""
    return "An" if words.lower().startswith(_VOWEL_SOUNDS) else "A"
