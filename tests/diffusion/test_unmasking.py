import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.diffusion import UnmaskConfig, unmask
from amadeus.diffusion.unmasking import NOISE_SHAPE, DrawSettings, LogitBias, draw
from amadeus.errors import ConfigError, GrammarError
from amadeus.tokens import ATTRIBUTES, NUM_ATTRIBUTES, Attribute, RowType
from amadeus.tokens.grammar import MAX_SIZE, Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import FIRST_BAR, bar_type, metre_index

ORDERS = ["confidence", "entropy", "random", "fixed"]
FIRST_NOTE = [bar_type(metre_index(4, 4)), 5, 2, 41, 1, 61, 12, 20]
TEMPO_FIRST = ("tempo", *(name for name in ATTRIBUTES if name != "tempo"))


class Oracle:
    """Predicts the same logits in every step and remembers what it was asked of the first row."""

    def __init__(self, logits):
        self.logits, self.asked = logits, []

    def __call__(self, values, known):
        self.asked.append((values[0].copy(), known[0].copy()))
        return np.broadcast_to(self.logits, (len(values), NUM_ATTRIBUTES, MAX_SIZE))


def random_oracle(seed=0, no_rests=True):
    logits = np.random.default_rng(seed).normal(size=(NUM_ATTRIBUTES, MAX_SIZE)).astype("f4") * 3
    if no_rests:
        logits[Attribute.TYPE] = -50
        logits[Attribute.TYPE, [RowType.NOTE, FIRST_BAR + 40]] = 0
    return Oracle(logits)


def grammar_after_a_note():
    grammar = Grammar()
    for row in (mark(RowType.START)[0], np.array(FIRST_NOTE)):
        grammar.advance(row)
    return grammar


def noise(num_rows=1, seed=0):
    return np.random.default_rng(seed).random((num_rows, *NOISE_SHAPE))


def one_row(oracle, seed=0, **config):
    return unmask(oracle, [grammar_after_a_note()], [UnmaskConfig(**config)], noise(seed=seed))[0]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("num_steps", range(1, 9))
def test_every_policy_and_number_of_steps_gives_legal_rows(order, num_steps):
    for seed in range(5):
        oracle = random_oracle(seed, no_rests=seed % 2)
        row = one_row(oracle, seed, order=order, num_steps=num_steps)
        grammar_after_a_note().advance(row)
        assert len(oracle.asked) <= num_steps


@pytest.mark.parametrize("order", ORDERS)
def test_revealed_attributes_never_change(order):
    oracle = random_oracle()
    row = one_row(oracle, order=order)
    for (before, was_known), (after, is_known) in zip(oracle.asked, oracle.asked[1:], strict=False):
        assert np.all(is_known >= was_known)
        np.testing.assert_array_equal(after[was_known], before[was_known])
    values, known = oracle.asked[-1]
    np.testing.assert_array_equal(row[known], values[known])


