import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.music.instrument_words import CAPTION_WORDS as INSTRUMENTS
from amadeus.music.instruments import EVERYDAY_NAMES
from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Tempo, TimeSignature, Track, make_notes
from amadeus.profile.labels import composer_name, read_labels
from amadeus.text.captioner import write_captions
from amadeus.text.facts import Facts, measure
from amadeus.text.prompt import parse_prompt

PITCH_CLASSES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
ACCIDENTALS = {"": 0, "b": -1, "#": 1, "-flat": -1, "-sharp": 1}
METRES = {"waltz": "3/4", "common time": "4/4", "cut time": "2/2"}
METRES |= {"in two": "2/4", "in three": "3/4", "in four": "4/4"}

facts_strategy = st.builds(
    Facts,
    bpm=st.integers(20, 300),
    key=st.builds(Key, tonic=st.integers(0, 11), mode=st.sampled_from(["major", "minor"])),
    time_signature=st.sampled_from(["2/4", "3/4", "4/4", "6/8", "7/8", "2/2", "12/8"]),
    instruments=st.lists(st.sampled_from(EVERYDAY_NAMES), min_size=1, max_size=5, unique=True).map(
        tuple
    ),
    num_bars=st.integers(1, 400),
    seconds=st.floats(1, 900),
    notes_per_second=st.floats(0.1, 30),
    register=st.sampled_from(["", "low", "mid", "high"]),
    texture=st.sampled_from(["", "monophonic", "homophonic", "polyphonic"]),
    chords=st.sampled_from([(), ("Am", "F", "C", "G")]),
    performed=st.booleans(),
    genres=st.sampled_from([(), ("rock", "hard rock"), ("classical", "baroque"), ("jazz",)]),
    forms=st.sampled_from([(), ("hymn",), ("string quartet",), ("makam rast",)]),
    moods=st.sampled_from([(), ("happy",), ("tense",), ("sad",), ("calm",), ("soft",)]),
    composer=st.sampled_from(["", "Bach", "Rimsky-Korsakov"]),
)


def stated_bpm(caption):
    found = re.findall(r"(\d+) ?(?:bpm|beats per minute)|tempo (\d+)", caption, re.IGNORECASE)
    return {int(number) for pair in found for number in pair if number}


def stated_keys(caption):
    found = re.findall(r"\b([A-G])(b|#|-flat|-sharp|) (major|minor)", caption)
    return {((PITCH_CLASSES[n] + ACCIDENTALS[a]) % 12, mode) for n, a, mode in found}


def stated_metres(caption):
    named = {metre for words, metre in METRES.items() if re.search(rf"\b{words}\b", caption)}
    return named | set(re.findall(r"\d+/\d+", caption))


