import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
import torch

from amadeus.corpus.shards import ShardWriter
from amadeus.errors import ConfigError, CorpusError, TrainingError
from amadeus.model.checkpoint import load_checkpoint
from amadeus.model.checkpoint_files import read_config
from amadeus.tokens import SIZES
from amadeus.training import trainer as trainer_module
from amadeus.training.config import load_config
from amadeus.training.state import STATE
from amadeus.training.trainer import Trainer


def train(config, **kwargs):
    trainer = Trainer(config, device="cpu")
    return trainer, trainer.run(**kwargs)


def interrupt(model, step):
    os.kill(os.getpid(), signal.SIGTERM)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def subprocess_of(code, *arguments):
    """The standard output of Python code, run with its own process and signals."""
    command = [sys.executable, *arguments]
    if code is not None:
        command += ["-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_resumed_run_equals_an_uninterrupted_one(config, tmp_path, optimizer):
    """Bit for bit, also across a validation and in the middle of the learning rate's fall."""
    options = {"optimizer": optimizer, "steps": 5, "validate_every": 2}
    whole, _ = train(config(output=tmp_path / "whole", **options))
    _, step = train(config(**options), on_validation=interrupt)
    assert step == 3
    resumed, step = train(config(**options), resume=True)
    assert step == 5
    expected = whole.model.state_dict()
    for name, weight in resumed.model.state_dict().items():
        assert torch.equal(weight, expected[name])


def test_sigterm_stops_after_the_step_at_hand_and_saves(config):
    before = signal.getsignal(signal.SIGTERM)
    trainer, step = train(config(validate_every=2), on_validation=interrupt)
    assert step == 3
    assert read_config(trainer.config.output)["notes"]["step"] == 3
    assert signal.getsignal(signal.SIGTERM) == before


def test_time_is_up_after_the_step_at_hand(config):
    trainer, step = train(config(), max_minutes=0.0)
    assert step == 1
    assert read_config(trainer.config.output)["notes"] == {"step": 1, "steps": 5}
    weights = load_checkpoint(trainer.config.output).state_dict()
    for name, weight in trainer.model.state_dict().items():
        assert torch.equal(weights[name], weight)


def test_a_finished_run_has_nothing_to_resume(config):
    trainer, _ = train(config())
    before = contents(trainer.config.output)
    assert train(config(), resume=True)[1] == 5
    assert contents(trainer.config.output) == before


def test_training_lowers_the_loss(config):
    losses = []

    def record(progress):
        if progress.step % trainer_module.REPORT_EVERY == 0:
            losses.append(progress.loss)

    train(config(steps=60, rows=48, batch_size=8, warmup=5), on_step=record)
    assert losses[0] < sum(torch.tensor(SIZES).log().tolist())  # what a new model pays
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize("poison", ["weights", "gradient"])
def test_a_loss_that_is_no_number_keeps_the_last_checkpoint(config, poison):
    trainer = Trainer(config(), device="cpu")
    trainer.save(0)
    before = contents(trainer.config.output)
    weight = trainer.model.generator.blocks[0].mlp.up.weight
    if poison == "weights":
        weight.data.fill_(float("nan"))
    else:
        weight.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(TrainingError, match=r"is nan at step 1;.*--resume"):
        trainer.run()
    assert contents(trainer.config.output) == before


def test_an_absurd_rate_is_caught_before_it_is_saved(config):
    with pytest.raises(TrainingError, match="lower lr and matrix_lr"):
        train(config(steps=40, lr=1e30, matrix_lr=1e30, checkpoint_minutes=0.0, warmup=1))
    for weight in load_checkpoint(config().output).state_dict().values():
        assert torch.isfinite(weight).all()


def test_validation_is_reported_and_changes_nothing(config, tmp_path):
    nats = []
    plain, _ = train(config(output=tmp_path / "plain"))
    watched, _ = train(
        config(validate_every=1), on_step=lambda progress: nats.append(progress.nats)
    )
    assert len(nats) == 5
    assert nats[-1].per_note < nats[0].per_note
    assert nats[0].per_note == pytest.approx(sum(nats[0].per_attribute.values()))
    assert nats[0].rows == plain.config.rows - 1  # one held-out piece, START given
    for a, b in zip(plain.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(a, b)


def reported_steps(config, **fields):
    steps = []
    train(config(**fields), on_step=lambda progress: steps.append(progress.step))
    return steps


def test_the_first_steps_are_reported_one_by_one(config, monkeypatch):
    monkeypatch.setattr(trainer_module, "REPORT_EVERY", 3)
    assert reported_steps(config, steps=10) == [1, 2, 3, 6, 9, 10]


def test_a_slow_run_reports_by_the_clock(config, monkeypatch):
    monkeypatch.setattr(trainer_module, "REPORT_EVERY", 4)
    monkeypatch.setattr(trainer_module, "REPORT_SECONDS", 0.0)
    assert reported_steps(config, steps=7) == [1, 2, 3, 4, 5, 6, 7]


def test_scalars_are_logged_from_the_first_step_on(config, monkeypatch):
    logged = []
    monkeypatch.setattr(
        trainer_module._Log, "scalars", lambda log, values, step: logged.append((step, *values))
    )
    train(config(steps=2))
    assert logged[:2] == [(step, "loss", "notes/s", "utilization") for step in (1, 2)]


def test_the_seed_decides(config, tmp_path):
    def weights(**fields):
        trainer, _ = train(config(steps=2, **fields))
        return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])

    assert torch.equal(weights(seed=1), weights(seed=1, output=tmp_path / "again"))
    assert not torch.equal(weights(seed=1), weights(seed=2))