@pytest.mark.parametrize(("num_steps", "revealed"), [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_steps_share_the_attributes_evenly(num_steps, revealed):
    oracle = random_oracle()
    one_row(oracle, num_steps=num_steps, order="fixed", fixed_order=TEMPO_FIRST[::-1])
    if num_steps > 1:
        assert oracle.asked[1][1].sum() == revealed
    else:
        assert len(oracle.asked) == 1


def test_what_is_sure_need_not_wait():
    oracle = random_oracle()
    oracle.logits[[Attribute.VELOCITY, Attribute.INSTRUMENT], 7] = 60
    one_row(oracle, threshold=0.99)
    revealed = np.flatnonzero(oracle.asked[1][1])
    assert {Attribute.VELOCITY, Attribute.INSTRUMENT} <= set(revealed)
    assert Attribute.PITCH not in revealed


@pytest.mark.parametrize("order", ORDERS)
def test_a_low_threshold_reveals_all_at_once(order):
    oracle = random_oracle()
    row = one_row(oracle, threshold=1e-6, order=order)
    assert len(oracle.asked) == 1
    np.testing.assert_array_equal(row, one_row(oracle, num_steps=1, order=order))


@pytest.mark.parametrize("order", ORDERS)
def test_where_nothing_is_sure_a_threshold_changes_nothing(order):
    oracle = random_oracle()
    row = one_row(oracle, threshold=1.0, order=order)
    asked = len(oracle.asked)
    np.testing.assert_array_equal(row, one_row(oracle, order=order))
    assert len(oracle.asked) == 2 * asked


def test_nothing_passes_what_is_to_be_decided_first():
    oracle, grammar = random_oracle(), grammar_after_a_note()
    oracle.logits[Attribute.VELOCITY, 7] = 60
    grammar.permit(None, first=[Attribute.TYPE])
    unmask(oracle, [grammar], [UnmaskConfig(threshold=0.99)], noise())
    assert oracle.asked[1][1][Attribute.TYPE]
    assert not oracle.asked[1][1][Attribute.VELOCITY]


def test_what_has_one_legal_value_costs_no_step():
    oracle = random_oracle()
    oracle.logits[Attribute.TYPE, RowType.END] = 100
    row = one_row(oracle)
    np.testing.assert_array_equal(row, mark(RowType.END)[0])
    assert len(oracle.asked) == 1


def test_notes_of_one_onset_take_over_chord_and_tempo_without_a_step():
    oracle = random_oracle()
    oracle.logits[Attribute.TYPE, RowType.NOTE] = 100
    oracle.logits[Attribute.BEAT, FIRST_NOTE[Attribute.BEAT]] = 99
    row = one_row(oracle)
    np.testing.assert_array_equal(row[:4], [RowType.NOTE, *FIRST_NOTE[1:4]])
    assert len(oracle.asked) == 6


@pytest.mark.parametrize("num_steps", [1, 3, 8])
@pytest.mark.parametrize("order", ORDERS)
def test_locked_attributes_survive(order, num_steps):
    locked = [Attribute.PITCH, Attribute.DURATION]
    values, known = np.zeros((1, NUM_ATTRIBUTES), dtype=int), np.zeros((1, NUM_ATTRIBUTES), bool)
    values[0, locked], known[0, locked] = (70, 24), True
    config = UnmaskConfig(order=order, num_steps=num_steps)
    row = unmask(random_oracle(), [grammar_after_a_note()], [config], noise(), values, known)[0]
    np.testing.assert_array_equal(row[locked], [70, 24])
    grammar_after_a_note().advance(row)


def test_locks_that_no_row_has_are_an_error():
    known = np.ones((1, NUM_ATTRIBUTES), dtype=bool)
    with pytest.raises(GrammarError, match="contradict"):
        unmask(
            random_oracle(), [grammar_after_a_note()], [UnmaskConfig()], noise(), known * 3, known
        )


def test_confidence_reveals_the_surest_first():
    oracle = random_oracle()
    oracle.logits[Attribute.VELOCITY, 7] = 60
    oracle.logits[Attribute.PITCH, 90] = 15
    one_row(oracle, order="confidence")
    revealed = [np.flatnonzero(known).tolist() for _, known in oracle.asked]
    assert revealed[1] == [Attribute.VELOCITY]
    assert set(revealed[2]) >= {Attribute.VELOCITY, Attribute.PITCH}


def test_entropy_and_confidence_differ_where_the_rest_is_spread():
    logits = np.zeros((NUM_ATTRIBUTES, MAX_SIZE), dtype=np.float32)
    logits[Attribute.VELOCITY] = -50
    logits[Attribute.VELOCITY, [5, 6]] = 0  # two values: confidence 0.5, entropy 0.69
    logits[Attribute.DURATION, 5] = np.log(383 * 0.6 / 0.4)  # confidence 0.6, entropy 3.05
    for order, first in (("confidence", Attribute.DURATION), ("entropy", Attribute.VELOCITY)):
        oracle = Oracle(logits)
        one_row(oracle, order=order)
        assert oracle.asked[1][1][first]


def test_fixed_order_is_kept():
    oracle = random_oracle()
    one_row(oracle, order="fixed", fixed_order=TEMPO_FIRST)
    assert np.flatnonzero(oracle.asked[1][1]).tolist() == [Attribute.TEMPO]


def test_temperature_zero_takes_the_likeliest():
    oracle = random_oracle()
    rows = [one_row(oracle, seed, temperature=0.0) for seed in range(3)]
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def test_attributes_have_temperatures_of_their_own():
    oracle = random_oracle()
    temperature = tuple(0.0 if a == Attribute.PITCH else 1.0 for a in Attribute)
    rows = np.array([one_row(oracle, seed, temperature=temperature) for seed in range(8)])
    # The order of notes at one onset may rule the likeliest out; elsewhere it is always taken.
    rows = rows[rows[:, Attribute.BEAT] != FIRST_NOTE[Attribute.BEAT]]
    melodic = rows[:, Attribute.INSTRUMENT] < 129
    assert len(np.unique(rows[melodic, Attribute.PITCH])) == 1
    assert len(np.unique(rows[:, Attribute.DURATION])) > 1


def test_a_batch_gives_what_each_row_gives_alone():
    oracle = random_oracle()
    configs = [
        UnmaskConfig(num_steps=n, order=o) for n, o in zip((8, 3, 1, 5), ORDERS, strict=True)
    ]
    together = unmask(oracle, [grammar_after_a_note() for _ in configs], configs, noise(4))
    for i, config in enumerate(configs):
        alone = unmask(oracle, [grammar_after_a_note()], [config], noise(4)[i : i + 1])
        np.testing.assert_array_equal(together[i], alone[0])


uniforms_ = st.floats(0, 1, exclude_max=True)
logits_lists = st.lists(st.floats(-20, 20), min_size=1, max_size=12)


@given(logits_lists, st.floats(0.05, 1.0), uniforms_)
@settings(deadline=None)
def test_nucleus_is_the_smallest_set_that_reaches_top_p(logits, top_p, uniform):
    logits = np.array(logits)
    chosen = draw(logits, DrawSettings(top_p=top_p), uniform)
    probability = np.exp(logits - logits.max())
    probability /= probability.sum()
    assert probability[probability > probability[chosen]].sum() < top_p + 1e-9


@given(logits_lists, st.floats(0.01, 1.0), st.sampled_from([0.5, 1.0, 3.0]), uniforms_)
@settings(deadline=None)
def test_min_p_leaves_out_what_is_much_less_likely_than_the_likeliest(
    logits, min_p, temperature, uniform
):
    logits = np.array(logits)
    chosen = draw(logits, DrawSettings(temperature=temperature, min_p=min_p), uniform)
    assert np.exp((logits[chosen] - logits.max()) / temperature) >= min_p


def test_min_p_and_top_p_hold_together():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))

    def drawn(**settings):
        uniforms = (np.arange(200) + 0.5) / 200
        return {draw(logits, DrawSettings(**settings), u) for u in uniforms}

    assert drawn(min_p=0.2) == {0, 1, 2}
    assert drawn(min_p=0.2, top_p=0.7) == {0, 1}
    assert drawn(min_p=0.7, top_p=0.9) == {0}
    assert drawn(min_p=0.2, temperature=2.0) == {0, 1, 2, 3}


