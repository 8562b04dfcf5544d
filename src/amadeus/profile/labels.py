"""What the labels of corpora mean: genres, forms, moods, and composers of the classical canon."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels sorted by what they say."""

    genres: tuple[str, ...] = ()
    """Adjectives: "rock", "baroque"."""
    forms: tuple[str, ...] = ()
    """Nouns: "hymn", "string quartet"."""
    moods: tuple[str, ...] = ()
    """Any of "happy", "tense", "sad" and "calm", and words that stand for themselves."""
    is_classical: bool = False
    is_performed: bool = False
    """Recorded from a player, so that the beats of the file carry no meaning."""


def _table(lines: str) -> dict[str, str]:
    """ "a, b = c" read as {"a": "a", "b": "c"}."""
    pairs = (entry.strip().split(" = ") for entry in lines.replace("\n", " ").split(","))
    return {pair[0]: pair[-1] for pair in pairs}


_GENRES = _table("""
rock, pop, classic rock, country, alternative rock, hard rock, progressive rock, dance pop,
nu metal, singer-songwriter, soft pop = soft pop, punk rock, hip hop, hiphop = hip hop,
heavy metal, pop punk, britpop, new wave, grunge, r&b / soul = R&B, synth-pop, soul,
traditional pop, rock and roll = rock and roll, instrumental guitar rock, contemporary r&b = R&B,
extreme metal, disco, progressive metal, blues, country guitar = country, reggae, industrial rock,
jazz fusion, thrash metal, latin = Latin, new age, electronic dance, electronic, classical,
baroque, romantic = Romantic, classical period = classical-era, modern = modern,
impressionist = Impressionist, medieval and renaissance = Renaissance, renaissance = Renaissance,
early music, ragtime, folk, popular and traditional = traditional, traditional, irish = Irish,
israeli = Israeli, light opera, progressive rock, christian = Christian, christmas = Christmas,
video game, nes = 8-bit, game boy = 8-bit, snes = 16-bit, action = action game,
rpg = role-playing game, fantasy action = fantasy game, simulation = simulation game,
anime, film, soundtrack = film, disney = musical film, jazz, gospel, worship, neoclassical,
minimalist, ambient, easy listening, swing, big band, dixieland, hard bop, bop = bebop, funk,
funk / soul = funk, cool jazz, soul-jazz, smooth jazz, blues rock, country rock, rockabilly,
rock & roll = rock and roll, rhythm & blues = rhythm and blues, doo wop = doo-wop, bluegrass,
celtic = Celtic, chinese pop = Chinese pop, turkish makam = Turkish makam, polish = Polish,
british and irish = British and Irish folk, 1960s pop rock = 1960s pop rock, choral, orchestral,
1950s, 1960s, 1970s, 1980s, 1990s, dub, afrobeat, afrocuban = Afro-Cuban, brazilian = Brazilian,
neworleans = New Orleans, samba, shuffle, songo, fusion, merengue, indie, calypso, breakbeat, punk,
bossa = bossa nova, highlife, rhumba = rumba, reggaeton, motown = Motown, dance, pop rock,
religious = sacred, acoustic, stage & screen = show, chamber, educational = simple
""")

_FORMS = _table("""
hymn, reel, jig, hornpipe, waltz, slip jig, morris dance, playford dance = country dance,
art song, string quartet, symphony, chorale, madrigal, mazurka, piano sonata, trio sonata,
keyboard sonata, keyboard suite, lyric piece, sacred concerto, overture, national anthem, ballad,
musical = show tune, riddim, march, tango, loop, lead sheet, ilahi = Turkish hymn,
sarki = Turkish song, turku = Turkish folk song, pesrev = peshrev, sazsemaisi = saz semai
""")

DANCE_METRES = {
    **dict.fromkeys(("waltz", "minuet", "menuet", "mazurka", "polonaise", "ländler"), "3/4"),
    "sarabande": "3/4",
    **dict.fromkeys(("jig", "tarantella", "barcarolle"), "6/8"),
    **dict.fromkeys(("siciliana", "siciliano", "sicilienne"), "6/8"),
    "slip jig": "9/8",
    "polka": "2/4",
    "habanera": "2/4",
}
"""Dances whose name tells the metre."""

_MOODS = _table("happy, tense, sad, calm, soft")

_ENSEMBLES = {"string quartet", "symphony", "orchestral", "choral", "big band", "chamber"}
_PERFORMED = {"performance", "competition performance", "piano roll"}
_CLASSICAL = {"classical", "ragtime", "baroque", "romantic", "renaissance"}

# Russell's circumplex: (valence, arousal) -> mood.
_QUADRANTS = {
    ("positive valence", "high arousal"): "happy",
    ("negative valence", "high arousal"): "tense",
    ("negative valence", "low arousal"): "sad",
    ("positive valence", "low arousal"): "calm",
}


