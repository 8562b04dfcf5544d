import numpy as np
import pytest
import torch

from amadeus.model import PRESETS, Amadeus
from amadeus.tokens import NUM_ATTRIBUTES, Attribute, RowType
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.vocabulary import bar_type, metre_index, rest_type


@pytest.fixture(scope="package")
def tiny_model():
    """A nano model in which no weight is zero, as output projections and heads are at first."""
    model = Amadeus(PRESETS["nano"]).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        scale = 1.0 if parameter.dim() == 1 else parameter.shape[-2] ** -0.5
        parameter.data.normal_(0, scale, generator=generator)
    return model


@pytest.fixture
def waltz():
    """Holds a model to bars of 3/4 with five notes or none, as far as they fit."""
    metre = metre_index(3, 4)
    unknown = np.zeros(NUM_ATTRIBUTES, dtype=np.int64), np.zeros(NUM_ATTRIBUTES, dtype=bool)

    def permitted(*types):
        values = VALUES.copy()
        values[Attribute.TYPE] = False
        values[Attribute.TYPE, list(types)] = True
        return values

    note = permitted(RowType.NOTE)
    end = permitted(RowType.END, RowType.JOIN)
    new_bar = permitted(bar_type(metre), rest_type(metre))

    def constrain(grammar):
        grammar.permit(None)
        note_fits = grammar.allowed(*unknown)[Attribute.TYPE, RowType.NOTE]
        if note_fits and grammar.notes % 5:
            grammar.permit(note, note)
        else:
            grammar.permit(end, new_bar)

    return constrain


@pytest.fixture
def caption():
    """Token states of a caption, [S, text_width]."""
    states = np.random.default_rng(1).normal(size=(5, PRESETS["nano"].text_width))
    return torch.from_numpy(states.astype(np.float32))
