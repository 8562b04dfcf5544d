"""The weights that come with the package: what they compose is music, and new each time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from amadeus.corpus.dataset import Openings
from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
from amadeus.diffusion.masking import draw_masks
from amadeus.inference.composer import load_model
from amadeus.inference.native import NativeEngine, NativeNetwork
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.model.checkpoint import load_checkpoint
from amadeus.model.packaged import available_models, find_checkpoint
from amadeus.native import library
from amadeus.tokens.grammar import check
from amadeus.tokens.vocabulary import Attribute, has_sound, opens_bar
from amadeus.training.loss import Objective
from amadeus.training.validation import validate

pytestmark = pytest.mark.slow
BIGRAM_NATS = 9.85
BARS = 8


@pytest.fixture(scope="module", params=available_models())
def composer(request):
    return load_model(request.param)


def test_pieces_are_valid_and_end_on_their_last_bar(composer):
    requests = [
        Request(num_bars=BARS, max_notes=400, seed=seed, unmask=sampling_config())
        for seed in range(4)
    ]
    pieces = composer.compose(requests)
    for tokens in pieces:
        check(tokens)
        types = tokens[:, Attribute.TYPE]
        sounding = tokens[has_sound(types)]
        assert opens_bar(types).sum() == BARS or len(sounding) == 400
        assert len(sounding) > BARS / 2
        assert len(np.unique(sounding[:, Attribute.PITCH])) > 1
    assert len({tokens.tobytes() for tokens in pieces}) == len(pieces)


def test_they_predict_unseen_music_better_than_tables_of_pairs():
    openings = Openings(Shards(PACKAGED_VALIDATION, "validation"), 960, 4, None, 12)
    model = load_checkpoint(find_checkpoint("amadeus-small"))
    nats = validate(Objective(model), openings, None, torch.device("cpu"))
    assert nats.per_note < BIGRAM_NATS / 2


@pytest.mark.skipif(library.load() is None, reason="the core is not compiled")
def test_bytes_cost_less_than_half_a_percent_of_nats():
    """The compiled core, fed the same rows and masks as the model."""
    model = load_checkpoint(find_checkpoint("amadeus-small"))
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    network = NativeNetwork(model.config, weights)
    held_out = Shards(PACKAGED_VALIDATION, "validation")
    rng = np.random.default_rng(0)
    nats = np.zeros(2)
    for index in range(0, len(held_out), len(held_out) // 8):
        rows = torch.from_numpy(held_out.tokens(index)[:129].astype(np.int64))
        targets = rows[1:]
        uniform = torch.from_numpy(rng.random((len(targets), 9)))
        masked, weight = draw_masks(uniform)
        with torch.inference_mode():
            context = model.contextualize(rows[None])
            slots = model.slots(context, context.latents[:, :-1])[0]
            expected = model.decoder(slots, targets, masked)
        engine = NativeEngine(network, [None], len(rows))
        engine.prefill(0, rows[:1].numpy())
        for n, row in enumerate(targets):
            engine.enhance()
            known = ~masked[n : n + 1].numpy()
            found = torch.from_numpy(engine.predict(row[None].numpy(), known))[0]
            for i, logits in enumerate((expected[n], found)):
                loss = F.cross_entropy(logits, row, reduction="none")
                nats[i] += float((loss * masked[n] * weight[n]).sum())
            engine.step(row[None].numpy())
    assert nats[1] < 1.005 * nats[0]
