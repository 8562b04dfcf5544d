"""The type of activations, with a clock that the test sets."""

import pytest
import torch

from amadeus.training import precision
from amadeus.training.precision import choose_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_what_is_asked_for_is_taken(monkeypatch, device, name):
    monkeypatch.setattr(precision, "peak_flops", lambda *_: pytest.fail("measured"))
    assert choose_precision(name, device) is getattr(torch, name)


def test_a_gpu_is_not_measured(monkeypatch):
    monkeypatch.setattr(precision, "peak_flops", lambda *_: pytest.fail("measured"))
    assert choose_precision("auto", CUDA) is torch.bfloat16


@pytest.mark.parametrize("faster", [torch.float32, torch.bfloat16])
def test_a_cpu_takes_what_it_multiplies_faster(monkeypatch, faster):
    monkeypatch.setattr(precision, "peak_flops", lambda dtype, _: 2.0 if dtype is faster else 1.0)
    assert choose_precision("auto", CPU) is faster


def test_a_product_counts_as_its_fastest_run(monkeypatch):
    readings = iter([0, 5, 10, 12, 20, 27, 30, 33, 40, 49, 50, 54, 60, 66, 70, 78])
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(readings))
    assert precision.peak_flops(torch.float32, CPU) == 2 * 2048 * 512 * 512 / 2
    assert next(readings, None) is None
