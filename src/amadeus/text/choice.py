"""What a caption says: which facts are sure and worth saying, and which of them this time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from amadeus.music.form import loop_bars
from amadeus.music.tempo_words import FASTEST_BPM, SLOWEST_BPM
from amadeus.profile.labels import DANCE_METRES
from amadeus.text import phrases
from amadeus.text.facts import Facts

KEEP: dict[str, float] = {
    "instruments": 0.8,
    "genre": 0.75,
    "form": 0.6,
    "mood": 0.45,
    "tempo": 0.25,
    "bpm": 0.4,
    "key": 0.5,
    "metre": 0.35,
    "bars": 0.12,
    "length": 0.04,
    "density": 0.08,
    "texture": 0.12,
    "register": 0.08,
    "chords": 0.1,
    "sections": 0.25,
    "loop": 0.25,
    "composer": 0.35,
    "makam": 0.5,
    "performed": 0.15,
    "no_drums": 0.08,
}
"""How likely a caption of middling length states each fact that is known."""
MAX_SECTIONS_NAMED = 6
"""Nobody asks for a form of more letters."""
MAX_STATED = 7
"""Facts in one caption, at most; keeps it under 45 words."""


def known(facts: Facts) -> tuple[str, ...]:
    """Names of the facts that a caption could state, in the order of KEEP."""
    is_small = len(facts.instruments) <= 3 and "drums" not in facts.instruments
    # Some files give tempi that nobody could ask for.
    has_tempo = facts.bpm is not None and SLOWEST_BPM <= facts.bpm < FASTEST_BPM
    is_known = {
        "instruments": facts.instruments,
        "genre": facts.genres,
        "form": form_nouns(facts),
        "mood": facts.moods,
        "tempo": has_tempo and facts.tempo_word == _felt_tempo_word(facts),
        "bpm": has_tempo,
        # A makam is a mode of its own, neither major nor minor.
        "key": facts.key and not makams(facts),
        "metre": facts.time_signature,
        "bars": facts.num_bars and facts.num_bars > 1,
        "length": facts.seconds >= 3,
        "density": facts.density_word in phrases.DENSITIES,
        # Of a band it would be true of the sum, which nobody hears as a texture or register.
        "texture": facts.texture in phrases.TEXTURES and is_small,
        "register": facts.register in ("low", "high") and is_small,
        "chords": len(facts.chords) > 1 and facts.texture != "monophonic",
        "sections": facts.form.isalpha() and len(facts.form) <= MAX_SECTIONS_NAMED,
        "loop": loop_bars(facts.form),
        "composer": facts.composer,
        "makam": makams(facts),
        "performed": facts.performed,
        "no_drums": len(facts.instruments) > 1 and "drums" not in facts.instruments,
    }
    # Freely played music has no tempo, metre or bars to speak of, whatever its file says.
    beatless = {"tempo", "bpm", "metre", "bars"} if facts.performed else set()
    return tuple(name for name in KEEP if is_known[name] and name not in beatless)


def _felt_tempo_word(facts: Facts) -> str:
    """The tempo word by the beats that are felt, which are not always quarter notes."""
    numerator, _, denominator = facts.time_signature.partition("/")
    quarters = {"1": 4.0, "2": 2.0}.get(denominator, 1.0)
    if denominator == "8" and int(numerator) % 3 == 0:
        quarters = 1.5
    return "" if facts.bpm is None else replace(facts, bpm=round(facts.bpm / quarters)).tempo_word


def choose(facts: Facts, rng: Random) -> set[str]:
    """Names of the facts to state: usually a random few, sometimes one aspect alone."""
    names = known(facts)
    draw = rng.random()
    if draw < 0.06:
        stated = [n for n in names if n == "instruments"]
    elif draw < 0.14:
        stated = [n for n in names if n in ("genre", "form", "mood")]
    else:
        length = rng.choice((0.5, 0.8, 1.0, 1.2, 1.5))
        stated = [n for n in names if rng.random() < KEEP[n] * length]
    while len(stated) > MAX_STATED:
        stated.remove(rng.choice(stated))
    return set(stated or names[:1])


def form_nouns(facts: Facts) -> tuple[str, ...]:
    """What the piece is, as nouns: "hymn"; no waltz where the file is not in 3/4."""
    metre = facts.time_signature
    return tuple(
        form
        for form in facts.forms
        if not form.startswith("makam ") and DANCE_METRES.get(form, metre) == metre
    )


def makams(facts: Facts) -> tuple[str, ...]:
    """The makams a piece is in: "makam rast"."""
    return tuple(form for form in facts.forms if form.startswith("makam "))