def test_a_pipe_is_no_state_to_resume(config):
    settings = config()
    settings.output.mkdir(parents=True)
    os.mkfifo(settings.output / "training.safetensors")
    with pytest.raises(TrainingError, match="not a regular file"):
        train(settings, resume=True)


def test_nothing_to_resume_is_said(config):
    with pytest.raises(TrainingError, match="nothing to resume"):
        train(config(), resume=True)


def test_another_model_or_file_cannot_be_resumed(config):
    train(config(), max_minutes=0.0)
    with pytest.raises(TrainingError, match="another model"):
        train(config(model={"layers": 2}), resume=True)
    path = config().output / STATE
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="not a saved training state"):
        train(config(), resume=True)


def test_a_corpus_without_training_pieces_is_refused(config, tmp_path):
    ShardWriter(tmp_path / "empty").close()
    with pytest.raises(CorpusError, match="no training pieces"):
        Trainer(config(shards=tmp_path / "empty"), device="cpu")


def test_a_batch_is_divided_evenly_between_processes(config, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="divisible by 3"):
        Trainer(config(batch_size=4), device="cpu")


def test_a_configuration_is_read_from_yaml(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("shards: a\noutput: b\npreset: nano\nmodel: {layers: 2}\nrows: 100\n")
    config = load_config(path, {"steps": 7})
    assert config.steps == 7
    assert config.model_config().layers == 2
    assert config.model_config().context == 100
    assert config.excerpt_config(8, seed=1).rows == 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output: b", "shards"),
        ("shards: a\noutput: b\nstep: 3", "unknown field 'step'"),
        ("shards: a\noutput: b\npreset: huge", "huge"),
        ("shards: a\noutput: b\nsteps: 0", "steps must be at least 1"),
        ("- a", "field: value"),
        ("a: [", "YAML"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path)


def test_a_wrong_field_of_the_model_is_named(config):
    with pytest.raises(ConfigError, match="unknown field 'depth'"):
        config(model={"depth": 3}).model_config()


def script(config, body):
    """Code that trains with a configuration."""
    values = {name: getattr(config, name) for name in config.__dataclass_fields__}
    return f"""
import os, signal
from pathlib import PosixPath
from amadeus.training.config import TrainConfig
from amadeus.training.trainer import Trainer
trainer = Trainer(TrainConfig(**{values!r}), device="cpu")
{body}
"""


@pytest.mark.slow
def test_a_killed_process_leaves_a_checkpoint(config):
    stop = "def stop(progress): os.kill(os.getpid(), signal.SIGTERM)\n"
    config_ = config(steps=1_000_000)
    out = subprocess_of(script(config_, stop + "print(trainer.run(on_step=stop))"))
    assert int(out) == 2  # told to stop after the first step, it ends after the next
    assert read_config(config_.output)["notes"]["step"] == int(out)


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [False, True])
def test_two_processes_train_one_model(config, tmp_path, stopped):
    """Both end at the same step, also when only one of them is told to stop."""
    config_ = replace(config(), steps=1_000_000 if stopped else 5)
    body = """
class Stop:
    def __init__(self): self.left = 3
    def __call__(self, module, args):
        self.left -= 1
        if STOPPED and self.left == 0 and trainer.rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)
trainer.model.embedder.register_forward_pre_hook(Stop())
step = trainer.run()
total = sum(float(p.detach().double().sum()) for p in trainer.model.parameters())
(PosixPath(OUT) / str(trainer.rank)).write_text(f"{step} {total!r}")
""".replace("STOPPED", repr(stopped)).replace("OUT", repr(str(tmp_path)))
    path = tmp_path / "train.py"
    path.write_text(script(config_, body))
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    subprocess_of(None, *launcher, str(path))
    first, second = ((tmp_path / rank).read_text() for rank in "01")
    assert first == second
    assert first.split()[0] == ("3" if stopped else "5")
    assert read_config(config_.output)["notes"]["step"] == int(first.split()[0])


