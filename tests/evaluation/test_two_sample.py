from __future__ import annotations

import sys

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.evaluation import two_sample
from amadeus.evaluation.comparison import measure
from amadeus.evaluation.evidence import Evidence, System
from amadeus.evaluation.features import features_of_openings
from amadeus.evaluation.pieces import Piece
from amadeus.evaluation.two_sample import (
    area_under_curve,
    feature_areas,
    real_against_real,
    two_sample_part,
    two_sample_test,
)
from amadeus.music.score import Score, Tempo, Track, make_notes
from amadeus.text.prompt_list import LabelledPrompt

BARS = 4


def tune(seed, program=0, drums=False, velocities=(50, 90), bpm=100.0):
    """Eighths of a scale, with velocities drawn from a range."""
    rng = np.random.default_rng(seed)
    pitches = np.array([60, 62, 64, 65, 67, 69, 71, 72])[rng.integers(0, 8, 8 * BARS)]
    loud = rng.integers(*velocities, 8 * BARS)
    notes = ((6 * i, 6, int(p), int(x)) for i, (p, x) in enumerate(zip(pitches, loud, strict=True)))
    tracks = [Track(program, make_notes(notes))]
    if drums:
        strokes = make_notes((12 * i, 6, 36 + 2 * (i % 2), 80) for i in range(4 * BARS))
        tracks.append(Track(0, strokes, is_drum=True))
    return Score(12, tuple(tracks), tempos=(Tempo(0, bpm),))


def features_of(scores):
    return features_of_openings(scores, measure(scores))


@pytest.mark.parametrize(
    ("scores", "labels", "area"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 1, 0, 1], 0.875),
    ],
)
def test_the_area_under_the_curve_counts_pairs_in_order_and_half_of_the_ties(scores, labels, area):
    assert area_under_curve(np.array(scores, float), np.array(labels)) == pytest.approx(area)


def test_pieces_of_one_kind_cannot_be_told_apart_and_those_of_two_kinds_can():
    real = features_of([tune(seed) for seed in range(80)])
    same = features_of([tune(seed) for seed in range(100, 140)])
    flat = features_of([tune(seed, velocities=(70, 72)) for seed in range(200, 240)])
    assert 0.3 < two_sample_test(same, real).auc < 0.7
    test = two_sample_test(flat, real)
    assert test.auc > 0.95
    assert test.low <= test.auc <= test.high
    assert test.pieces == 40
    assert 0.3 < real_against_real(real, 40).auc < 0.7


def test_the_feature_that_differs_comes_first():
    real = features_of([tune(seed) for seed in range(30)])
    flat = features_of([tune(seed, velocities=(70, 72)) for seed in range(100, 130)])
    areas = feature_areas(flat, real)
    first = next(iter(areas))
    assert "velocit" in first
    assert areas["velocity spread"] == 0.0
    assert areas["distinct velocities"] == 0.0
    assert abs(areas["range of a part"] - 0.5) < 0.3


def test_copies_of_a_prompt_do_not_leak_from_training_to_testing():
    """Equal pieces in both folds would be recognised; as one group they never are in both."""
    real = features_of([tune(seed) for seed in range(40)])
    copies = features_of([tune(1000 + seed // 10) for seed in range(40)])
    owners = [seed // 10 for seed in range(40)]
    apart = two_sample_test(copies, real, owners)
    assert apart.auc < two_sample_test(copies, real).auc


def test_features_are_finite_numbers_or_missing_for_any_music():
    scores = [
        tune(0),
        tune(1, drums=True),
        Score(12, (Track(0, make_notes([(0, 12, 60, 64)])),)),
        Score(12, (Track(0, make_notes([(0, 12, 36, 64)]), is_drum=True),)),
    ]
    for name, values in features_of(scores).items():
        assert len(values) == len(scores), name
        assert not np.isinf(values).any(), name


def test_the_report_has_the_test_where_there_is_enough_to_compare():
    slow = LabelledPrompt("slow", {"tempo": 60, "instruments": ["violin"]}, "slow")
    pieces = [
        Piece(name=f"slow-{i}.mid", score=tune(i, 40, velocities=(70, 72), bpm=60), prompt=slow)
        for i in range(20)
    ]
    real = [tune(100 + i, 40 if i % 2 else 0, bpm=60 if i % 2 else 180) for i in range(60)]
    system = System("ours", pieces, BARS)
    evidence = Evidence(systems=[system], bars=BARS, prompts=[slow], reference=real)
    part = two_sample_part(evidence)
    assert part is not None
    tests = part.values["two-sample test"]["tests"]
    assert set(tests) == {"ours", "real against real"}
    assert tests["ours"]["pieces"] == 20
    like = two_sample._of_like_kind(system, evidence)
    assert (like % 2 == 1).all()
    assert len(set(like)) == 20
    assert two_sample_part(Evidence(systems=[system], bars=BARS, reference=real[:30])) is None
    assert two_sample_part(Evidence(systems=[system], bars=BARS)) is None


def test_too_few_pieces_and_a_missing_library_are_named(monkeypatch):
    features = features_of([tune(seed) for seed in range(20)])
    few = {name: values[:19] for name, values in features.items()}
    with pytest.raises(ConfigError, match="at least 20 composed and 20 real pieces, got 19 and 20"):
        two_sample_test(few, features)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ConfigError, match=r"pip install 'amadeus-music\[evaluate\]'"):
        two_sample_test(features, features)
