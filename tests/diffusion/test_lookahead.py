from itertools import product

import numpy as np
import pytest

from amadeus.diffusion import UnmaskConfig, unmask, unmask_ahead
from amadeus.diffusion.unmasking import NOISE_SHAPE, Link, LogitBias
from amadeus.tokens import NUM_ATTRIBUTES, Attribute, RowType
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import FIRST_BAR

ORDERS = ["confidence", "entropy", "random", "fixed"]
FREE = [Attribute.INSTRUMENT, Attribute.PITCH, Attribute.VELOCITY]
TABLES = 31
CHOICES = np.array(list(product((3, 5), (60, 62, 64, 65), (10, 20, 30))))


class Network:
    """Logits of an attribute lean on all that is known of the row, by tables of their own."""

    def __init__(self, seed=0, strength=1.0):
        rng = np.random.default_rng(seed)
        self.alone = rng.normal(size=(NUM_ATTRIBUTES, MAX_SIZE)).astype("f4") * 3
        shape = (NUM_ATTRIBUTES, TABLES, NUM_ATTRIBUTES, MAX_SIZE)
        self.tables = rng.normal(size=shape).astype("f4") * np.float32(strength)
        self.alone[Attribute.TYPE] = -50
        self.alone[Attribute.TYPE, [RowType.NOTE, FIRST_BAR + 40]] = 0
        self.passes = self.states = 0

    def __call__(self, values, known):
        self.passes, self.states = self.passes + 1, self.states + len(values)
        return np.stack([self.of_one(*state) for state in zip(values, known, strict=True)])

    def of_one(self, values, known):
        given = np.flatnonzero(known)
        return self.alone + self.tables[given, values[given] % TABLES].sum(0)

    def of_states(self, of, values, known):
        return self(values, known)


@pytest.fixture(scope="module")
def network():
    return Network()


def grammar(num_bars=None):
    started = Grammar(num_bars=num_bars)
    for row in (mark(RowType.START)[0], np.array([FIRST_BAR + 40, 1, 2, 41, 1, 61, 12, 20])):
        started.advance(row)
    return started


def noise(rows, seed=0):
    return np.random.default_rng(seed).random((rows, *NOISE_SHAPE))


def settings(order, seed):
    rng = np.random.default_rng(seed)
    return UnmaskConfig(
        order=order,
        num_steps=int(rng.choice([8, 8, 5, 2])),
        threshold=rng.choice([None, 0.8]),
        temperature=float(rng.choice([0.0, 0.7, 1.3])),
        top_p=float(rng.choice([0.8, 1.0])),
    )


@pytest.mark.parametrize("order", ORDERS)
def test_rows_are_those_of_one_step_at_a_time(network, order):
    rng = np.random.default_rng(7)
    chords = rng.normal(size=(40, MAX_SIZE)).astype("f4")
    link = Link(Attribute.CHORD, Attribute.PITCH, chords)
    lean = LogitBias(rng.normal(size=VALUES.shape).astype("f4"), (link,))
    for seed in range(8):
        configs = [settings(order, 3 * seed + i) for i in range(3)]
        grammars = [grammar(), grammar(num_bars=1), grammar()]
        notes = VALUES & (rng.random(VALUES.shape) < 0.9)
        notes[Attribute.TYPE] = VALUES[Attribute.TYPE]
        grammars[2].permit(notes, VALUES)
        biases = [None, lean, lean]
        expected = unmask(network, grammars, configs, noise(3, seed), biases=biases)
        found = unmask_ahead(network.of_states, grammars, configs, noise(3, seed), biases)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("order", ORDERS)
def test_where_attributes_do_not_depend_on_each_other_one_check_is_enough(order):
    alone = Network(strength=0.0)
    config = UnmaskConfig(order=order)
    unmask_ahead(alone.of_states, [grammar()], [config], noise(1), [None])
    assert alone.passes == 2
    assert alone.states <= NUM_ATTRIBUTES


