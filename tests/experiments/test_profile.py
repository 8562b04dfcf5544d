"""Profiles told to a model that knows nothing, and pieces that it composes with them."""

from dataclasses import replace

import numpy as np
import pytest

from amadeus.corpus.shards import Shards
from amadeus.errors import ConfigError, CorpusError
from amadeus.experiments import profile_measures as experiment
from amadeus.experiments.profile import Results, report
from amadeus.experiments.profile_measures import (
    NONE,
    OTHER,
    RIGHT,
    Followed,
    Likened,
    values_of,
)
from amadeus.inference import Composer
from amadeus.model import PRESETS, Amadeus
from amadeus.profile import FIELDS, MEASURES
from amadeus.profile.wording import parse_profile


@pytest.fixture(scope="module")
def held_out(make_shards):
    return Shards(make_shards(), "validation")


@pytest.fixture(scope="module")
def heard(ignorant, held_out):
    return [
        experiment.predict(ignorant, held_out, [0, 1, 2], rows=12, by_value=True),
        experiment.predict(ignorant, held_out, [0, 1, 2], rows=24, by_value=False),
    ]


def test_all_that_is_known_of_a_piece_is_tried_alone_and_left_out(heard):
    first, second = heard
    assert set(first.whole) == {RIGHT, OTHER, NONE}
    assert set(first.alone) == set(first.without) == set(FIELDS)
    for name in ("bpm", "parts", "genres", "from_start", "bars_left", "notes_per_bar"):
        assert np.isfinite(first.alone[name]).all()
    assert np.isnan(first.alone["moods"]).all()
    assert second.alone == second.without == {}


def test_what_is_told_makes_a_difference(heard):
    for one in heard:
        assert np.isfinite(np.stack(list(one.whole.values()))).all()
        assert not np.allclose(one.whole[RIGHT], one.whole[NONE])
        assert not np.allclose(one.whole[RIGHT], one.whole[OTHER])
    assert not np.allclose(heard[0].alone["bpm"], heard[0].whole[NONE])
    assert not np.allclose(heard[0].without["bpm"], heard[0].whole[RIGHT])


def test_nats_are_the_same_again(ignorant, held_out, heard):
    again = experiment.predict(ignorant, held_out, [0, 1, 2], rows=24, by_value=False)
    for name, values in heard[1].whole.items():
        assert np.array_equal(again.whole[name], values)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_values_asked_for_are_those_of_low_and_high_and_some_between(measure):
    for levels in (2, 4):
        values = values_of(measure, levels)
        assert len(values) == levels
        assert values == sorted(values)
        assert [values[0], values[-1]] == [
            getattr(parse_profile(f"{measure.title}: {word}", int), measure.name)
            for word in ("low", "high")
        ]


def test_correlation_is_that_of_ranks():
    asked = np.array([1.0, 2.0, 9.0])
    same = np.array([[1.0, 1.0], [5.0, 6.0], [7.0, 1000.0]])
    assert Followed(MEASURES[0], asked, same).correlation == pytest.approx((16 / 17) ** 0.5)
    assert Followed(MEASURES[0], asked, -same).correlation == pytest.approx(-((16 / 17) ** 0.5))
    assert Followed(MEASURES[0], asked, same[:, :1]).correlation == pytest.approx(1)
    assert np.isnan(Followed(MEASURES[0], asked, np.ones((3, 2))).correlation)
    unknown = np.where(same == 5, np.nan, same)
    assert Followed(MEASURES[0], asked, unknown).correlation > 0.9


def test_nearest_is_nearer_than_all_others():
    distances = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.5], [0.0, 0.4, 0.3]])
    found = Likened(["a", "b", "c"], distances, np.zeros(3, int), np.zeros(3))
    assert found.nearest.tolist() == [True, False, False]
    assert found.ranks.tolist() == [0, 1, 1]


def test_pieces_are_chosen_from_every_corpus_in_turn(held_out):
    chosen = experiment.from_every_corpus(held_out, 4)
    assert [held_out.pieces[i].corpus for i in chosen] == ["marches", "waltzes"] * 2
    assert experiment.from_every_corpus(held_out, 99)[:4] == chosen
    assert len(experiment.from_every_corpus(held_out, 99)) == len(held_out)
    assert experiment.from_every_corpus(held_out, 99, fewest_bars=10**6) == []


@pytest.fixture(scope="module")
def followed(ignorant):
    return experiment.follow(Composer(ignorant), MEASURES[0], levels=2, seeds=2, bars=2)


@pytest.fixture(scope="module")
def likened(ignorant, held_out):
    return experiment.liken(Composer(ignorant), held_out, [0, 1, 2], bars=2)


def test_every_value_is_asked_for_with_every_seed(followed):
    assert followed.obtained.shape == (2, 2)
    assert (followed.obtained[~np.isnan(followed.obtained)] > 0).all()


def test_every_piece_is_compared_with_every_profile(likened):
    assert likened.distances.shape == (3, 3)
    assert (likened.distances > 0).all()
    assert (likened.distances <= 1).all()
    assert likened.names == ["marches", "waltzes", "marches"]
    assert likened.shared.shape == likened.longest.shape == (3,)


def test_too_few_long_pieces_are_refused(ignorant, held_out):
    with pytest.raises(CorpusError, match="use fewer"):
        experiment.liken(Composer(ignorant), held_out, [0, 1], bars=10**6)


def test_a_model_without_profiles_is_refused():
    model = Amadeus(replace(PRESETS["nano"], profile=False))
    with pytest.raises(ConfigError, match="nano was trained without profiles"):
        experiment.check_reads_profiles(model, "nano")


def test_the_report_has_a_table_for_each_part(heard, followed, likened):
    whole = report(Results(heard, [followed], likened), bars=2, provenance={})
    assert [table.title for table in whole.tables] == [
        "Nats per row", "Which values help", "Does music follow the profile?",
        "Music from the profile of a piece",
    ]  # fmt: skip
    assert set(whole.values) == {"heard", "followed", "likened"}
    assert len(whole.tables[2].rows) == 1
    assert set(whole.pictures) == {"profile"}
    alone = report(Results(likened=likened), bars=2, provenance={})
    assert [table.title for table in alone.tables] == ["Music from the profile of a piece"]
    assert alone.pictures == {}
    for one in (whole, alone):
        assert one.to_markdown()
        assert "nan" not in str(one.values)