@given(facts=facts_strategy, seed=st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_everything_stated_is_true(facts, seed):
    for caption in write_captions(facts, 8, seed):
        assert 0 < len(caption.split()) <= 45
        assert stated_keys(caption) <= {(facts.key.tonic, facts.key.mode)}
        if facts.performed:
            assert not stated_bpm(caption)
            assert not stated_metres(caption)
            assert not re.search(r"\b(bars|measures)\b", caption)
        else:
            assert stated_bpm(caption) <= {facts.bpm}
            assert stated_metres(caption) <= {facts.time_signature}
            bars = re.findall(r"(\d+) (?:bars|measures)", caption, re.IGNORECASE)
            assert set(bars) <= {str(facts.num_bars)}
        if re.search(r"\b(no|without) drums", caption):
            assert "drums" not in facts.instruments
        if re.search(r"\bsolo\b|\bonly\b", caption):
            assert len(facts.instruments) == 1


@given(facts=facts_strategy, seed=st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_no_instrument_is_invented(facts, seed):
    played = {w for name in facts.instruments for w in INSTRUMENTS.get(name, (name,))}
    heard = " ".join(sorted(played))
    for caption in write_captions(facts, 8, seed):
        for name in ("violin", "piano", "trumpet", "banjo", "harpsichord", "sitar"):
            assert name not in caption or name in heard


ROCK = Facts(
    bpm=124,
    key=Key(9, "minor"),
    time_signature="4/4",
    instruments=("distorted guitar", "electric bass", "drums"),
    num_bars=64,
    seconds=124.0,
    notes_per_second=11.0,
    genres=("rock",),
    moods=("tense",),
)


def test_the_same_seed_gives_the_same_captions_and_another_does_not():
    assert write_captions(ROCK, 20, 7) == write_captions(ROCK, 20, 7)
    assert write_captions(ROCK, 20, 7) != write_captions(ROCK, 20, 8)


def test_another_process_writes_the_same_captions():
    code = (
        "import json; from amadeus.text.captioner import write_captions;"
        "from amadeus.text.facts import Facts;"
        "print(json.dumps(write_captions(Facts(bpm=90, genres=('folk',)), 9, 1)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(run.stdout) == write_captions(Facts(bpm=90, genres=("folk",)), 9, 1)


def test_facts_are_left_out_at_random_and_instruments_and_genre_least_often():
    captions = write_captions(ROCK, 3000, 0)
    share = Counter()
    for caption in captions:
        share["bpm"] += bool(stated_bpm(caption))
        share["key"] += bool(re.search(r"\bA minor|\bAm\b", caption))
        share["metre"] += bool(stated_metres(caption))
        share["guitar"] += "guitar" in caption
        share["genre"] += "rock" in caption.lower()
    shares = {name: count / len(captions) for name, count in share.items()}
    assert 0.2 < shares["bpm"] < 0.5
    assert 0.3 < shares["key"] < 0.6
    assert 0.2 < shares["metre"] < 0.5
    assert 0.5 < shares["guitar"] < 0.9
    assert 0.5 < shares["genre"] < 0.9
    assert len(set(captions)) > 2500


def test_a_piece_about_which_nothing_is_known_still_has_a_caption():
    assert all(write_captions(Facts(), 20, 0))


# The manifest of a corpus names artists; captions must not.
@pytest.mark.parametrize("artist", ["Oasis", "Frank Sinatra", "Bach", "周杰伦"])
def test_artists_of_popular_music_are_never_named(artist):
    facts = measure(piece(), labels=["rock", "britpop"], composer=artist)
    assert facts.composer == ""
    assert not any(artist in caption for caption in write_captions(facts, 200, 0))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Bach, Johann Sebastian", "Bach"),
        ("Bach, Carl Philipp Emanuel", ""),
        ("Bach, Johann Christian", ""),
        ("Chopin, Frédéric (1810-1849) / performed by Carreño, Teresa (1853-1917)", "Chopin"),
        ("Dvorak", "Dvořák"),
        ("Mendelsonn", "Mendelssohn"),
        ("Schumann, Clara", "Clara Schumann"),
        ("Schumann, Robert", "Schumann"),
        ("John Sankey (performer)", ""),
        ("", ""),
    ],
)
def test_only_the_classical_canon_is_named(raw, name):
    assert composer_name(raw) == name


def test_valence_and_arousal_make_a_mood():
    assert read_labels(["positive valence", "high arousal"]).moods == ("happy",)
    assert read_labels(["negative valence", "low arousal", "sad"]).moods == ("sad",)
    assert read_labels(["score", "studio", "live", "2004"]) == read_labels([])


def captions_of(**known):
    return write_captions(Facts(**known), 300, 0)


def test_chord_roots_are_spelt_as_the_key_spells_them():
    chords = ("Abm", "Dbm", "E", "B")
    for caption in captions_of(key=Key(4, "major"), chords=chords):
        assert "Abm" not in caption
        assert "Dbm" not in caption
    assert any("G#m" in c for c in captions_of(key=Key(4, "major"), chords=chords))
    assert any("Abm" in c for c in captions_of(key=Key(3, "minor"), chords=chords))
    assert any("C#m" in c for c in captions_of(key=Key(1, "minor"), chords=chords))
    assert any("Dbm" in c for c in captions_of(key=Key(8, "major"), chords=chords))
    assert any("G#dim" in c for c in captions_of(key=Key(9, "minor"), chords=("Abdim", "Am")))
    assert any("Bb" in c for c in captions_of(key=Key(0, "major"), chords=("Bb", "C")))


@pytest.mark.parametrize(("form", "words"), [("AABA", "AABA"), ("4-bar loop", "repeated four-bar")])
def test_the_form_is_said_in_words(form, words):
    assert any(words in caption for caption in captions_of(form=form, genres=("rock",)))
    assert not any(words in caption for caption in captions_of(genres=("rock",)))


def test_a_tempo_word_is_said_only_where_the_beat_says_it_too():
    quavers = captions_of(bpm=150, time_signature="6/8", genres=("folk",))
    quarters = captions_of(bpm=150, time_signature="4/4", genres=("folk",))
    halves = captions_of(bpm=240, time_signature="2/2", genres=("folk",))
    assert any("fast" in caption for caption in quarters)
    assert not any(re.search("fast|vivace|presto", caption) for caption in quavers + halves)


def test_a_dance_is_named_only_in_its_metre():
    assert any("waltz" in c for c in captions_of(forms=("waltz",), time_signature="3/4"))
    assert not any("waltz" in c for c in captions_of(forms=("waltz",), time_signature="4/4"))


def test_no_sarabande_is_called_a_waltz():
    captions = captions_of(genres=("classical", "baroque"), time_signature="3/4", bpm=100)
    assert not any(re.search(r"\b[Ww]altz(?! time)", caption) for caption in captions)


def test_a_melody_has_no_chords_and_a_makam_no_key():
    captions = captions_of(
        forms=("makam rast",), key=Key(7, "major"), texture="monophonic", chords=("G", "Am")
    )
    assert not any("G major" in caption or "Am" in caption for caption in captions)


@pytest.mark.parametrize("seconds", [7, 29, 55, 62, 95, 105, 157, 200, 321.5, 1100])
def test_lengths_are_true_within_a_tenth(seconds):
    said = [c for c in captions_of(seconds=seconds) if "about" in c.lower()]
    assert said
    for caption in said:
        assert parse_prompt(caption).seconds == pytest.approx(seconds, rel=0.1, abs=2.5)


def test_captions_begin_with_a_noun_and_repeat_no_preposition():
    for caption in write_captions(ROCK, 500, 3):
        assert not caption.lower().startswith(("with ", "featuring ", "in ", "at "))
        assert caption.count(" with a") < 2


def contradictions(facts, caption):
    """What a prompt's reader takes from a caption that the facts do not bear out."""
    stated = parse_prompt(caption)
    low, high = stated.tempo_range or (0, 999)
    played = {p for p, name in enumerate(EVERYDAY_NAMES) if name in facts.instruments}
    return [
        name
        for name, is_true in {
            "bpm": stated.bpm in (None, facts.bpm),
            "tempo": stated.tempo_range is None or low <= facts.bpm < high,
            "key": stated.key in (None, facts.key),
            "metre": stated.time_signature in ("", facts.time_signature),
            "bars": stated.num_bars in (None, facts.num_bars),
            "instruments": all(played & set(i.programs) for i in stated.instruments),
            "absent": not any(played & set(i.programs) for i in stated.absent),
            "exclusive": not stated.exclusive or len(facts.instruments) == 1,
        }.items()
        if not is_true
    ]


def test_prompts_of_real_pieces_are_read_as_they_were_meant(fixtures):
    for path in fixtures.glob("*.mid"):
        facts = measure(read_midi(path))
        for caption in write_captions(facts, 100, 0):
            assert contradictions(facts, caption) == []


@pytest.mark.slow
@pytest.mark.skipif("AMADEUS_DATA" not in os.environ, reason="AMADEUS_DATA names no corpora")
def test_captions_of_a_corpus_are_read_as_they_were_meant():
    paths = sorted(Path(os.environ["AMADEUS_DATA"]).rglob("*.mid"))
    for path in Random(0).sample(paths, 500):
        facts = measure(read_midi(path))
        for caption in write_captions(facts, 20, 0):
            assert contradictions(facts, caption) == []


def piece(**changes):
    """A waltz after a pick-up beat: C major chords over 16 bars, doubled by a second piano."""
    chords = [(12 + 36 * bar, 30, pitch, 80) for bar in range(16) for pitch in (60, 64, 67)]
    melody = [(12 + 12 * beat, 6, 72 + beat % 5, 90) for beat in range(48)]
    drums = [(12 + 12 * beat, 1, 38, 90) for beat in range(48)]
    tracks = (
        Track(0, make_notes(chords)),
        Track(1, make_notes(chords)),
        Track(40, make_notes(melody)),
        Track(0, make_notes(drums), is_drum=True),
    )
    metres = (TimeSignature(0, 1, 4), TimeSignature(12, 3, 4))
    return Score(12, tracks, (Tempo(0, 89.6), Tempo(300, 140.0)), metres, **changes)


def test_facts_of_a_waltz():
    facts = measure(piece(), labels=["video game"])
    assert facts.bpm == 90
    assert (facts.tempo_word, facts.tempo_marking) == ("moderate", "moderato")
    assert facts.time_signature == "3/4"
    assert facts.instruments == ("piano", "violin", "drums")
    assert facts.num_bars == 17
    assert facts.key == Key(0, "major")
    assert facts.genres == ("video game",)
    assert facts.form == ""
    assert json.loads(json.dumps(facts.to_dict()))["key"] == "C major"


def test_played_freely_means_no_tempo_no_metre_no_bars():
    facts = measure(piece(), performed=True)
    assert (facts.bpm, facts.time_signature, facts.num_bars) == (None, "", None)
    assert measure(piece(), labels=["classical", "piano roll"]).performed


def test_a_scale_is_monophonic_and_block_chords_are_homophonic():
    scale = make_notes([(12 * i, 12, 60 + i, 80) for i in range(16)])
    chords = make_notes([(12 * i, 12, p, 80) for i in range(16) for p in (60, 64, 67)])
    assert measure(Score(12, (Track(0, scale),))).texture == "monophonic"
    assert measure(Score(12, (Track(0, chords),))).texture == "homophonic"


def test_violins_viola_and_cello_are_a_string_quartet():
    notes = make_notes([(0, 12, 60, 80)])
    score = Score(12, tuple(Track(p, notes) for p in (40, 40, 41, 42)))
    assert measure(score).forms == ("string quartet",)


def test_an_empty_score_has_facts_too():
    facts = measure(Score(12, ()))
    assert facts.instruments == ()
    assert facts.key is None


def test_a_drum_solo_has_no_key():
    drums = Track(0, make_notes([(12 * i, 1, 38, 90) for i in range(16)]), is_drum=True)
    facts = measure(Score(12, (drums,)))
    assert (facts.key, facts.register, facts.chords) == (None, "", ())
    assert facts.instruments == ("drums",)
