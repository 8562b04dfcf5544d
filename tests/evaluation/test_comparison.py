import math
from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation.comparison import (
    chance_distances,
    compare,
    distance,
    overlap_area,
)
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


def test_overlap_is_that_of_kernel_density_estimates():
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(0)
    real, generated = generator.normal(size=80), generator.normal(0.8, 1.3, size=30)
    between = np.abs(np.subtract.outer(generated, real)).ravel()
    within = np.abs(np.subtract.outer(real, real))[np.triu_indices(80, 1)]
    x = np.linspace(-4, 12, 2000)
    densities = [stats.gaussian_kde(sample)(x) for sample in (between, within)]
    expected = np.minimum(*densities).sum() * (x[1] - x[0])
    assert overlap_area(generated, real) == pytest.approx(expected, abs=1e-4)


def test_overlap_falls_with_the_distance_from_real_values():
    real = np.random.default_rng(0).normal(size=100)
    areas = [overlap_area(real + shift, real) for shift in (0.0, 1.0, 3.0, 100.0)]
    assert areas[0] > 0.97
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] < 1e-6


def test_there_is_no_overlap_of_single_values():
    some = np.array([1.0, 2.0, 4.0])
    assert math.isnan(overlap_area(np.array([]), some))
    assert math.isnan(overlap_area(some, some[:1]))
    assert math.isnan(overlap_area(some, np.array([3.0, 3.0, 3.0])))


def test_chance_brings_fewer_pieces_less_near():
    real = {"notes": np.random.default_rng(0).normal(size=300)}
    many, few = (chance_distances(real, pieces)["notes"] for pieces in (150, 10))
    assert 0.05 < many < 0.2 < few < 0.5
    assert chance_distances(real, 10) == chance_distances(real, 10)
