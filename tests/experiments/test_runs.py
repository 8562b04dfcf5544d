"""Runs that are kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from amadeus.errors import ConfigError
from amadeus.experiments import runs as runs_module
from amadeus.experiments.recipes import base_recipe, with_steps
from amadeus.experiments.runs import Runs
from amadeus.training.trainer import Trainer


def test_a_recipe_is_trained_once(recipe, tmp_path, monkeypatch):
    first = Runs(tmp_path).get(recipe)
    monkeypatch.setattr(Trainer, "run", None)
    again = Runs(tmp_path).get(recipe)
    assert again.nats == pytest.approx(first.nats, abs=1e-5)
    assert again.curve == pytest.approx(first.curve, abs=1e-5)
    assert [step for step, _ in first.curve] == [1, 2, 3, 4]
    assert len(first.nats) == recipe.test_pieces


def test_a_run_that_was_killed_goes_on(recipe, tmp_path):
    recipe = recipe.but(checkpoint_minutes=0.0)

    def kill(what, step, steps):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Runs(tmp_path / "killed", kill).get(recipe)
    steps = []
    run = Runs(tmp_path / "killed", lambda what, step, _: steps.append(step)).get(recipe)
    assert steps == [3, 4]
    whole = Runs(tmp_path / "whole").get(recipe)
    assert run.nats.tolist() == whole.nats.tolist()
    assert run.curve.tolist() == whole.curve.tolist()


def test_a_kept_model_is_the_one_that_was_measured(recipe, tmp_path):
    runs = Runs(tmp_path)
    runs.get(recipe)
    trainer = Trainer(replace(recipe.config, output=tmp_path / recipe.key))
    weights = runs.model(recipe).state_dict()
    untrained = trainer.model.state_dict()
    assert any((weights[name] != untrained[name]).any() for name in weights)


def test_a_recipe_is_known_by_what_makes_a_difference(recipe):
    assert recipe.but(output=Path("elsewhere"), workers=2).key == recipe.key
    others = [
        recipe.but(seed=1),
        recipe.but(model={"enhancement": False}),
        recipe.but(dispersion=0.1),
        with_steps(recipe, 5),
        replace(recipe, decoder="in turn"),
    ]
    assert len({recipe.key, *(other.key for other in others)}) == 1 + len(others)


def test_a_schedule_follows_the_number_of_updates_unless_it_is_given(shards):
    config = base_recipe(shards, {"steps": 1000}).config
    assert (config.warmup, config.validate_every) == (100, 200)
    config = base_recipe(shards, {"steps": 1000, "warmup": 7}).config
    assert (config.warmup, config.validate_every) == (7, 200)


def test_an_unknown_field_is_refused(shards):
    with pytest.raises(ConfigError, match="unknown field 'stepz'"):
        base_recipe(shards, {"stepz": 3})


def test_seconds_of_an_update_are_measured_once_on_batches_of_the_recipe(
    recipe, tmp_path, monkeypatch
):
    clock = [0.0]

    def update(trainer, step, batch):
        rounds = step // runs_module.UPDATES
        clock[0] += len(batch.tokens) * (2 if rounds % 2 else 1)  # slow every other round

    monkeypatch.setattr(Trainer, "update", update)
    monkeypatch.setattr(runs_module, "process_time", lambda: clock[0])
    dearer = recipe.but(batch_size=16)
    runs = Runs(tmp_path)
    found = runs.seconds_per_update([recipe, dearer])
    assert found == [recipe.config.batch_size, 16]
    monkeypatch.setattr(Trainer, "update", None)
    assert runs.seconds_per_update([recipe, dearer]) == found
