"""Pieces that continue the most typical of several openings."""

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.errors import ConfigError
from amadeus.evaluation.openings import first_bars
from amadeus.inference.candidates import seed_of_candidate
from amadeus.inference.composer import Composer
from amadeus.inference.composition import compose
from amadeus.inference.openings import OPENING_BARS
from amadeus.inference.typicality import typicality
from amadeus.music.grid import bars_of
from amadeus.tokens import Attribute, encode
from amadeus.tokens.vocabulary import has_sound, opens_bar


@pytest.fixture
def composer(tiny_model):
    return Composer(tiny_model)


def opening(score):
    return first_bars(encode(score), OPENING_BARS)


def heard(rows):
    """Onset, instrument and pitch of all notes."""
    rows = rows[has_sound(rows[:, Attribute.TYPE])]
    return rows[:, [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]].tolist()


def played(stream):
    """All notes of a stream, and the score."""
    notes = []

    def all_of_it():
        notes.append((yield from stream))

    return [*all_of_it()], notes[0]


@pytest.mark.parametrize("seed", range(4))
def test_the_most_usual_of_the_tries_goes_on(composer, seed):
    (piece,) = composer.plan_many([""], bars=5, seed=seed, tries=3, fill_profile=False)
    tried = compose(composer.model, piece.openings, context=composer.context)
    best = max(tried, key=typicality().score)
    score = composer.generate(bars=5, seed=seed, tries=3, fill_profile=False)
    assert len(bars_of(score)) == 5
    if has_sound(best[1, Attribute.TYPE]):  # an opening counts from its first note on
        assert heard(opening(score)) == heard(best)


def test_every_try_has_a_seed_of_its_own(composer):
    (piece,) = composer.plan_many([""], bars=5, seed=7, tries=3)
    assert [one.seed for one in piece.openings] == [seed_of_candidate(7, n) for n in range(3)]
    rest = piece.begin(compose(composer.model, piece.openings)).rest
    assert rest.seed not in {one.seed for one in piece.openings}


def test_a_single_try_is_the_model_as_it_comes(composer):
    (piece,) = composer.plan_many([""], bars=3, seed=5, tries=1)
    assert piece.openings == []
    begun = piece.begin([])
    (rows,) = compose(composer.model, [begun.rest], context=composer.context)
    assert heard(rows) == heard(encode(composer.generate(bars=3, seed=5, tries=1)))


@pytest.mark.parametrize("bars", [1, OPENING_BARS, OPENING_BARS + 1])
@pytest.mark.parametrize("notes", [None, 3, 40])
def test_lengths_are_kept_wherever_the_opening_ends(composer, bars, notes):
    score = composer.generate(bars=bars, notes=notes, seed=2, tries=2)
    assert len(bars_of(score)) <= bars
    if notes is None:
        assert len(bars_of(score)) == bars
    else:
        assert 1 <= score.num_notes <= notes


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("settings", [{"bars": 4}, {"bars": 2}, {"bars": None, "notes": 30}])
def test_a_stream_gives_the_notes_of_the_piece(composer, seed, settings):
    held = Constraints("instruments: piano, violin", "tempo: 97")
    notes, streamed = played(composer.stream(seed=seed, constraints=held, tries=3, **settings))
    score = composer.generate(seed=seed, constraints=held, tries=3, **settings)
    assert streamed == score
    assert len(notes) == score.num_notes
    assert [n.onset_seconds for n in notes] == sorted(n.onset_seconds for n in notes)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_asked_for_holds_across_the_join(composer, seed):
    held = Constraints(
        "instruments: piano, violin, flute", "metre: 3/4", "density: at most 5",
        "velocity: 20-30->100-110", "end: Am", "instruments: at least flute in bar 5",
    )  # fmt: skip
    score = composer.generate(bars=6, seed=seed, constraints=held, tries=2)
    rows = encode(score).astype(int)
    bar = np.cumsum(opens_bar(rows[:, Attribute.TYPE]))
    sound = has_sound(rows[:, Attribute.TYPE])
    assert {t.program for t in score.tracks} == {0, 40, 73}
    assert 73 + 1 in rows[(bar == 5) & sound, Attribute.INSTRUMENT]
    assert np.bincount(bar[sound]).max() <= 5
    assert str(score.time_signatures[0]) == "3/4"


def test_a_control_that_follows_permits_what_the_one_that_composed_did(composer):
    held = Constraints("instruments: piano, violin in 50% of the bars", "density: at most 9")
    (piece,) = composer.plan_many([""], bars=6, seed=1, tries=2, constraints=held)
    first, _ = piece.openings
    (rows,) = compose(composer.model, [first], context=composer.context)
    rest = piece.begin([rows]).rest
    assert rest is not None
    followed = rest.constrain
    assert followed._attendance._played.keys() == first.constrain._attendance._played.keys()
    followed.update(rows[-2].astype(int), OPENING_BARS - 1)
    assert followed._attendance._played == first.constrain._attendance._played
    assert followed._counts == first.constrain._counts


@pytest.mark.parametrize("tries", [0, 65])
def test_a_number_of_tries_that_cannot_be_is_refused(composer, tries):
    with pytest.raises(ConfigError, match=f"tries must be 1 to 64, got {tries}"):
        composer.generate(tries=tries)


def test_progress_reaches_all_bars_and_never_goes_back(composer):
    seen = []
    composer.generate_many(
        ["", ""], bars=4, tries=3, progress=lambda bars, rows: seen.append((bars, rows))
    )
    assert seen == sorted(seen)
    assert seen[-1][0] == 8


def test_an_opening_with_everybody_in_it_counts_for_more(composer):
    held = Constraints("instruments: piano, violin")
    (piece,) = composer.plan_many([""], bars=4, seed=0, constraints=held, fill_profile=False)
    duo = np.array([[7, 1, 1, 20, 1, 61, 12, 20], [6, 1, 1, 20, 41, 73, 12, 20]])
    solo = duo.copy()
    solo[1, Attribute.INSTRUMENT] = 1
    lost = piece._merit(solo) - typicality().score(solo)
    assert lost < 0 == piece._merit(duo) - typicality().score(duo)
