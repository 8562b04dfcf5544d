"""Captions: facts put into words in many ways, as the people who will type prompts might put them.

What a caption leaves out is as important as what it says: the model must learn to follow three
words as well as forty. Everything stated is true of the piece.
"""

from __future__ import annotations

from random import Random

from amadeus.text import phrases
from amadeus.text.facts import Facts
from amadeus.text.phrases import WORDINGS, joined

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
    "composer": 0.35,
    "makam": 0.5,
    "performed": 0.15,
    "no_drums": 0.08,
}
"""How likely a caption of middling length states each fact that is known."""
MAX_STATED = 7
"""Facts in one caption, at most; keeps it under 45 words."""

_COLLECTIVE = (
    "strings",
    "choir",
    "brass",
    "voices",
    "bells",
    "effects",
    "toms",
    "drums",
    "ensemble",
)
_REQUESTS = ("Write", "Compose", "Make", "Generate", "Create", "I want", "Give me", "Please write")


def write_captions(facts: Facts, count: int, seed: int | str) -> list[str]:
    """`count` captions of a piece; the same facts and seed give the same captions anywhere."""
    rng = Random(f"captions {seed} {facts!r}")
    return [_write_caption(facts, rng) for _ in range(count)]


def _write_caption(facts: Facts, rng: Random) -> str:
    stated = _choose(facts, rng)
    draw = rng.random()
    if draw < 0.4:
        return _tags(facts, stated, rng)
    if draw < 0.75:
        return _sentence(facts, stated, rng)
    if draw < 0.88:
        return _prose(facts, stated, rng)
    request = rng.choice(_REQUESTS)
    sentence = _sentence(facts, stated, rng)
    return f"{request} {sentence[0].lower()}{sentence[1:]}"


def known(facts: Facts) -> tuple[str, ...]:
    """Names of the facts that a caption could state, in the order of KEEP."""
    is_known = {
        "instruments": facts.instruments,
        "genre": facts.genres,
        "form": _form_nouns(facts),
        "mood": facts.moods,
        "tempo": facts.tempo_word,
        "bpm": facts.bpm,
        "key": facts.key,
        "metre": facts.time_signature,
        "bars": facts.num_bars and facts.num_bars > 1,
        "length": facts.seconds >= 3,
        "density": facts.density_word in phrases.DENSITIES,
        "texture": facts.texture in phrases.TEXTURES,
        "register": facts.register in ("low", "high"),
        "chords": len(facts.chords) > 1,
        "composer": facts.composer,
        "makam": _makams(facts),
        "performed": facts.performed,
        "no_drums": len(facts.instruments) > 1 and "drums" not in facts.instruments,
    }
    # Freely played music has no tempo, metre or bars to speak of, whatever its file says.
    beatless = {"tempo", "bpm", "metre", "bars"} if facts.performed else set()
    return tuple(name for name in KEEP if is_known[name] and name not in beatless)


def _choose(facts: Facts, rng: Random) -> set[str]:
    """Which facts to state: usually a random few, sometimes one aspect alone."""
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