def read_labels(labels: Iterable[str], ensemble: bool = True) -> Labels:
    """Sort labels by what they say; those that say nothing of the music are dropped.

    ensemble: whether several instruments sound. Where one does, as in a piano reduction, words
    that promise an ensemble ("symphony") are dropped too.
    """
    words = [w for w in dict.fromkeys(label.strip().lower() for label in labels) if w]
    if not ensemble:
        words = [w for w in words if w not in _ENSEMBLES]
    moods = [_MOODS[w] for w in words if w in _MOODS]
    moods += [mood for pair, mood in _QUADRANTS.items() if set(pair) <= set(words)]
    forms = [_FORMS[w] for w in words if w in _FORMS]
    return Labels(
        genres=_distinct(_GENRES[w] for w in words if w in _GENRES),
        forms=_distinct(forms + [w for w in words if w.startswith("makam ")]),
        moods=_distinct(moods),
        is_classical=not _CLASSICAL.isdisjoint(words),
        is_performed=not _PERFORMED.isdisjoint(words),
    )


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


_COMPOSERS = """
Johann Sebastian Bach, Ludwig van Beethoven, Wolfgang Amadeus Mozart, Franz Joseph Haydn,
George Frideric Handel, Antonio Vivaldi, Domenico Scarlatti, Arcangelo Corelli, François Couperin,
Jean-Philippe Rameau, Henry Purcell, Heinrich Schütz, Claudio Monteverdi, Georg Philipp Telemann,
Dietrich Buxtehude, Johann Pachelbel, Giovanni Pierluigi da Palestrina, William Byrd,
John Dowland, Tomaso Albinoni, Girolamo Frescobaldi, Jean-Baptiste Lully, Muzio Clementi,
Carl Czerny, Johann Nepomuk Hummel, Franz Schubert, Robert Schumann, Clara Schumann,
Felix Mendelssohn, Fanny Hensel, Frédéric Chopin, Franz Liszt, Johannes Brahms, Richard Wagner,
Anton Bruckner, Gustav Mahler, Hugo Wolf, Johann Strauss, Max Reger, Stephen Heller,
Friedrich Burgmüller, Niccolò Paganini, Gioachino Rossini, Giuseppe Verdi, Giacomo Puccini,
Georges Bizet, Charles Gounod, César Franck, Camille Saint-Saëns, Gabriel Fauré, Jules Massenet,
Cécile Chaminade, Claude Debussy, Maurice Ravel, Erik Satie, Lili Boulanger, Pyotr Tchaikovsky,
Modest Mussorgsky, Nikolai Rimsky-Korsakov, Alexander Borodin, Mily Balakirev, Mikhail Glinka,
Alexander Scriabin, Sergei Rachmaninoff, Sergei Prokofiev, Dmitri Shostakovich, Igor Stravinsky,
Alexander Glazunov, Nikolai Medtner, Anton Rubinstein, Moritz Moszkowski, Antonín Dvořák,
Bedřich Smetana, Leoš Janáček, Edvard Grieg, Carl Nielsen, Jean Sibelius, Béla Bartók,
Isaac Albéniz, Enrique Granados, Manuel de Falla, Edward Elgar, Gustav Holst, Amy Beach,
Charles Villiers Stanford, Louis Moreau Gottschalk, Scott Joplin, George Gershwin,
Edward MacDowell, Stanisław Moniuszko, Francis Poulenc, Charles-Valentin Alkan, Anton Diabelli
"""
_RESPELLED = {
    "buxehude": "buxtehude",
    "haendel": "handel",
    "mendelsonn": "mendelssohn",
    "skriabin": "scriabin",
    "rachmaninov": "rachmaninoff",
    "chaikovsky": "tchaikovsky",
    "moussorgsky": "mussorgsky",
}


def _plain(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ł", "l").lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _canon() -> dict[str, list[tuple[str, str]]]:
    """Plain surname -> [(surname as written, initials of the given names)]."""
    canon: dict[str, list[tuple[str, str]]] = {}
    for full_name in _COMPOSERS.replace("\n", " ").strip().split(","):
        *given, surname = full_name.split()
        initials = _plain("".join(name[0] for name in given))
        canon.setdefault(_plain(surname), []).append((surname, initials))
    return canon


_CANON = _canon()


def composer_name(raw: str) -> str:
    """The surname of a composer of the classical canon, or "" for anyone else.

    Reads "Surname, Given (years) / performer", "Surname Given" and "Given Surname". Given names,
    where there are any, must fit, so that C. P. E. Bach is not taken for J. S. Bach.
    """
    name = _plain(re.sub(r"\(.*?\)", "", raw.split("/")[0]))
    words = re.findall(r"[a-z][a-z-]*", name)
    for word in words:
        surname = _RESPELLED.get(word, word)
        given = [w for w in words if w != word]
        for written, initials in _CANON.get(surname, ()):
            if all(name[0] in initials for name in given[: len(initials)]):
                # Two Schumanns: only the one everybody means goes by the surname alone.
                return "Clara Schumann" if initials == "c" and surname == "schumann" else written
    return ""


GENRES: tuple[str, ...] = tuple(sorted(set(_GENRES.values())))
"""Every genre that labels may name."""
FORMS: tuple[str, ...] = tuple(sorted(set(_FORMS.values())))
"""Every form that labels may name, makams left out."""
MOODS: tuple[str, ...] = tuple(sorted(set(_MOODS.values())))
"""Every mood that labels may name."""
