"""The whole experiment, with a model that knows nothing: what is hard holds all the same."""

from dataclasses import replace

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.control import Experiment, report
from amadeus.experiments.requests import CONTROLS, find_controls
from amadeus.inference import Composer
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import is_rest, opens_bar


@pytest.fixture(scope="module")
def real(fixtures):
    return [encode(read_midi(path)) for path in sorted(fixtures.glob("*.mid"))]


@pytest.fixture(scope="module")
def composer(randomize):
    model = randomize(Amadeus(replace(PRESETS["nano"], context=256)))
    for parameter in model.parameters():
        parameter.data *= 0.3
    return Composer(model)


@pytest.fixture(scope="module")
def outcomes(composer, real):
    experiment = Experiment(composer, real, seeds=2, bars=2)
    return experiment, [experiment.run(control) for control in find_controls()]


def test_what_is_hard_holds(outcomes):
    _, found = outcomes
    for outcome in found:
        if outcome.control.is_hard:
            assert outcome.violations == []
            assert outcome.holds.mean == 1
        else:
            assert outcome.holds is None


@pytest.mark.parametrize(
    "name", ["tempo", "tempo curve", "metre", "instruments", "velocity", "durations", "bars"]
)
def test_what_holds_is_heard(outcomes, name):
    _, found = outcomes
    (outcome,) = [one for one in found if one.control.name == name]
    with_request, _ = next(iter(outcome.measures.values()))
    assert with_request.mean == 1


def test_costs_are_those_of_what_is_free(outcomes):
    experiment, found = outcomes
    everything = experiment.baseline()
    for outcome in found:
        assert 0 < outcome.cost.nats.mean < 60
        assert outcome.cost_without.nats.mean < everything.nats.mean
        assert outcome.cost_without.distance == everything.distance


def test_the_report_has_a_line_for_every_control(outcomes, tmp_path):
    experiment, found = outcomes
    report(found, experiment, {"bars": 2}).write(tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert all(page.count(f"\n| {name} |") == 3 for name in CONTROLS)
    assert (tmp_path / "control.png").stat().st_size > 10_000


def test_equal_seeds_give_equal_numbers(composer, real):
    def run():
        experiment = Experiment(composer, real, seeds=2, bars=2, seed=9)
        outcomes = [experiment.run(control) for control in find_controls(["key", "density"])]
        return report(outcomes, experiment, {"bars": 2}).to_dict()

    assert run() == run()


def test_an_opening_begins_with_its_first_note_and_is_a_whole_piece(real):
    for tokens in real:
        cut = first_bars(tokens, 3)
        types = cut[:, Attribute.TYPE]
        assert (types[0], types[-1], opens_bar(types).sum()) == (RowType.START, RowType.END, 3)
        assert not is_rest(types[1:2]).any()
        grammar = Grammar()
        for row in cut:
            grammar.advance(row)
        assert decode(cut).num_notes > 0


def test_a_short_piece_has_no_long_opening(real):
    whole = first_bars(real[0], 1)
    assert first_bars(whole, 2) is None
    assert np.array_equal(first_bars(whole, 1), whole)
    silence = np.concatenate([whole[:1], whole[-1:]])
    assert first_bars(silence, 1) is None


def test_too_few_real_pieces_are_refused(composer, real):
    with pytest.raises(ConfigError, match="fewer bars"):
        Experiment(composer, real, seeds=1, bars=10_000)
