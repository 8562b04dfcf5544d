import math
from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation.comparison import compare, distance
from amadeus.evaluation.metrics import METRICS
from amadeus.music.grid import quantize
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Track, make_notes


@pytest.fixture(scope="module")
def pieces(fixtures):
    return [quantize(read_midi(path)) for path in sorted(fixtures.glob("*.mid"))]


def halved(score):
    """Every other note."""
    return replace(score, tracks=tuple(replace(t, notes=t.notes[::2]) for t in score.tracks))


def test_a_set_is_at_no_distance_from_itself(pieces):
    comparison = compare(pieces, pieces)
    for name in METRICS:
        real = comparison.real[name]
        real = real[~np.isnan(real)]
        assert distance(real, real) == 0


def test_deleting_half_of_the_notes_moves_the_music_away(pieces):
    comparison = compare([halved(piece) for piece in pieces], pieces)
    generated, real = comparison.generated["note density"], comparison.real["note density"]
    assert (generated < 0.6 * real).all()
    assert distance(generated, real) > 0.1
    assert comparison.mean_distance > 0.1


def test_the_mean_distance_is_over_the_metrics_that_have_one(pieces):
    comparison = compare(pieces, pieces)
    assert comparison.mean_distance == 0
    drums = Score(12, (Track(0, make_notes([(0, 12, 36, 64)]), is_drum=True),))
    among_drums = compare([drums], [drums, drums])
    assert np.isnan(among_drums.mean_distance)


def test_the_resolution_of_a_file_does_not_matter(pieces):
    finer = [quantize(piece, 480) for piece in pieces]
    comparison = compare(finer, pieces)
    for name in METRICS:
        np.testing.assert_allclose(comparison.generated[name], comparison.real[name])


def test_distance_is_how_far_a_distribution_has_to_be_moved():
    real = np.random.default_rng(0).normal(size=200)
    assert distance(real + 3 * real.std(), real) == pytest.approx(3)
    other = np.random.default_rng(1).normal(1, 2, size=200)
    paired = np.abs(np.sort(other) - np.sort(real)).mean() / real.std()
    assert distance(other, real) == pytest.approx(paired)
    # Every value twice is the same distribution.
    assert distance(np.repeat(other, 2), real) == pytest.approx(paired)


def test_there_is_no_distance_to_nothing_or_to_a_single_value():
    some = np.array([1.0, 2.0])
    assert math.isnan(distance(np.array([]), some))
    assert math.isnan(distance(some, np.array([])))
    assert math.isnan(distance(some, np.array([3.0, 3.0])))


def test_table_has_a_row_for_every_metric(pieces):
    drums = Score(12, (Track(0, make_notes([(0, 1, 36, 90)]), is_drum=True),))
    table = compare([drums], pieces).to_markdown()
    head, _, *rows = table.splitlines()
    assert head == "| metric | generated | real | distance |"
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in METRICS]
    assert "| pitch entropy | nan |" in table
    assert "| instruments | 1.000 ± 0.000 |" in table
