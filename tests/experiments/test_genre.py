"""Corpora measured one by one, with a model that knows nothing, and models trained without one."""

import numpy as np
import pytest

from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.evaluation.ngram_baseline import fit, openings
from amadeus.experiments.genre import Group, by_corpus, by_genre, report
from amadeus.experiments.leaving_out import EVERYTHING, THE_REST, leave_out
from amadeus.experiments.prediction import Predicted, predict, spread
from amadeus.inference.likelihood import nats_of_rows
from amadeus.tokens import NUM_ATTRIBUTES


@pytest.fixture(scope="module")
def folder(make_shards):
    return make_shards()


@pytest.fixture(scope="module")
def held_out(folder):
    return Shards(folder, "validation")


@pytest.fixture(scope="module")
def heard(ignorant, folder, held_out):
    tables = fit(openings(Shards(folder, "train"), 200, 10))
    return predict(ignorant, held_out, spread(held_out, 3), rows=16, tables=tables)


def test_every_corpus_has_its_share(held_out, heard):
    chosen = spread(held_out, 3)
    assert [held_out.pieces[i].corpus for i in chosen] == ["marches"] * 3 + ["waltzes"] * 3
    assert {group.name: len(group.pieces) for group in by_corpus(heard)} == {
        "marches": 3,
        "waltzes": 3,
    }
    assert [group.name for group in by_genre(heard, 6)] == ["folk"]
    assert by_genre(heard, 7) == []


def test_nats_are_those_of_the_bound(ignorant, held_out, heard):
    (first, *_) = spread(held_out, 3)
    tokens = np.asarray(held_out.tokens(first))[:16]
    bound = nats_of_rows(ignorant, tokens, orders=8).sum(axis=1).mean()
    assert heard[0].nats.sum() == pytest.approx(bound, rel=0.1)


def test_tables_that_know_the_corpus_foresee_more_than_a_model_that_knows_nothing(heard):
    for one in heard:
        unigram, bigram = one.tables
        assert bigram < unigram < one.nats.sum()
        assert np.all((one.accuracy >= 0) & (one.accuracy <= 1))


def test_what_is_left_is_a_share():
    nats = np.full(NUM_ATTRIBUTES, 0.5)
    pieces = [
        Predicted("a", (), nats, nats, (20.0, 8.0)),
        Predicted("a", (), nats, nats, (20.0, 16.0)),
    ]
    assert Group("a", pieces).left.mean == pytest.approx(3 / 8)
    assert np.isnan(Group("a", [Predicted("a", (), nats, nats, None)]).left.mean)


def test_the_report_marks_what_is_outside_of_training(heard, tmp_path):
    report(heard, None, rows=16, outside=["waltzes"], provenance={}).write(tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.count("\n| waltzes * |") == page.count("\n| marches |") == 2
    assert (tmp_path / "genre.png").stat().st_size > 10_000


def test_a_corpus_that_is_not_there_is_named(held_out):
    with pytest.raises(CorpusError, match="no pieces of polkas"):
        spread(held_out, 2, ["polkas"])


@pytest.mark.slow
def test_models_without_a_corpus_are_measured_on_it_and_on_the_rest(folder, held_out, heard):
    told = []
    found = leave_out(
        ["waltzes"], folder, held_out, steps=2, pieces=2, rows=32,
        progress=lambda *progress: told.append(progress),
    )  # fmt: skip
    assert list(found.nats) == [EVERYTHING, "waltzes"]
    for nats in found.nats.values():
        assert {name: values.shape for name, values in nats.items()} == {
            "waltzes": (2,),
            THE_REST: (2,),
        }
    assert found.nats[EVERYTHING]["waltzes"] != pytest.approx(found.nats["waltzes"]["waltzes"])
    assert told[-1] == ("training, waltzes", 2, 2)
    page = report(heard, found, rows=16, outside=(), provenance={}).to_markdown()
    assert "## Leaving a corpus out" in page