def test_draws_follow_the_softmax():
    logits = np.log(np.array([0.1, 0.6, 0.3]))
    uniforms = (np.arange(1000) + 0.5) / 1000
    counts = np.bincount([draw(logits, DrawSettings(), u) for u in uniforms])
    np.testing.assert_array_equal(counts, [100, 600, 300])
    flattened = (
        np.bincount([draw(logits, DrawSettings(temperature=2.0), u) for u in uniforms]) / 1000
    )
    expected = np.sqrt([0.1, 0.6, 0.3]) / np.sqrt([0.1, 0.6, 0.3]).sum()
    np.testing.assert_allclose(flattened, expected, atol=2e-3)


@pytest.mark.parametrize(
    "setting",
    [
        {"num_steps": 0},
        {"num_steps": 9},
        {"threshold": 0.0},
        {"threshold": 1.1},
        {"order": "best"},
        {"fixed_order": ("type", "beat")},
        {"temperature": -1.0},
        {"temperature": (1.0, 1.0)},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_p": (0.5,) * 7},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"min_p": 1.5},
        {"min_p": (0.5,) * 7},
    ],
)
def test_settings_that_cannot_work_are_refused(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        UnmaskConfig(**setting)


def test_a_bias_moves_what_is_drawn():
    grammar = Grammar()
    grammar.advance(mark(RowType.START)[0].astype(np.int64))
    bias = np.zeros((NUM_ATTRIBUTES, MAX_SIZE))
    bias[Attribute.PITCH, 61] = bias[Attribute.TYPE, bar_type(0)] = 100.0
    (row,) = unmask(
        lambda values, known: np.zeros((1, NUM_ATTRIBUTES, MAX_SIZE)),
        [grammar],
        [UnmaskConfig()],
        np.full((1, 2, NUM_ATTRIBUTES), 0.5),
        biases=[LogitBias(bias)],
    )
    assert row[Attribute.PITCH] == 61
    assert row[Attribute.TYPE] == bar_type(0)
