"""How typical openings are."""

import itertools

import numpy as np
import pytest

from amadeus.evaluation.openings import first_bars
from amadeus.inference.typicality import LEVELS, Typicality, typicality
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.tokens import Attribute, encode
from amadeus.tokens.vocabulary import DRUMS, FIRST_DRUM_PITCH, has_sound

REAL = ["choir_changing_metre", "funk_drums", "game_band", "song_with_pickup", "string_quartet"]


@pytest.fixture(scope="module")
def real(fixtures):
    """Two bars of each real piece."""
    return {name: first_bars(encode(read_midi(fixtures / f"{name}.mid")), 2) for name in REAL}


def bars(*tracks, metre=(4, 4)):
    """Tokens of tracks: program, whether drums, and notes (onset, length, pitch) in quarters."""
    made = [
        Track(program, make_notes((12 * o, 12 * d, p, 80) for o, d, p in notes), is_drum=is_drum)
        for program, is_drum, notes in tracks
    ]
    return encode(Score(12, tuple(made), time_signatures=(TimeSignature(0, *metre),)))


SCALE = [(i, 1, pitch) for i, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))]


def test_features_say_what_is_in_the_bars():
    hihat = [(i / 2, 0.5, 42) for i in range(8)]
    found = typicality().features(bars((0, False, SCALE), (0, True, hihat)))
    assert found["notes"] == pytest.approx(np.log(16 / 8))
    assert found["off the beat"] == pytest.approx(4 / 12)
    assert found["busiest bar"] == pytest.approx(np.log(8 / 4))
    assert found["bars played"] == 0.5  # the hi-hat leaves after a bar
    assert found["same note again"] == pytest.approx(np.log(8))
    assert found["leaps"] == pytest.approx(12 / 7)
    assert found["commonest drum"] == found["drum sounds"] == 1
    assert found["length"] == pytest.approx(np.log(12))
    assert found["lengths"] == 0


def test_drums_and_pitches_are_noticed_where_there_are_any():
    pitched = typicality().features(bars((0, False, SCALE)))
    drums = typicality().features(bars((0, True, SCALE)))
    assert "leaps" in pitched
    assert "drum sounds" not in pitched
    assert "leaps" not in drums
    assert "drum sounds" in drums


def test_bars_without_notes_are_nothing_out_of_the_ordinary():
    assert typicality().score(bars((0, False, SCALE))[:1]) == 0


def test_what_cannot_be_played_is_out_of_range(real):
    rows = real["string_quartet"].copy()
    before = typicality().features(rows)["out of range"]
    rows[has_sound(rows[:, Attribute.TYPE]), Attribute.PITCH] += 30
    assert before < 1 < typicality().features(rows)["out of range"]


@pytest.mark.parametrize("name", REAL)
def test_real_music_is_more_usual_than_what_models_get_stuck_in(real, name):
    stuck = real[name].copy()
    sound = has_sound(stuck[:, Attribute.TYPE])
    is_drum = stuck[:, Attribute.INSTRUMENT] == DRUMS
    stuck[sound & is_drum, Attribute.PITCH] = FIRST_DRUM_PITCH + 38
    stuck[sound & ~is_drum, Attribute.PITCH] = 100
    assert typicality().score(stuck) < typicality().score(real[name])


def test_a_flood_of_notes_and_a_long_silence_are_untypicality():
    flood = bars((10, False, [(i / 12, 1 / 12, 50 + i % 40) for i in range(96)]))
    tune = bars((10, False, SCALE))
    single = bars((10, False, [(0, 8, 60)]))
    assert max(map(typicality().score, (flood, single))) < typicality().score(tune)


def test_a_metre_that_nobody_writes_in_is_untypicality():
    in_common = bars((0, False, SCALE))
    in_odd = bars((0, False, SCALE), metre=(31, 8))
    share = {
        m: typicality().features(rows)["metre"] for m, rows in (("4/4", in_common), ("", in_odd))
    }
    assert share["4/4"] < 1 < 5 < share[""]


def test_the_middle_of_what_was_measured_is_typicality():
    openings = [bars((0, False, [(i, 1, 60 + n) for i in range(8)])) for n in range(21)]
    found = Typicality.of(openings, 2)
    shares = [found.score(rows) for rows in openings]
    assert int(np.argmax(shares)) in range(8, 13)
    assert min(shares) == pytest.approx(min(shares[0], shares[-1]))
    assert all(len(levels) == LEVELS for levels in found.quantiles.values())


def test_a_table_survives_json(real):
    import json

    again = Typicality.from_dict(json.loads(json.dumps(typicality().to_dict())))
    assert again == typicality()


@pytest.mark.parametrize("name", REAL)
def test_a_slow_reading_gives_the_same_numbers(real, name):
    """Notes at once, new bars and repeated notes, counted note by note."""
    rows = real[name].astype(int)
    parts, bar = {}, -1
    for row in rows:
        bar += bool(row[Attribute.TYPE] >= 7)
        if has_sound(row[Attribute.TYPE]):
            note = (bar, int(row[Attribute.BEAT]), int(row[Attribute.PITCH]))
            parts.setdefault(int(row[Attribute.INSTRUMENT]), []).append(note)
    at_once, again, new = [], [], []
    for notes in parts.values():
        at_once.append(len(notes) / len({(b, t) for b, t, _ in notes}))
        longest = run = 1
        for (*_, one), (*_, other) in itertools.pairwise(notes):
            run = run + 1 if one == other else 1
            longest = max(longest, run)
        again.append(longest)
        played = {b: tuple((t, p) for c, t, p in notes if c == b) for b, _, _ in notes}
        new.append(len(set(played.values())) / len(played))
    found = typicality().features(rows)
    assert found["notes at once"] == pytest.approx(np.log(max(at_once)))
    assert found["same note again"] == pytest.approx(np.log(max(again)))
    assert found["new bars"] == pytest.approx(np.mean(new))
