import pytest
import torch

from amadeus.model import PRESETS, Amadeus
from amadeus.training.optimizer import build_optimizers, rate, set_rate

STEPS, WARMUP = 200, 20


@pytest.mark.parametrize("schedule", ["cosine", "trapezoid"])
def test_the_rate_rises_to_one_and_falls_to_zero(schedule):
    rates = [rate(step, STEPS, WARMUP, schedule) for step in range(STEPS + 1)]
    assert rates[0] == pytest.approx(1 / WARMUP)
    assert rates[WARMUP - 1] == rates[WARMUP] == 1.0
    assert rates[:WARMUP] == sorted(rates[:WARMUP])
    assert rates[WARMUP:] == sorted(rates[WARMUP:], reverse=True)
    assert rates[STEPS] == pytest.approx(0.0, abs=1e-12)
    assert min(rates[:STEPS]) > 0


def test_the_cosine_is_halfway_down_in_the_middle():
    assert rate((STEPS + WARMUP) // 2, STEPS, WARMUP, "cosine") == pytest.approx(0.5)


def test_the_trapezoid_stays_and_then_falls_straight():
    rates = [rate(step, STEPS, WARMUP, "trapezoid") for step in range(WARMUP, STEPS + 1)]
    flat = [r for r in rates if r == 1.0]
    assert len(flat) / len(rates) == pytest.approx(0.55, abs=0.01)
    falling = torch.tensor(rates[len(flat) + 1 :])
    assert falling.diff().std() < 1e-6


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_a_run_shorter_than_its_warmup_only_rises(steps):
    for schedule in ("cosine", "trapezoid"):
        assert all(0 < rate(step, steps, 20, schedule) <= 1 for step in range(steps))


@pytest.mark.parametrize("kind", ["muon", "adamw"])
@pytest.mark.parametrize("enhancement", [True, False])
def test_every_parameter_is_in_exactly_one_optimizer(kind, enhancement):
    config = PRESETS["nano"]
    model = Amadeus(type(config)(width=32, layers=1, heads=2, enhancement=enhancement))
    optimizers = build_optimizers(model, kind=kind, lr=0.01, matrix_lr=0.02, weight_decay=0.1)
    held = [id(p) for o in optimizers for group in o.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


def test_muon_takes_the_matrices_and_no_table():
    model = Amadeus(PRESETS["nano"])
    muon, adamw = build_optimizers(model, kind="muon", lr=0.01, matrix_lr=0.02, weight_decay=0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    matrices = {names[id(p)] for group in muon.param_groups for p in group["params"]}
    others = {names[id(p)] for group in adamw.param_groups for p in group["params"]}
    assert others == {
        "embedder.table.weight", "decoder.table.weight", "decoder.heads", "enhancement.slots",
        "profile_embedder.table.weight", "profile_embedder.bias.weight",
    }  # fmt: skip
    assert "generator.blocks.0.attention.query.weight" in matrices


def test_only_matrices_decay():
    model = Amadeus(PRESETS["nano"])
    (adamw,) = build_optimizers(model, kind="adamw", lr=0.01, matrix_lr=0.02, weight_decay=0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    decay = {names[id(p)]: g["weight_decay"] for g in adamw.param_groups for p in g["params"]}
    assert decay["embedder.table.weight"] == decay["enhancement.slots"] == 0.0
    assert decay["generator.blocks.0.mlp.up.weight"] == 0.1


def test_each_group_keeps_its_own_full_rate():
    model = Amadeus(PRESETS["nano"])
    optimizers = build_optimizers(
        model, kind="muon", lr=0.01, matrix_lr=0.02, weight_decay=0.1, profile_lr=0.03
    )
    for share in (0.5, 0.25, 1.0):
        set_rate(optimizers, share)
        rates = [group["lr"] for o in optimizers for group in o.param_groups]
        assert rates == pytest.approx([0.02 * share, 0.01 * share, 0.03 * share])
