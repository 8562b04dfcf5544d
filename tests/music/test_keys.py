import numpy as np
import pytest

from amadeus.errors import ScoreError
from amadeus.music.keys import (
    Key,
    estimate_key,
    key_correlations,
    parse_key,
    pitch_class_histogram,
)
from amadeus.music.score import Score, Track, make_notes

ALL_KEYS = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]


def melody(pitches, is_drum=False):
    """A score of quarter notes, one after the other."""
    notes = make_notes((480 * i, 480, pitch, 80) for i, pitch in enumerate(pitches))
    return Score(480, (Track(0, notes, is_drum=is_drum),))


def scale_with_tonic_triad(key):
    third = 4 if key.mode == "major" else 3
    return [60 + p for p in (*key.scale, key.tonic, key.tonic + third, key.tonic + 7, key.tonic)]


@pytest.mark.parametrize("key", ALL_KEYS, ids=str)
def test_key_is_heard_in_its_scale_and_triad(key):
    assert estimate_key(melody(scale_with_tonic_triad(key))) == key


@pytest.mark.parametrize("semitones", range(-6, 6))
def test_transposition_moves_the_key(semitones):
    pitches = [60, 64, 67, 65, 69, 72, 67, 71, 74, 60]
    key = estimate_key(melody(pitches))
    moved = estimate_key(melody([p + semitones for p in pitches]))
    assert key == Key(0, "major")
    assert moved == Key(semitones % 12, "major")


def test_rotating_the_histogram_rotates_the_correlations():
    histogram = np.arange(12.0) ** 2
    correlations = key_correlations(histogram).reshape(2, 12)
    rotated = key_correlations(np.roll(histogram, 3)).reshape(2, 12)
    assert np.abs(correlations).max() <= 1
    np.testing.assert_allclose(rotated, np.roll(correlations, 3, axis=1))


def test_histogram_counts_quarter_notes_and_no_drums():
    score = melody([60, 72, 64])
    drums = melody([36, 38], is_drum=True)
    both = Score(480, score.tracks + drums.tracks)
    expected = np.zeros(12)
    expected[[0, 4]] = 2, 1
    np.testing.assert_array_equal(pitch_class_histogram(both), expected)


def test_drums_silence_and_the_whole_chromatic_scale_have_no_key():
    assert estimate_key(melody([36, 38, 42], is_drum=True)) is None
    assert estimate_key(Score(480, ())) is None
    assert estimate_key(melody([])) is None
    assert estimate_key(melody(range(60, 72))) is None


@pytest.mark.parametrize("key", ALL_KEYS, ids=str)
def test_name_says_the_key(key):
    assert parse_key(str(key)) == key


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A minor", "A minor"),
        ("Am", "A minor"),
        ("AM", "A major"),
        ("F# major", "F# major"),
        ("Gb major", "F# major"),
        ("Bb", "Bb major"),
        ("B♭", "Bb major"),
        ("F♯ min", "F# minor"),
        ("G# minor", "G# minor"),
        ("b flat minor", "Bb minor"),
        ("B-flat Major", "Bb major"),
        ("C sharp minor", "C# minor"),
        ("bm", "B minor"),
        (" d ", "D major"),
        ("Cb", "B major"),
    ],
)
def test_key_is_read_as_musicians_write_it(text, name):
    assert str(parse_key(text)) == name


@pytest.mark.parametrize("text", ["", "H minor", "A dorian", "minor", "B- minor", "C##"])
def test_unknown_key_is_refused_with_a_remedy(text):
    with pytest.raises(ScoreError, match="write it like"):
        parse_key(text)


@pytest.mark.parametrize(("tonic", "mode"), [(12, "major"), (-1, "minor"), (0, "dorian")])
def test_key_outside_the_twenty_four_is_refused(tonic, mode):
    with pytest.raises(ScoreError, match="choose"):
        Key(tonic, mode)


@pytest.mark.parametrize("key", ALL_KEYS, ids=str)
def test_relative_key_has_the_same_notes(key):
    assert key.relative.mode != key.mode
    assert set(key.relative.scale) == set(key.scale)
    assert key.relative.relative == key
    assert len(set(key.scale)) == 7
