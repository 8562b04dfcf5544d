"""Pieces that continue the best of several candidates, phrase by phrase."""

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.critic import critic
from amadeus.critic.faults import CHORD, STUCK, find_faults
from amadeus.errors import ConfigError
from amadeus.inference.candidates import seed_of_candidate
from amadeus.inference.composer import Composer
from amadeus.inference.composition import compose
from amadeus.inference.phrases import ABSENT, FAULT, OPENING_BARS
from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi
from amadeus.tokens import Attribute, encode
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import RowType, has_sound, opens_bar

(START,) = mark(RowType.START).tolist()


@pytest.fixture
def composer(tiny_model):
    return Composer(tiny_model)


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
def test_the_best_candidate_of_every_phrase_continues(composer, seed):
    settings = {"bars": 7, "seed": seed, "tries": 3, "fill_profile": False}
    piece = composer.plan("", **settings).begin()
    while not piece.is_complete:
        composed = compose(composer.model, piece.candidates(), context=composer.context)
        ends = piece.bars == 4
        merits = [piece._merit(rows if ends else rows[:-1]) for rows in composed]
        piece.choose(composed)
        best = composed[int(np.argmax(merits))]
        assert np.array_equal(piece.rows, best if ends else best[:-1])
    assert np.array_equal(piece.rows, encode(composer.generate(**settings)))


def test_a_piece_is_two_bars_and_two_more_and_then_four_at_a_time(composer):
    piece = composer.plan("", bars=11, seed=1, tries=2).begin()
    lengths = []
    while not piece.is_complete:
        before = piece.bars
        piece.choose(compose(composer.model, piece.candidates(), context=composer.context))
        lengths.append(piece.bars - before)
    assert lengths == [2, 2, 4, 3]


def test_every_candidate_has_a_seed_of_its_own(composer):
    piece = composer.plan("", bars=9, seed=7, tries=3).begin()
    seeds = []
    while not piece.is_complete:
        candidates = piece.candidates()
        seeds += [candidate.seed for candidate in candidates]
        piece.choose(compose(composer.model, candidates, context=composer.context))
    assert seeds[:3] == [seed_of_candidate(7, number) for number in range(3)]
    assert len(set(seeds)) == len(seeds) == 12


def test_a_single_candidate_is_composed_in_one_go(composer):
    piece = composer.plan("", bars=9, seed=5, tries=1).begin()
    (request,) = piece.candidates()
    assert request.num_bars == 9
    (rows,) = compose(composer.model, [request], context=composer.context)
    piece.choose([rows])
    assert piece.is_complete
    assert heard(rows) == heard(encode(composer.generate(bars=9, seed=5, tries=1)))


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


def test_the_next_candidates_know_what_has_been_played(composer):
    held = Constraints("instruments: piano, violin in 50% of the bars", "density: at most 9")
    piece = composer.plan("", bars=9, seed=1, tries=2, constraints=held).begin()
    while not piece.is_complete:
        candidates = piece.candidates()
        composed = compose(composer.model, candidates, context=composer.context)
        new = piece.choose(composed)
        if piece.is_complete:
            break
        (chosen,) = {i for i, rows in enumerate(composed) if np.array_equal(rows[:-1], piece.rows)}
        composing, following = candidates[chosen].constrain, piece.candidates()[0].constrain
        following.update(new[-1].astype(int), piece.bars - 1)
        assert following._attendance._played == composing._attendance._played
        assert following._counts == composing._counts


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


def test_a_candidate_without_a_requested_instrument_is_worth_less(composer):
    held = Constraints("instruments: piano, violin")
    piece = composer.plan("", bars=4, constraints=held, fill_profile=False).begin()
    duo = np.array([START, [7, 1, 1, 20, 1, 61, 12, 20], [6, 1, 1, 20, 41, 73, 12, 20]])
    solo = duo.copy()
    solo[2, Attribute.INSTRUMENT] = 1

    def penalty(rows):
        return critic().odds(rows) - piece._merit(rows)

    assert penalty(duo) == pytest.approx(0)
    assert penalty(solo) >= ABSENT


def test_a_candidate_with_a_fault_is_worth_less(composer):
    piece = composer.plan("", bars=12, fill_profile=False).begin()
    tune = [[7 - (i % 4 > 0), 1 + 12 * (i % 4), 1, 20, 1, 61, 12, 20] for i in range(48)]
    stuck = np.array([START, *tune])
    assert find_faults(stuck) == (STUCK, CHORD)
    assert critic().odds(stuck) - piece._merit(stuck) == pytest.approx(2 * FAULT)


@pytest.mark.parametrize("notes", [None, 9])
def test_a_continuation_is_chosen_phrase_by_phrase_as_well(composer, fixtures, notes):
    score = read_midi(fixtures / "song_with_pickup.mid")
    settings = {"bars": 7, "seed": 3, "tries": 3, "notes": notes}
    piece = composer.planner.continuation(score, **settings).begin()
    given, lengths = len(piece.rows), []
    while not piece.is_complete:
        before = piece.bars
        piece.choose(compose(composer.model, piece.candidates(), context=composer.context))
        lengths.append(piece.bars - before)
    longer = composer.continue_score(score, **settings)
    notes_before = sum(len(track.notes) for track in score.tracks)
    new = piece.rows[given:-1]
    assert longer.num_notes - notes_before == has_sound(new[:, Attribute.TYPE]).sum()
    if notes is None:
        assert lengths == [2, 2, 3]
        assert len(bars_of(longer)) == len(bars_of(score)) + 7
    else:
        assert len(new) <= notes


def test_a_streamed_continuation_gives_the_notes_of_the_piece(composer, fixtures):
    score = read_midi(fixtures / "song_with_pickup.mid")
    notes, streamed = played(composer.stream_continuation(score, bars=5, seed=2, tries=2))
    assert streamed == composer.continue_score(score, bars=5, seed=2, tries=2)
    assert notes
