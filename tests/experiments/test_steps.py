"""Policies compared, with a model that knows nothing."""

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.experiments import steps
from amadeus.experiments.options import Steps
from amadeus.experiments.policies import ORDERS, STEPS, Cost
from amadeus.experiments.steps import Compared, Outcome, compare_policies, report
from amadeus.inference import Composer
from amadeus.music.midi import read_midi
from amadeus.tokens import encode

SOME = {name: STEPS[name] for name in ("T = 8", "T = 4", "T = 2", "T = 1", "sure at 0.7")} | ORDERS


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "ROUNDS", 1)
        patch.setattr(steps, "NOTES", 4)
        patch.setattr(steps, "RESAMPLES", 40)
        yield


@pytest.fixture(scope="module")
def real(fixtures):
    return [encode(read_midi(path)) for path in sorted(fixtures.glob("*.mid"))]


@pytest.fixture(scope="module")
def compared(ignorant, real):
    return compare_policies(Composer(ignorant), real, SOME, pieces=2, bars=2, rows=8)


def test_no_more_predictions_than_steps(compared):
    asked = {name: outcome.cost.predictions for name, outcome in compared.outcomes.items()}
    assert np.all(asked["T = 1"] == 1)
    assert np.all(asked["T = 4"] <= 4)
    assert np.all((asked["T = 8"] > 4) & (asked["T = 8"] <= 8))
    assert np.all(asked["sure at 0.7"] <= asked["T = 8"])


def test_the_first_policy_is_as_far_from_real_music_as_itself(compared):
    beyond = compared.extra_distance("T = 8")
    assert (beyond.mean, beyond.low, beyond.high) == (0, 0, 0)
    assert compared.distance("T = 8") > 0


def test_music_like_real_music_is_nearer():
    rng = np.random.default_rng(0)
    real, near, far = ({"metric": rng.normal(mean, 1, 60)} for mean in (0, 0.1, 2))
    cost = Cost(np.ones(2), np.ones(2))
    found = Compared(
        {name: Outcome(values, cost, [1.0]) for name, values in (("near", near), ("far", far))},
        real,
    )
    assert found.distance("near") < 0.5 < found.distance("far")
    beyond = found.extra_distance("far")
    assert 1 < beyond.low < beyond.mean < beyond.high < 3


def test_the_report_has_two_lines_for_every_policy(compared, tmp_path):
    report(compared, Steps(pieces=2, bars=2, rows=8), {}).write(tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert all(page.count(f"\n| {name} |") == 2 for name in SOME)
    assert (tmp_path / "steps.png").stat().st_size > 10_000


def test_pieces_that_are_too_short_are_refused(ignorant, real):
    with pytest.raises(ConfigError, match="fewer bars"):
        compare_policies(Composer(ignorant), real, SOME, pieces=1, bars=10_000, rows=8)
