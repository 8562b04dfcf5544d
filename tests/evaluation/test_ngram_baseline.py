import math

import numpy as np
import pytest
import torch

from amadeus.corpus.dataset import collate
from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.evaluation.ngram_baseline import (
    ADDED_COUNT,
    PRIOR_COUNT,
    cross_entropy,
    fit,
    openings,
)
from amadeus.model import PRESETS, Amadeus
from amadeus.music.grid import quantize
from amadeus.music.midi import read_midi
from amadeus.profile import Profile, conditions
from amadeus.tokens import encode
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute, RowType
from amadeus.training.loss import Objective
from amadeus.training.validation import validate


def batch_of(pitches, padding=0):
    """A piece of notes that differ only in pitch."""
    tokens = np.ones((1 + len(pitches), NUM_ATTRIBUTES), dtype=np.uint16)
    tokens[1:, Attribute.TYPE] = RowType.NOTE
    tokens[0] = 0
    tokens[0, Attribute.TYPE] = RowType.START
    tokens[1:, Attribute.PITCH] = pitches
    return collate([tokens], [""], [conditions(Profile())], len(tokens) + padding, None)


def test_every_table_is_a_probability_distribution():
    tables = fit([batch_of([61, 63, 61, 65])])
    for size, unigram, bigram in zip(SIZES, tables.unigram, tables.bigram, strict=True):
        assert unigram.shape == (size,)
        assert np.exp(unigram).sum() == pytest.approx(1)
        np.testing.assert_allclose(np.exp(bigram).sum(1), 1)


def test_probabilities_are_smoothed_counts():
    tables = fit([batch_of([61, 63, 61, 63, 63])])
    size = SIZES[Attribute.PITCH]
    share = (3 + ADDED_COUNT) / (5 + size * ADDED_COUNT)
    assert math.exp(tables.unigram[Attribute.PITCH][63]) == pytest.approx(share)
    # 61 was followed by 63 both times.
    given = (2 + PRIOR_COUNT * share) / (2 + PRIOR_COUNT)
    assert math.exp(tables.bigram[Attribute.PITCH][61, 63]) == pytest.approx(given)


def test_after_a_value_never_seen_the_bigram_falls_back_on_the_unigram():
    tables = fit([batch_of([61, 63, 61])])
    for unigram, bigram in zip(tables.unigram, tables.bigram, strict=True):
        np.testing.assert_allclose(bigram[-1], unigram)


def test_values_never_seen_are_unlikely_but_possible():
    tables = fit([batch_of([61] * 50)])
    known, unknown = (cross_entropy(tables, [batch_of([p] * 50)])[0] for p in (61, 99))
    assert known.per_note < unknown.per_note < math.inf


def test_padding_and_the_start_row_never_count():
    tables = fit([batch_of([61, 63, 61])])
    padded = fit([batch_of([61, 63, 61], padding=40)])
    for table, other in zip(tables.bigram, padded.bigram, strict=True):
        np.testing.assert_array_equal(table, other)
    short = cross_entropy(tables, [batch_of([61, 65])])
    assert short == cross_entropy(tables, [batch_of([61, 65], padding=40)])
    assert short[0].rows == 2


def test_models_and_tables_are_judged_by_the_same_rows():
    batches = [batch_of([61, 65], padding=5), batch_of([61, 65, 67])]
    model = Objective(Amadeus(PRESETS["nano"]))
    rows = validate(model, batches, None, torch.device("cpu")).rows
    assert [nats.rows for nats in cross_entropy(fit(batches), batches)] == [rows, rows] == [5, 5]


def test_what_repeats_is_predicted_better_from_the_row_before():
    ascending = [batch_of(list(range(40, 80)) * 20)]
    unigram, bigram = cross_entropy(fit(ascending), ascending)
    assert bigram.per_attribute["pitch"] < unigram.per_attribute["pitch"] - 1
    assert unigram.per_note == pytest.approx(sum(unigram.per_attribute.values()))


def test_nothing_to_count_is_an_error():
    with pytest.raises(CorpusError, match="no notes to count"):
        fit([batch_of([])])
    with pytest.raises(CorpusError, match="no notes to predict"):
        cross_entropy(fit([batch_of([61])]), [])


def test_real_shards_give_finite_nats_for_every_attribute(tmp_path, fixtures, write_shards):
    music = [encode(quantize(read_midi(path))) for path in sorted(fixtures.glob("*.mid"))]
    splits = ("train", "validation")
    write_shards(tmp_path, *({"tokens": t, "split": s} for t in music for s in splits))
    train, held_out = Shards(tmp_path, "train"), Shards(tmp_path, "validation")
    unigram, bigram = cross_entropy(fit(openings(train, 200, 9)), openings(held_out, 200, 9))
    assert unigram.rows == sum(min(piece.rows, 200) - 1 for piece in held_out.pieces)
    assert set(bigram.per_attribute) == set(ATTRIBUTES)
    uniform = sum(math.log(size) for size in SIZES)
    assert 0 < bigram.per_note < unigram.per_note < uniform
