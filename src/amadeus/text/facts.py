"""Facts: what can truthfully be said about a piece, from its notes and its labels.

A caption says some of the facts; it never says anything else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import groupby, islice

import numpy as np

from amadeus.music.chords import chord_name, estimate_chords
from amadeus.music.form import form_of
from amadeus.music.grid import Bars, bars_of
from amadeus.music.instruments import everyday_name
from amadeus.music.keys import Key, estimate_key, parse_key
from amadeus.music.score import Score
from amadeus.music.tempo_words import TEMPO_EDGES, TEMPO_MARKINGS, TEMPO_WORDS
from amadeus.profile.labels import composer_name, read_labels

MAX_INSTRUMENTS = 5
"""How many instruments are named, by sounding time."""
DENSITY_EDGES = (4.0, 16.0)
"""Notes a second, all instruments together, where sparse music ends and busy music begins."""
REGISTER_EDGES = (54, 70)
"""Median pitches at which music stops being low, and at which it becomes high."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a piece. Empty strings, empty tuples and None mean: nothing to say."""

    bpm: int | None = None
    """Tempo at the first note, quarter notes a minute; None where beats carry no meaning."""
    key: Key | None = None
    time_signature: str = ""
    """The metre most of the piece is in: "3/4"."""
    instruments: tuple[str, ...] = ()
    """Everyday names, the longest sounding first, "drums" among them; at most MAX_INSTRUMENTS."""
    num_bars: int | None = None
    seconds: float = 0.0
    notes_per_second: float = 0.0
    register: str = ""
    """Where the pitched notes lie: "low", "mid" or "high"."""
    texture: str = ""
    """"monophonic", "homophonic" (voices move together) or "polyphonic"."""
    chords: tuple[str, ...] = ()
    """The most repeated run of four chords, or the first four."""
    form: str = ""
    """How sections return: "AABA", "4-bar loop"; empty where it is not sure, or performed."""
    performed: bool = False
    """Played freely: bars and tempo of the file mean nothing and are left out."""
    genres: tuple[str, ...] = ()
    """Adjectives: "rock", "baroque"."""
    forms: tuple[str, ...] = ()
    """Nouns: "hymn", "string quartet"."""
    moods: tuple[str, ...] = ()
    """Labelled where the corpus has labels; otherwise suggested by mode, tempo and density."""
    composer: str = ""
    """A composer of the classical canon, by surname; empty for everyone else."""

    @property
    def tempo_marking(self) -> str:
        """The Italian tempo word: "andante"."""
        return "" if self.bpm is None else TEMPO_MARKINGS[bisect_right(TEMPO_EDGES, self.bpm)]

    @property
    def tempo_word(self) -> str:
        """The plain tempo word: "slow"."""
        return "" if self.bpm is None else TEMPO_WORDS[bisect_right(TEMPO_EDGES, self.bpm)]

    @property
    def density_word(self) -> str:
        """ "sparse", "moderate" or "busy"; empty where nothing sounds."""
        if not self.notes_per_second:
            return ""
        words = ("sparse", "moderate", "busy")
        return words[bisect_right(DENSITY_EDGES, self.notes_per_second)]

    def to_dict(self) -> dict:
        """The facts as JSON values, the key by its name, with the derived words."""
        facts = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        facts["key"] = None if self.key is None else str(self.key)
        words = ("tempo_marking", "tempo_word", "density_word")
        return facts | {word: getattr(self, word) for word in words}

    @classmethod
    def from_dict(cls, values: dict) -> Facts:
        """The facts that `to_dict` wrote."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        known = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
        key = known.get("key")
        return cls(**known | {"key": parse_key(key) if key else None})


def measure(
    score: Score, *, labels: Iterable[str] = (), composer: str = "", performed: bool = False
) -> Facts:
    """The facts of a piece: measured from its notes, completed by what the corpus says of it.

    labels: genre, form and mood words as corpora write them; unknown ones are ignored.
    composer: as the corpus writes it; kept only for composers of the classical canon.
    """
    instruments = _instruments(score)
    labelled = read_labels(labels, ensemble=len(instruments) != 1)
    performed = performed or labelled.is_performed
    forms = labelled.forms
    if set(instruments) == {"violin", "viola", "cello"} and "string quartet" not in forms:
        forms += ("string quartet",)
    pitched = score.pitched_notes
    bars = bars_of(score)
    seconds = score.seconds
    notes_per_second = score.num_notes / seconds if seconds > 0 else 0.0
    bpm = None if performed else round(first_bpm(score))
    key = estimate_key(score) if len(pitched) else None
    return Facts(
        bpm=bpm,
        key=key,
        time_signature="" if performed else _time_signature(bars),
        instruments=instruments,
        num_bars=None if performed else len(bars),
        seconds=round(seconds, 1),
        notes_per_second=round(notes_per_second, 2),
        register=_register(pitched),
        texture=_texture(pitched),
        chords=_progression(score) if len(pitched) else (),
        form="" if performed else form_of(score),
        performed=performed,
        genres=labelled.genres,
        forms=forms,
        moods=labelled.moods or _suggested_moods(key, bpm, notes_per_second),
        composer=composer_name(composer) if labelled.is_classical else "",
    )


def first_bpm(score: Score) -> float:
    """Tempo in force at the first note, in quarter notes a minute."""
    first = min((int(t.notes["onset_ticks"][0]) for t in score.tracks if len(t.notes)), default=0)
    tempos = sorted(score.tempos)
    in_force = [t for t in tempos if t.onset_ticks <= first] or tempos[:1]
    return in_force[-1].bpm if in_force else 120.0


def _time_signature(bars: Bars) -> str:
    """The metre of the greatest total length: a pick-up bar's own metre is not the piece's."""
    ticks = np.bincount(bars.metre, weights=bars.length_ticks)
    lengths: Counter[str] = Counter()
    for metre, length in zip(bars.time_signatures, ticks, strict=False):
        lengths[str(metre)] += length
    return max(lengths, key=lengths.__getitem__)


def _instruments(score: Score) -> tuple[str, ...]:
    """Everyday names of the instruments that sound longest, programs of one name merged."""
    sounding: Counter[str] = Counter()
    for track in score.tracks:
        if len(track.notes):
            name = everyday_name(track.instrument)
            sounding[name] += int(track.notes["duration_ticks"].sum())
    named = [name for name, _ in sounding.most_common(MAX_INSTRUMENTS)]
    # Drum notes are short and would drop out of a large band that nobody would call drumless.
    if "drums" in sounding and "drums" not in named:
        named[-1] = "drums"
    return tuple(named)


def _register(notes: np.ndarray) -> str:
    if not len(notes):
        return ""
    return ("low", "mid", "high")[bisect_right(REGISTER_EDGES, float(np.median(notes["pitch"])))]


def _texture(notes: np.ndarray) -> str:
    """Monophonic where hardly a note meets another, homophonic where most begin together."""
    if len(notes) < 2:
        return ""
    order = np.argsort(notes["onset_ticks"], kind="stable")
    onsets = notes["onset_ticks"][order]
    # Legato overlaps are not a second voice: half of each note counts as its sound.
    ends = np.maximum.accumulate(onsets + notes["duration_ticks"][order] // 2)
    if np.mean(ends[:-1] > onsets[1:]) < 0.03:
        return "monophonic"
    num_onsets = np.count_nonzero(np.diff(onsets)) + 1
    return "homophonic" if num_onsets < 0.45 * len(onsets) else "polyphonic"


def _progression(score: Score) -> tuple[str, ...]:
    """The run of four chord changes heard most often, the earliest of equals; their names."""
    chords = score.chords or estimate_chords(score)
    heard = (chord_name(chord) for chord in chords if chord.root is not None)
    names = [name for name, _ in islice(groupby(heard), 64)]
    runs = Counter(zip(names, names[1:], names[2:], names[3:], strict=False))
    return runs.most_common(1)[0][0] if runs else ()


def _suggested_moods(key: Key | None, bpm: int | None, notes_per_second: float) -> tuple[str, ...]:
    """Moods by arousal (tempo, density) and valence (mode), only where both speak clearly."""
    if key is None:
        return ()
    lively = notes_per_second >= 9 and (bpm is None or bpm >= 110)
    quiet = notes_per_second < 5 and (bpm is None or bpm < 90)
    if key.mode == "major":
        return ("happy",) if lively else ("calm",) if quiet else ()
    return ("tense",) if lively else ("sad",) if quiet else ()