def test_no_more_predictions_than_one_step_at_a_time_however_wrong_the_guesses():
    for seed in range(6):
        unlike = Network(seed=1, strength=8.0)
        unmask(unlike, [grammar()], [UnmaskConfig()], noise(1, seed))
        plain, unlike.passes = unlike.passes, 0
        unmask_ahead(unlike.of_states, [grammar()], [UnmaskConfig()], noise(1, seed), [None])
        assert unlike.passes <= plain


def test_states_are_of_the_piece_they_are_said_to_be_of():
    networks = [Network(seed) for seed in range(2)]
    configs, grammars = [UnmaskConfig()] * 2, [grammar(), grammar()]

    def predict(of, values, known):
        return np.stack(
            [networks[i].of_one(v, k) for i, v, k in zip(of, values, known, strict=True)]
        )

    together = unmask_ahead(predict, grammars, configs, noise(2), [None] * 2)
    for i, alone in enumerate(networks):
        row = unmask(alone, grammars[i : i + 1], configs[:1], noise(2)[i : i + 1])
        np.testing.assert_array_equal(together[i], row[0])


def three_free_attributes():
    """A grammar that leaves 2 x 4 x 3 notes."""
    started = grammar()
    notes = np.zeros_like(VALUES)
    notes[np.arange(NUM_ATTRIBUTES), [RowType.NOTE, 9, 2, 41, 0, 0, 12, 0]] = True
    for attribute, values in zip(FREE, CHOICES.T, strict=True):
        notes[attribute] = np.isin(np.arange(MAX_SIZE), values)
    started.permit(notes, VALUES & False)
    return started


def chances_by_enumeration(network, temperature):
    """Of each of the notes left: the surest attribute first, the product of its conditionals."""
    values, known = np.zeros(NUM_ATTRIBUTES, dtype=int), np.zeros(NUM_ATTRIBUTES, dtype=bool)
    values[:] = [RowType.NOTE, 9, 2, 41, 0, 0, 12, 0]
    known[[a for a in Attribute if a not in FREE]] = True
    legal = [np.unique(column) for column in CHOICES.T]

    def walk(values, known):
        if known.all():
            return {tuple(values[FREE]): 1.0}
        logits = network.of_one(values, known)
        open_ = [(a, logits[a, own]) for a, own in zip(FREE, legal, strict=True) if not known[a]]
        surest, own = max(open_, key=lambda one: np.exp(one[1] - one[1].max()).sum() ** -1)
        chances = np.exp((own - own.max()) / temperature)
        found = {}
        for value, chance in zip(legal[FREE.index(surest)], chances / chances.sum(), strict=True):
            after, now_known = values.copy(), known.copy()
            after[surest], now_known[surest] = value, True
            below = walk(after, now_known)
            found |= {row: chance * rest for row, rest in below.items()}
        return found

    return walk(values, known)


def distance_from_the_chain_rule(network, num_steps):
    """Chi-square of 1,500 rows, 23 degrees of freedom."""
    count, started = 1500, three_free_attributes()
    config = UnmaskConfig(temperature=4.0, num_steps=num_steps)
    rows = unmask_ahead(
        network.of_states, [started] * count, [config] * count, noise(count), [None] * count
    )
    chances = chances_by_enumeration(network, 4.0)
    found = np.array([(rows[:, FREE] == choice).all(1).sum() for choice in CHOICES])
    expected = count * np.array([chances[tuple(choice)] for choice in CHOICES])
    assert found.sum() == count
    return ((found - expected) ** 2 / expected).sum()


def test_rows_are_distributed_as_the_chain_rule_says(network):
    one_percent, one_in_a_million = 41.6, 73.7
    assert distance_from_the_chain_rule(network, num_steps=8) < one_percent
    assert distance_from_the_chain_rule(network, num_steps=1) > one_in_a_million