def test_a_run_can_start_from_the_weights_of_another(config, tmp_path):
    first, _ = train(config(output=tmp_path / "first"))
    start = {"start_from": str(tmp_path / "first")}
    second = Trainer(config(rows=24, **start), device="cpu")
    for name, weight in second.model.state_dict().items():
        assert torch.equal(weight, first.model.state_dict()[name])
    with pytest.raises(ConfigError, match="another size"):
        Trainer(config(model={"layers": 1}, **start), device="cpu")


def test_a_resumed_run_goes_on_with_the_average(config, tmp_path):
    """Of the weights and of the checkpoint, which holds the average."""
    options = {"average": 0.5, "validate_every": 2}
    whole, _ = train(config(output=tmp_path / "whole", **options))
    _, step = train(config(**options), on_validation=interrupt)
    assert step == 3
    resumed, step = train(config(**options), resume=True)
    assert step == 5
    for kind in ("model", "average"):
        expected = whole.models[kind].state_dict()
        for name, weight in resumed.models[kind].state_dict().items():
            assert torch.equal(weight, expected[name])
    saved = load_checkpoint(resumed.config.output).state_dict()
    for name, weight in resumed.average.objective.model.state_dict().items():
        assert torch.equal(saved[name], weight)
    assert not torch.equal(
        saved["decoder.table.weight"], resumed.model.state_dict()["decoder.table.weight"]
    )


def test_averaging_changes_no_update(config, tmp_path):
    plain, _ = train(config(output=tmp_path / "plain"))
    averaged, _ = train(config(average=0.9))
    for a, b in zip(plain.model.parameters(), averaged.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_run_without_an_average_cannot_be_resumed_with_one(config):
    train(config(), max_minutes=0.0)
    with pytest.raises(TrainingError, match="another model"):
        train(config(average=0.5), resume=True)


def test_a_model_without_profiles_gains_them(config, tmp_path):
    first, _ = train(config(output=tmp_path / "first", profile=False))
    assert first.model.profile_embedder is None
    start = {"start_from": str(tmp_path / "first")}
    gained = Trainer(config(**start), device="cpu")
    weights = gained.model.state_dict()
    for name, weight in first.model.state_dict().items():
        assert torch.equal(weights[name], weight)
    new = set(weights) - set(first.model.state_dict())
    assert new == {"profile_embedder.table.weight", "profile_embedder.bias.weight"}
    assert gained.run() == 5
    assert load_checkpoint(config().output).config.profile is True


def test_a_model_with_profiles_keeps_them(config, tmp_path):
    first, _ = train(config(output=tmp_path / "first"))
    start = {"start_from": str(tmp_path / "first")}
    again = Trainer(config(**start), device="cpu")
    for name, weight in again.model.state_dict().items():
        assert torch.equal(weight, first.model.state_dict()[name])
    with pytest.raises(ConfigError, match=r"set preset, model, profile"):
        Trainer(config(profile=False, **start), device="cpu")


def test_profiles_are_trained(config):
    trainer = Trainer(config(rows=24), device="cpu")
    before = trainer.model.profile_embedder.table.weight.detach().clone()
    trainer.run()
    after = trainer.model.profile_embedder.table.weight.detach()
    assert not torch.equal(before, after)
    assert not after[0].any()


@pytest.mark.parametrize(
    ("field", "value"), [("average", 1.0), ("average", -0.1), ("precision", "float64")]
)
def test_a_wrong_field_of_the_run_is_named(config, field, value):
    with pytest.raises(ConfigError, match=f"{field} must be"):
        config(**{field: value})
