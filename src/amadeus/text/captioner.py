"""Captions: facts put into words in many ways, as the people who will type prompts might put them.

What a caption leaves out is as important as what it says: the model must learn to follow three
words as well as forty. Everything stated is true of the piece.
"""

from __future__ import annotations

from random import Random

from amadeus.music import instrument_words, tempo_words
from amadeus.music.form import loop_bars
from amadeus.text import phrases
from amadeus.text.choice import KEEP, choose, form_nouns, makams
from amadeus.text.facts import Facts
from amadeus.text.phrases import WORDINGS, joined

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
_REQUESTS = ("Write", "Make", "Generate", "Create", "I want", "I need", "Give me", "Please write")
_REPEATING = (("bpm", "tempo"), ("texture", "density"), ("sections", "bars"))
"""Of these the second is not made a sentence of its own beside the first."""


def write_captions(facts: Facts, count: int, seed: int | str) -> list[str]:
    """`count` captions of a piece; the same facts and seed give the same captions anywhere."""
    rng = Random(f"captions {seed} {facts!r}")
    return [_write_caption(facts, rng) for _ in range(count)]


def _write_caption(facts: Facts, rng: Random) -> str:
    stated = choose(facts, rng)
    draw = rng.random()
    if draw < 0.4:
        return _tags(facts, stated, rng)
    if draw < 0.75:
        return _sentence(facts, stated, rng)
    if draw < 0.88:
        return _prose(facts, stated, rng)
    sentence = _sentence(facts, stated, rng)
    # Nobody asks to compose a composition.
    requests = _REQUESTS if "composition" in sentence.lower() else (*_REQUESTS, "Compose")
    return f"{rng.choice(requests)} {sentence[0].lower()}{sentence[1:]}"


def _tags(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "piano, A minor, 70 bpm"."""
    subject = " ".join(_subject(facts, stated, rng, rng.random() < 0.5))
    names = [name for name in _in_order(stated) if name in WORDINGS]
    if subject and stated & {"genre", "form"}:
        names.append("subject")
    if rng.random() < 0.6:
        rng.shuffle(names)
    # A list that began with "with" or "in" would hang in the air.
    tags = [
        subject if name == "subject" else _worded(name, "tag" if i else "name", facts, rng)
        for i, name in enumerate(names)
    ] or ["music"]
    colon = names[:1] == ["subject"] and rng.random() < 0.3
    first = ": " if colon and not tags[-1].startswith(("with ", "featuring ", "in ")) else ", "
    text = first.join([tags[0], ", ".join(tags[1:])]) if tags[1:] else tags[0]
    return _capitalised(text) if rng.random() < 0.3 else text


def _sentence(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "A slow, melancholic ballad for piano in A minor, 70 bpm."."""
    opening, said = _noun_phrase(facts, stated, rng)
    rest = [n for n in _in_order(stated) if n in WORDINGS and n not in said]
    tail = rest[1:]
    rng.shuffle(tail)
    text, tags = _with_phrases(opening, rest[:1] + tail, facts, rng)
    text = ", ".join([text, *(_worded(name, "tag", facts, rng) for name in tags)])
    return text + rng.choice((".", ".", ""))


def _with_phrases(text: str, names: list[str], facts: Facts, rng: Random) -> tuple[str, list[str]]:
    """The text with one to three facts as phrases, and the names of the facts left over.

    No two phrases begin with the same word: "with strings with a sad mood" is no English.
    """
    begun: set[str] = set()
    most = rng.randint(1, 3)
    left = []
    for name in names:
        fresh = [p for p in WORDINGS[name].phrase if p.split()[0] not in begun]
        if name == "instruments" and {"choir", "voice"} & set(facts.instruments):
            fresh = [p for p in fresh if not p.startswith("played")]
        if fresh and len(begun) < most:
            template = rng.choice(fresh)
            begun.add(template.split()[0])
            text += " " + _filled(template, name, "phrase", facts, rng)
        else:
            left.append(name)
    return text, left


def _prose(facts: Facts, stated: set[str], rng: Random) -> str:
    """ "A rock song with guitar and drums. It is in E minor, and the tempo is 140 bpm."."""
    rest = [n for n in _in_order(stated) if n in WORDINGS and n != "instruments"]
    rest = [
        n for n in rest if not any(n == second and first in rest for first, second in _REPEATING)
    ]
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
        countable = words[-1] != "music"
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
        return ["solo", instrument, "music"]
    # A piano sonata need not be called a piano piano sonata.
    if facts.instruments[0] in words[-1]:
        return words
    return [*words[:-1], rng.choice(("solo ", "")) + instrument, words[-1]]


def _subject(facts: Facts, stated: set[str], rng: Random, noun: bool) -> list[str]:
    """Genre and noun, as words: ["8-bit", "video game", "tune"]; no noun unless asked or a form."""
    words = _genre_words(facts.genres, rng) if "genre" in stated else []
    if "form" in stated:
        form = rng.choice(form_nouns(facts))
        return [w for w in words if not set(w.split()) & set(form.split())] + [form]
    if noun:
        words.append(rng.choice(phrases.nouns(facts, " ".join(words))))
    return words


def _genre_words(genres: tuple[str, ...], rng: Random) -> list[str]:
    """One genre, or two that do not repeat each other, the later and narrower one first."""
    broad, narrow = genres[0], genres[-1]
    if broad.istitle() or broad == "simple":  # Irish folk, not folk Irish
        broad, narrow = narrow, broad
    repeats = (
        "classical" in (broad, narrow)
        or "early music" in genres
        or set(broad.split()) & set(narrow.split())
    )
    if not repeats and rng.random() < 0.4:
        return [narrow, broad]
    return [rng.choice(genres)]


def _is_solo(facts: Facts) -> bool:
    """Whether one instrument, of which a player could be alone, is all there is."""
    name = facts.instruments[0]
    return len(facts.instruments) == 1 and name.split()[-1] not in _COLLECTIVE


def _worded(name: str, shape: str, facts: Facts, rng: Random) -> str:
    """A fact in one of its wordings of a shape.

    shape: "phrase", "tag", "clause" or "adjective"; "name" is the plainest tag.
    """
    if shape == "name":
        return _filled(WORDINGS[name].tag[0], name, "tag", facts, rng)
    return _filled(rng.choice(getattr(WORDINGS[name], shape)), name, shape, facts, rng)


def _filled(template: str, name: str, shape: str, facts: Facts, rng: Random) -> str:
    """The template with the value of a fact."""
    value = _value(name, shape, facts, rng)
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
            return rng.choice(tempo_words.CAPTION_WORDS[facts.tempo_word])
        return rng.choice((facts.tempo_word, facts.tempo_marking))
    if name == "key":
        return phrases.key_words(facts, rng, short=shape != "clause")
    if name == "metre":
        if shape == "clause":
            return facts.time_signature
        return phrases.metre_words(facts, rng, counted=shape == "phrase")
    if name == "chords":
        return phrases.chord_words(facts, rng)
    if name == "loop":
        return phrases.loop_words(loop_bars(facts.form) or 0, rng)
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
    if name in ("register", "sections"):
        return facts.register if name == "register" else facts.form
    if name == "makam":
        return rng.choice(makams(facts))
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
    return rng.choice(instrument_words.CAPTION_WORDS.get(name, (name,)))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
