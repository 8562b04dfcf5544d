"""Few kernels: how many a note takes, and compilers that make fewer of them, or fail to."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from amadeus.inference.composer import sampling_config
from amadeus.inference.composition import compose
from amadeus.inference.device import fusing
from amadeus.inference.device.engine import DeviceEngine
from amadeus.inference.device.fusing import SWITCH, Fuser
from amadeus.inference.device.network import Seen, fused, predict
from amadeus.inference.device.tables import UNKNOWN
from amadeus.inference.engine import OpenPiece
from amadeus.inference.naive import compose_naively
from amadeus.inference.request import Request
from amadeus.model import PRESETS, Amadeus
from amadeus.tokens import RowType
from amadeus.tokens.grammar import VALUES, Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import SIZES

CPU = torch.device("cpu")
_NO_KERNEL = ("aten.empty", "aten.detach", "aten.alias", "aten._unsafe_view", "aten.lift_fresh")


class Operations(TorchDispatchMode):
    """Counts what would launch a kernel, at the least one each: all but views."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += not (func.is_view or "view" in str(func) or str(func).startswith(_NO_KERNEL))
        return func(*args, **(kwargs or {}))


def test_a_note_takes_few_kernels():
    """As deep as preset large; widths make no difference."""
    config = replace(PRESETS["large"], width=96, decoder_width=48, text_width=8)
    engine = DeviceEngine(Amadeus(config).eval(), [None], context=64)
    row = mark(RowType.START).astype(np.int64)
    engine.prefill(0, row)
    grammar = Grammar()
    grammar.advance(row[0])
    noise = np.random.default_rng(0).random((1, 1, 2, 8))
    with Operations() as operations:
        engine.compose_ahead(
            [OpenPiece(grammar, sampling_config(), slot=0)], lambda count: noise, 1
        )
    assert operations.count < 1450  # and 2,317 once


def test_the_decoder_of_few_kernels_predicts_what_the_readable_one_does(tiny_model):
    config = tiny_model.config
    rng = torch.Generator().manual_seed(0)
    conditional, unconditional = torch.randn(2, 3, 8, config.decoder_width, generator=rng)
    values = torch.stack([torch.randint(size, (3,), generator=rng) for size in SIZES], dim=1)
    masked = torch.rand(3, 8, generator=rng) < 0.5
    scales = torch.tensor([0.0, 1.0, 3.0])
    with torch.inference_mode():
        shown = torch.where(masked, UNKNOWN, values)
        found = predict(fused(tiny_model).decoder, Seen(conditional, unconditional, scales), shown)
        with_text, without = (
            tiny_model.decoder(s, values, masked) for s in (conditional, unconditional)
        )
    for logits, scale, yes, no in zip(found, scales, with_text, without, strict=True):
        expected = no[VALUES] + scale * (yes - no)[VALUES]
        torch.testing.assert_close(logits[VALUES], expected, atol=1e-4, rtol=1e-4)


@pytest.fixture
def can_fuse(monkeypatch):
    """As if there were a GPU, and a compiler for it."""
    monkeypatch.setattr(fusing, "can_fuse", lambda device: True)
    monkeypatch.setattr(Fuser, "fails", False)
    monkeypatch.delenv(SWITCH, raising=False)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles with g++")
def test_what_is_compiled_composes_the_pieces_of_the_oracle(
    can_fuse, tiny_model, waltz, monkeypatch
):
    monkeypatch.setattr("amadeus.inference.torch_engine.TorchEngine", DeviceEngine)
    for request in (
        Request(num_bars=3, seed=1, max_notes=20, unmask=sampling_config()),
        Request(num_bars=2, seed=4, max_notes=8, constrain=waltz),
    ):
        (piece,) = compose(tiny_model, [request], context=32)
        np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 32))
    assert Fuser(CPU).works


def test_a_compiler_that_fails_is_one_warning(can_fuse, monkeypatch):
    def broken(function):
        raise RuntimeError("no compiler\nfar down")

    monkeypatch.setattr(fusing, "_compiled", broken)
    fuser = Fuser(CPU)
    with pytest.warns(UserWarning, match=r"not fused.*no compiler.*AMADEUS_FUSE=0"):
        assert fuser.run(max, 1, 2) == 2
    assert fuser.run(max, 1, 2) == 2  # and says nothing more
    assert not Fuser(CPU).works


def test_fusing_can_be_switched_off(can_fuse, monkeypatch):
    assert Fuser(CPU).works
    monkeypatch.setenv(SWITCH, "0")
    assert not Fuser(CPU).works


def test_nothing_is_compiled_for_a_cpu():
    assert not Fuser(CPU).works
