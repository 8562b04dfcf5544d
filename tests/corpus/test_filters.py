import numpy as np
import pytest

from amadeus.corpus.filters import Filters, check_about, check_score, check_tokens
from amadeus.corpus.manifest import About
from amadeus.errors import ConfigError, CorpusError
from amadeus.music.score import Score, Tempo, Track, make_notes
from amadeus.tokens import encode
from inventions import invent

FILTERS = Filters()


def notes(rows, **about):
    return Score(ticks_per_quarter=12, tracks=(Track(0, make_notes(rows)),), **about)


def scale(count, step=6, pitches=24):
    return [(step * i, 6, 60 + i % pitches, 80) for i in range(count)]


def test_music_passes():
    score = invent(0)
    check_score(score, FILTERS)
    check_tokens(encode(score), FILTERS)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (notes(scale(31)), "fewer than 32 notes"),
        (notes(scale(100_001)), "more than 100000 notes"),
        (notes(scale(40, step=1)), "shorter than 8 seconds"),
        (notes(scale(40, step=1000)), "longer than 1200 seconds"),
        (
            notes([*scale(3000, step=0), (240, 6, 60, 80)]),
            "more than 120 notes a second",
        ),
    ],
)
def test_scores_that_are_not_worth_encoding(score, reason):
    with pytest.raises(CorpusError, match=reason):
        check_score(score, FILTERS)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (notes(scale(40, step=0, pitches=20)), "fewer than 32 notes"),  # unisons
        (notes(scale(20_000)), "more than 20000 rows"),
        (notes(scale(40, step=3), tempos=(Tempo(0, 30),)), "fewer than 4 bars"),
        (notes(scale(64, pitches=1)), "fewer than 2 different pitches"),
        (notes([*scale(40), (48 * 30, 6, 60, 80)]), "more than 50 % empty bars"),
    ],
)
def test_pieces_that_are_not_worth_keeping(score, reason):
    with pytest.raises(CorpusError, match=reason):
        check_tokens(encode(score), FILTERS)


def test_a_drum_and_a_note_of_one_number_are_two_pitches():
    drum = Track(0, make_notes([(12 * i, 3, 60, 80) for i in range(40)]), is_drum=True)
    note = Track(0, make_notes([(12 * i, 3, 60, 80) for i in range(40)]))
    check_tokens(encode(Score(ticks_per_quarter=12, tracks=(drum, note))), FILTERS)


def test_licences_and_beatless_performances():
    check_about(About(licence_class="nc"), FILTERS)
    with pytest.raises(CorpusError, match="of licence class unclear"):
        check_about(About(), Filters(licences=("open", "nc")))
    with pytest.raises(CorpusError, match="played against no beat"):
        check_about(About(performed=True), FILTERS)
    check_about(About(performed=True), Filters(keep_performed=True))


def test_reasons_can_be_counted():
    """They name the bound, not the piece."""
    reasons = set()
    for count in (5, 10, 20):
        with pytest.raises(CorpusError) as caught:
            check_score(notes(scale(count)), FILTERS)
        reasons.add(str(caught.value))
    assert len(reasons) == 1


def test_bounds_that_exclude_everything_are_refused():
    with pytest.raises(ConfigError, match="min_seconds 9 exceeds max_seconds 8"):
        Filters(min_seconds=9, max_seconds=8)
    with pytest.raises(ConfigError, match="no licence class 'free'; choose from open, nc"):
        Filters(licences=("free",))


def test_bounds_are_kept_exactly():
    exact = Filters(min_notes=40, max_notes=40, max_rows=42, min_bars=5)
    score = notes(scale(40))
    check_score(score, exact)
    tokens = encode(score)
    assert len(tokens) == 42
    check_tokens(tokens, exact)
    assert np.array_equal(tokens, encode(score))
