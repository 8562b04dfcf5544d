"""Rows that are given, revealed: what is paid is what the sampler's probabilities say."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.diffusion import UnmaskConfig, unmask
from amadeus.diffusion.forcing import Anything, ForcedRow
from amadeus.diffusion.unmasking import NOISE_SHAPE
from amadeus.tokens import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, RowType
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.tokenizer import mark

ROW = np.array([9, 5, 2, 41, 1, 61, 12, 20])
POLICIES = [
    UnmaskConfig(),
    UnmaskConfig(num_steps=3),
    UnmaskConfig(num_steps=1),
    UnmaskConfig(threshold=0.3),
    UnmaskConfig(order="entropy"),
    UnmaskConfig(order="random"),
    UnmaskConfig(order="fixed", fixed_order=ATTRIBUTES[::-1]),
]


def random_logits(seed=0):
    logits = 2 * np.random.default_rng(seed).normal(size=(NUM_ATTRIBUTES, MAX_SIZE))
    return np.where(VALUES, logits, -np.inf)


def noise(seed=0):
    return np.random.default_rng(seed).random(NOISE_SHAPE)


def forced(config, predict, row=ROW, grammar=None):
    state = ForcedRow(grammar or Anything(), config, noise(), row)
    while not state.is_whole:
        state.step(predict(state.values, state.known))
    assert np.array_equal(state.values, row)
    return state


@pytest.mark.parametrize("config", POLICIES, ids=str)
def test_independent_attributes_cost_the_same_in_every_order_and_number_of_steps(config):
    logits = random_logits()
    found = forced(config, lambda values, known: logits)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    expected = -np.log(shares[range(NUM_ATTRIBUTES), ROW] / shares.sum(-1))
    assert found.nats == pytest.approx(expected)
    assert np.array_equal(found.hits, logits.argmax(-1) == ROW)


def test_eight_steps_reveal_one_attribute_at_a_time():
    revealed = []

    def predict(values, known):
        revealed.append(known.sum())
        return random_logits()

    assert forced(UnmaskConfig(num_steps=8), predict).predictions == 8
    assert revealed == list(range(8))


@pytest.mark.parametrize("num_steps", range(1, 9))
def test_a_row_takes_as_many_predictions_as_steps(num_steps):
    found = forced(UnmaskConfig(num_steps=num_steps), lambda values, known: random_logits())
    assert found.predictions == num_steps


def test_a_copied_attribute_is_paid_for_once_if_it_is_revealed_alone():
    """Pitch and duration that are always equal: together they are paid for twice."""

    def predict(values, known):
        logits = np.where(VALUES, 0.0, -np.inf)
        for one, other in ((5, 6), (6, 5)):
            logits[one] = -np.inf
            logits[one, 1:5] = 0
            if known[other]:
                logits[one] = -np.inf
                logits[one, values[other]] = 0
        return logits

    row = ROW.copy()
    row[5:7] = 3
    alone = forced(UnmaskConfig(), predict, row)
    together = forced(UnmaskConfig(num_steps=1), predict, row)
    assert alone.nats[5:7].sum() == pytest.approx(np.log(4))
    assert together.nats[5:7].sum() == pytest.approx(2 * np.log(4))
    assert alone.nats[:5] == pytest.approx(np.log(SIZES[:5]))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**16), policy=st.sampled_from(POLICIES))
def test_under_the_grammar_only_what_may_be_has_probability(seed, policy):
    """Whatever the sampler composes, forcing reveals in as many steps, and it is not impossible."""
    grammar = Grammar()
    grammar.advance(mark(RowType.START)[0])
    logits = random_logits(seed).astype(np.float32)
    drawn = unmask(
        lambda values, known: logits[None], [grammar], [policy], noise()[None]
    )[0]  # fmt: skip
    found = forced(policy, lambda values, known: logits, drawn, grammar)
    free = forced(policy, lambda values, known: logits, drawn)
    assert np.all(np.isfinite(found.nats))
    assert found.predictions <= free.predictions
    assert found.nats.sum() <= free.nats.sum() + 1e-9


def test_the_probabilities_of_all_rows_sum_to_one():
    """Two attributes of three values that depend on each other, the surest first."""
    table = np.random.default_rng(3).normal(size=(4, 3, 3, 3))

    def predict(values, known):
        logits = np.full((NUM_ATTRIBUTES, MAX_SIZE), -np.inf)
        logits[:, 0] = 0
        logits[5, :3] = table[0, 0, 0] if not known[6] else table[1, values[6], 0]
        logits[6, :3] = table[2, 0, 0] if not known[5] else table[3, values[5], 0]
        return logits

    for config in (UnmaskConfig(), UnmaskConfig(threshold=0.5), UnmaskConfig(num_steps=1)):
        total = 0.0
        for pitch, duration in [(0, 0), (1, 1), (2, 2), *permutations(range(3), 2)]:
            row = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
            row[5:7] = pitch, duration
            total += np.exp(-forced(config, predict, row).nats.sum())
        assert total == pytest.approx(1)