def _tags(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "piano, A minor, 70 bpm"."""
    tags = [_worded(name, "tag", facts, rng) for name in _in_order(stated) if name in WORDINGS]
    subject = " ".join(_subject(facts, stated, rng, rng.random() < 0.5))
    if subject and stated & {"genre", "form"}:
        tags.append(subject)
    if not tags:
        tags = ["music"]
    if rng.random() < 0.6:
        rng.shuffle(tags)
    first = ": " if tags[0] == subject and rng.random() < 0.3 else ", "
    text = first.join([tags[0], ", ".join(tags[1:])]) if tags[1:] else tags[0]
    return _capitalised(text) if rng.random() < 0.3 else text


def _sentence(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "A slow, melancholic ballad for piano in A minor, 70 bpm."."""
    opening, said = _noun_phrase(facts, stated, rng)
    rest = [n for n in _in_order(stated) if n in WORDINGS and n not in said]
    tail = rest[1:]
    rng.shuffle(tail)
    rest = rest[:1] + tail
    num_phrases = rng.randint(1, 3)
    text = " ".join([opening, *(_worded(n, "phrase", facts, rng) for n in rest[:num_phrases])])
    text = ", ".join([text, *(_worded(n, "tag", facts, rng) for n in rest[num_phrases:])])
    return text + rng.choice((".", ".", ""))


def _prose(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "A rock song with guitar and drums. It is in E minor, and the tempo is 140 bpm."."""
    rest = [n for n in _in_order(stated) if n in WORDINGS and n != "instruments"]
    rng.shuffle(rest)
    clauses = [_worded(n, "clause", facts, rng) for n in rest[:3]]
    opening = _sentence(facts, stated - set(rest[:3]), rng).rstrip(".")
    sentences = [opening]
    if len(clauses) > 1 and rng.random() < 0.5:
        second = clauses[1]
        clauses = [f"{clauses[0]} and {second[0].lower()}{second[1:]}", *clauses[2:]]
    return ". ".join(sentences + clauses) + "."


def _in_order(stated: set[str]) -> list[str]:
    """The stated facts in the order of KEEP: sets have no order that every process shares."""
    return [name for name in KEEP if name in stated]


def _noun_phrase(facts: Facts, stated: set[str], rng: Random) -> tuple[str, set[str]]:
    """ "A slow, sad piano piece" or "8 bars of solo piano", and the facts already said by it."""
    movable = stated & {"mood", "tempo", "density"}
    said = {name for name in _in_order(movable) if rng.random() < 0.75}
    adjectives = [_worded(n, "adjective", facts, rng) for n in _in_order(said)]
    rng.shuffle(adjectives)
    words = _subject(facts, stated, rng, noun=True)
    countable = words[-1] != "music"
    if "instruments" in stated and _is_solo(facts) and rng.random() < 0.4:
        said.add("instruments")
        words = _with_soloist(facts, words, rng)
        countable = countable and not words[-1].startswith("solo ")
    described = " ".join([", ".join(adjectives), *words]).strip()
    if countable:
        described = f"{phrases.article(described)} {described}"
    if "bars" in stated and rng.random() < 0.5:
        said.add("bars")
        described = described[0].lower() + described[1:] if countable else described
        described = f"{facts.num_bars} {rng.choice(('bars', 'bars', 'measures'))} of {described}"
    return _capitalised(described), said


def _with_soloist(facts: Facts, words: list[str], rng: Random) -> list[str]:
    """ "classical piano piece", or "solo piano" in place of a bare noun."""
    instrument = _instrument(facts.instruments[0], rng)
    if len(words) == 1 and words[0] not in facts.forms:
        return [f"solo {instrument}"]
    # A piano sonata need not be called a piano piano sonata.
    if facts.instruments[0] in words[-1]:
        return words
    return [*words[:-1], rng.choice(("solo ", "")) + instrument, words[-1]]


def _subject(facts: Facts, stated: set[str], rng: Random, noun: bool) -> list[str]:
    """Genre and noun, as words: ["8-bit", "video game", "tune"]; no noun unless asked or a form."""
    words = _genre_words(facts.genres, rng) if "genre" in stated else []
    if "form" in stated:
        form = rng.choice(_form_nouns(facts))
        return [w for w in words if not set(w.split()) & set(form.split())] + [form]
    if noun:
        words.append(rng.choice(phrases.nouns(facts, " ".join(words))))
    return words


def _genre_words(genres: tuple[str, ...], rng: Random) -> list[str]:
    """One genre, or two that do not repeat each other, the later and narrower one first."""
    broad, narrow = genres[0], genres[-1]
    repeats = broad == "classical" or set(broad.split()) & set(narrow.split())
    if not repeats and rng.random() < 0.4:
        return [narrow, broad]
    return [rng.choice(genres)]


def _form_nouns(facts: Facts) -> tuple[str, ...]:
    return tuple(form for form in facts.forms if not form.startswith("makam "))


def _makams(facts: Facts) -> tuple[str, ...]:
    return tuple(form for form in facts.forms if form.startswith("makam "))


def _is_solo(facts: Facts) -> bool:
    """Whether one instrument, of which a player could be alone, is all there is."""
    name = facts.instruments[0]
    return len(facts.instruments) == 1 and name.split()[-1] not in _COLLECTIVE


def _worded(name: str, shape: str, facts: Facts, rng: Random) -> str:
    """A fact in one of its wordings of a shape: "phrase", "tag", "clause" or "adjective"."""
    value = _value(name, shape, facts, rng)
    template: str = rng.choice(getattr(WORDINGS[name], shape))
    if " a {}" in template and phrases.article(value) == "An":
        template = template.replace(" a {}", " an {}")
    return template.format(value)


def _value(name: str, shape: str, facts: Facts, rng: Random) -> str:
    """What fills the template of a fact."""
    if name == "instruments":
        return _instruments(facts, shape, rng)
    if name == "mood":
        return _moods(facts, rng)
    if name == "tempo":
        if shape == "adjective":
            return rng.choice(phrases.TEMPOS[facts.tempo_word])
        return rng.choice((facts.tempo_word, facts.tempo_marking))
    if name == "key":
        return phrases.key_words(facts, rng)
    if name == "metre":
        return phrases.metre_words(facts, rng, counted=shape == "phrase")
    if name == "chords":
        return rng.choice((", ", " ", " - ", "-")).join(facts.chords)
    if name == "density":
        return rng.choice(phrases.DENSITIES[facts.density_word])
    return _plain_value(name, facts, rng)


def _plain_value(name: str, facts: Facts, rng: Random) -> str:
    """Values that need at most one choice among equals."""
    if name == "bpm":
        return str(facts.bpm)
    if name == "bars":
        return str(facts.num_bars)
    if name == "length":
        return phrases.length_words(facts.seconds)
    if name == "texture":
        return rng.choice(phrases.TEXTURES[facts.texture])
    if name == "register":
        return facts.register
    if name == "makam":
        return rng.choice(_makams(facts))
    return facts.composer if name == "composer" else ""


def _instruments(facts: Facts, shape: str, rng: Random) -> str:
    """Usually every instrument, sometimes the main few; "solo piano" where there is but one."""
    names = list(facts.instruments)
    if names == ["drums"] and shape == "tag":
        return rng.choice(("drums only", "drums", "solo drums", "drum kit", "just drums"))
    if _is_solo(facts) and rng.random() < 0.5:
        return "solo " + _instrument(names[0], rng)
    if len(names) > 2 and rng.random() < 0.25:
        names = names[: rng.randint(2, len(names) - 1)]
    if rng.random() < 0.3:
        rng.shuffle(names)
    words = list(dict.fromkeys(_instrument(name, rng) for name in names))
    if shape == "tag" and rng.random() < 0.5:
        return ", ".join(words)
    return joined(words, rng)


def _moods(facts: Facts, rng: Random) -> str:
    """One mood word, or two of one mood."""
    mood = rng.choice(facts.moods)
    words = phrases.MOODS.get(mood, (mood,))
    if len(words) > 1 and rng.random() < 0.25:
        return rng.choice((" and ", ", ")).join(rng.sample(words, 2))
    return rng.choice(words)


def _instrument(name: str, rng: Random) -> str:
    return rng.choice(phrases.INSTRUMENTS.get(name, (name,)))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
