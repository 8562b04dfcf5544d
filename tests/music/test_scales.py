"""Scales by name and by their notes."""

from __future__ import annotations

import pytest

from amadeus.errors import ScoreError
from amadeus.music.keys import Key
from amadeus.music.scales import SCALES, parse_scale


@pytest.mark.parametrize(
    ("text", "notes", "name"),
    [
        ("A minor", {9, 11, 0, 2, 4, 5, 7, 8}, "A minor"),
        ("am", {9, 11, 0, 2, 4, 5, 7, 8}, "A minor"),
        ("A natural minor", {9, 11, 0, 2, 4, 5, 7}, "A natural minor"),
        ("d dorian", {2, 4, 5, 7, 9, 11, 0}, "D dorian"),
        ("B flat major", {10, 0, 2, 3, 5, 7, 9}, "Bb major"),
        ("B blues", {11, 2, 4, 5, 6, 9}, "B blues"),
        ("Bb blues", {10, 1, 3, 4, 5, 8}, "Bb blues"),
        ("F# whole-tone", {6, 8, 10, 0, 2, 4}, "F# whole tone"),
        ("C E G A", {0, 4, 7, 9}, "C E G A"),
        ("Eb, G, Bb", {3, 7, 10}, "Eb G Bb"),
    ],
)
def test_a_scale_has_its_notes(text, notes, name):
    scale = parse_scale(text)
    assert set(scale.pitch_classes) == notes
    assert str(scale) == name


def test_modes_are_rotations_of_the_major_scale():
    modes = ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
    for tonic, mode in zip("CDEFGAB", modes, strict=True):
        assert set(parse_scale(f"{tonic} {mode}").pitch_classes) == set(SCALES["major"])


def test_a_scale_sounds_like_the_key_of_its_triad():
    assert parse_scale("D dorian").key == Key(2, "minor")
    assert parse_scale("G mixolydian").key == Key(7, "major")
    assert parse_scale("B locrian").key is None
    assert parse_scale("C E G").key is None


@pytest.mark.parametrize("text", ["", "H minor", "A dorain", "C E X", "dorian", "A minor minor"])
def test_what_is_no_scale_is_named(text):
    with pytest.raises(ScoreError, match=r"scale|tonic"):
        parse_scale(text)
