"""The weights that come with the package: what they compose is music, and new each time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from amadeus.corpus.dataset import Openings
from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
from amadeus.inference.composer import load_model, sampling_config
from amadeus.inference.request import Request
from amadeus.model.checkpoint import load_checkpoint
from amadeus.model.packaged import available_models, find_checkpoint
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
