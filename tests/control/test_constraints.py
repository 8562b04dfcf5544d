"""What is demanded holds in every note, whatever the model would rather do."""

from __future__ import annotations

import numpy as np
import pytest
from random_pieces import compose_at_random

from amadeus.control import Constraints, PitchRange, Scope, violations
from amadeus.control.exact_tempo import with_exact_tempos
from amadeus.control.piece import constraints_on, plan_piece
from amadeus.errors import ConfigError
from amadeus.music.chords import INTERVALS, parse_chord
from amadeus.music.grid import bars_of
from amadeus.music.tempo_words import TEMPO_RANGES
from amadeus.text.prompt import PromptFacts, parse_prompt
from amadeus.tokens import decode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import Attribute, RowType

NUM_BARS = 6
A_MINOR = {0, 2, 4, 5, 7, 8, 9, 11}


@pytest.fixture(params=range(6))
def seed(request):
    return request.param


def compose(seed, *texts, prompt="", num_bars=NUM_BARS):
    """Tokens [N, A] and the score of a piece held to a prompt and constraints."""
    facts = parse_prompt(prompt)
    plan = plan_piece(facts, Constraints(*texts), num_bars)
    tokens = compose_at_random(plan, seed)
    assert violations(tokens, plan.constraints) == []
    return tokens, with_exact_tempos(decode(tokens), plan)


def notes_by_bar(tokens):
    """Rows of notes [N, A], and the bar of each, counted from 1."""
    types = tokens[:, Attribute.TYPE]
    sound = v.has_sound(types)
    return tokens[sound], np.cumsum(v.opens_bar(types))[sound]


def instruments(score):
    return {"drums" if t.is_drum else t.program for t in score.tracks}


def test_pitches_and_chords_come_from_the_scale(seed):
    _, score = compose(seed, prompt="in A minor, no drums")
    assert all(set((t.notes["pitch"] % 12).tolist()) <= A_MINOR for t in score.tracks)
    for chord in score.chords:
        if chord.root is not None:
            assert {(chord.root + i) % 12 for i in INTERVALS[chord.quality]} <= A_MINOR


def test_the_first_chord_is_on_the_tonic_or_none(seed):
    tokens, _ = compose(seed, "key: A minor")
    assert v.chord_of(int(notes_by_bar(tokens)[0][0, Attribute.CHORD]))[0] in (9, None)


def test_music_begins_in_the_first_bar(seed):
    tokens, _ = compose(seed)
    assert v.is_bar(tokens[1:2, Attribute.TYPE]).all()


def test_tempo_is_exact_and_metre_holds(seed):
    _, score = compose(seed, prompt="a waltz at 97 bpm")
    assert [t.bpm for t in score.tempos] == [97.0]
    assert {str(t) for t in score.time_signatures} == {"3/4"}


def test_a_metre_asked_for_outweighs_that_of_a_style():
    facts = parse_prompt("a rock song")
    assert [str(one) for one in constraints_on(facts, Constraints())] == ["time signature: 4/4"]
    held = Constraints("metre: 6/8")
    assert constraints_on(facts, held) == held
    with pytest.raises(ConfigError, match=r"'time signature: 4/4' .*contradict"):
        plan_piece(parse_prompt("a rock song in 4/4"), held)


def test_a_tempo_word_ends_where_the_next_one_begins(seed):
    _, score = compose(seed, prompt="a slow tempo")
    low, high = TEMPO_RANGES["slow"]
    assert all(low <= t.bpm < high for t in score.tempos)


def test_a_tempo_curve_moves_in_equal_steps_from_bar_to_bar(seed):
    _, score = compose(seed, "tempo: 90->120", num_bars=4)
    starts = bars_of(score).onset_ticks
    assert [(t.onset_ticks, t.bpm) for t in score.tempos] == list(
        zip(starts.tolist(), [90.0, 100.0, 110.0, 120.0], strict=True)
    )


def test_a_tempo_in_some_bars_leaves_the_others_alone(seed):
    _, score = compose(seed, "tempo: 97 in bars 2-3", "tempo: 200-220 in bars 4-")
    starts = bars_of(score).onset_ticks
    inside = [t.bpm for t in score.tempos if starts[1] <= t.onset_ticks < starts[3]]
    assert inside == [97.0]
    assert all(200 <= t.bpm <= 220 for t in score.tempos if t.onset_ticks >= starts[3])


def test_every_instrument_asked_for_plays_and_no_other(seed):
    _, score = compose(seed, prompt="jazz trio: piano, upright bass and drums")
    assert instruments(score) == {0, 32, "drums"}


@pytest.mark.parametrize("num_bars", [1, 2])
def test_all_instruments_fit_into_the_shortest_piece(seed, num_bars):
    names = ("piano", "violin", "flute", "bass", "drums")
    _, score = compose(seed, f"instruments: {', '.join(names)}", num_bars=num_bars)
    assert len(score.tracks) == len(names)


def test_absent_instruments_stay_silent(seed):
    _, score = compose(seed, prompt="no drums, without piano")
    assert not any(t.is_drum or t.program < 4 for t in score.tracks)


def test_a_general_name_means_what_a_particular_one_allows(seed):
    _, score = compose(seed, "instruments: electric guitar, drums", prompt="guitar and drums")
    assert instruments(score) == {27, "drums"}


def test_an_instrument_plays_in_its_share_of_the_bars(seed):
    tokens, _ = compose(seed, "instruments: at least cello in 75% of the bars", num_bars=8)
    rows, bars = notes_by_bar(tokens)
    assert len(set(bars[rows[:, Attribute.INSTRUMENT] == 43].tolist())) >= 6


def test_silence_that_is_asked_for_is_empty_bars(seed):
    tokens, _ = compose(seed, "instruments: none in bars 2-3")
    types = tokens[v.opens_bar(tokens[:, Attribute.TYPE]), Attribute.TYPE]
    assert v.is_rest(types[1:3]).all()
    assert v.is_bar(types[-1:]).all()


def test_a_range_of_one_instrument_in_some_bars_binds_nothing_else(seed):
    tokens, _ = compose(
        seed,
        PitchRange("C4", 64, scope=Scope((1, 2), ("piano",))),
        "instruments: piano, violin",
    )
    rows, bars = notes_by_bar(tokens)
    piano = rows[:, Attribute.INSTRUMENT] == 1
    pitches = rows[:, Attribute.PITCH] - 1
    bound = piano & (bars <= 2)
    assert np.isin(pitches[bound], range(60, 65)).all()
    assert not np.isin(pitches[~bound], range(60, 65)).all()


def test_chords_follow_the_progression_over_and_over(seed):
    tokens, _ = compose(seed, "chords: Am F | C G", "metre: 4/4", "key: A minor")
    rows, bars = notes_by_bar(tokens)
    expected = [["Am", "F"], ["C", "G"]]
    for row, bar in zip(rows, bars, strict=True):
        name = expected[(bar - 1) % 2][int(row[Attribute.BEAT] > 24)]
        assert v.chord_of(int(row[Attribute.CHORD])) == parse_chord(name)


def test_a_crescendo_rises(seed):
    tokens, _ = compose(seed, "velocity: 10-20->100-110")
    rows, bars = notes_by_bar(tokens)
    loudness = v.velocity_of(rows[:, Attribute.VELOCITY])
    assert loudness[bars == 1].max() <= 20
    assert loudness[bars == NUM_BARS].min() >= 100
    middle = loudness[(bars == 3) | (bars == 4)]
    assert ((middle > 20) & (middle < 100)).all()


def test_notes_have_the_lengths_allowed(seed):
    tokens, _ = compose(seed, "durations: 1/8 1/4. 1/8t")
    assert set(notes_by_bar(tokens)[0][:, Attribute.DURATION].tolist()) <= {6, 18, 4}


def test_no_bar_has_more_notes_than_the_most(seed):
    tokens, _ = compose(seed, "density: at most 3", "instruments: piano, bass, drums")
    assert np.bincount(notes_by_bar(tokens)[1]).max() <= 3


def test_a_piece_ends_on_the_tonic(seed):
    tokens, _ = compose(seed, "end: tonic", "key: E minor")
    assert v.chord_of(int(tokens[-2, Attribute.CHORD]))[0] == 4


@pytest.mark.parametrize("max_notes", [3, 4, 9])
def test_a_piece_cut_by_a_limit_on_notes_has_its_instruments(seed, max_notes):
    plan = Constraints("instruments: piano, bass, drums").plan(None, max_notes)
    tokens = compose_at_random(plan, seed, max_notes)
    assert len(tokens) <= max_notes + 2
    assert violations(tokens, plan.constraints) == []


def test_no_constraint_allows_every_note():
    bar = plan_piece(PromptFacts(), Constraints(), 4).bar(1)
    assert len(bar.notes) == 1
    assert bar.notes[0, 1:].sum() == (VALUES[1:, 1:]).sum()


def test_nothing_left_to_play_is_an_error():
    everything = Constraints(*(f"instruments: no {name}" for name in _all_names()))
    with pytest.raises(ConfigError, match="leave no instrument in bar 1"):
        everything.plan(4)


def _all_names():
    from amadeus.music.instruments import program_name

    return [program_name(program) for program in range(129)]


def test_the_checker_names_bar_and_constraint():
    c_major, at_120, piano = v.chord_value(0, "maj"), 41, 1
    bar = [v.bar_type(v.metre_index(4, 4)), 1, c_major, at_120, piano, 61, 12, 20]
    note = [RowType.NOTE, 13, *bar[2:]]
    tokens = np.array([mark(RowType.START)[0], bar, note, bar, note, mark(RowType.END)[0]])
    asked = Constraints("key: F# major", "tempo: 60", "bars: 4", "density: at most 1", "metre: 3/4",
                        "instruments: tuba", "end: F#", "chords: Eb", "durations: 1/8",
                        "velocity: 10-20", "pitch: 0-20 for piano in bar 2")  # fmt: skip
    found = violations(tokens, asked)
    for one in asked:
        assert any(str(one) in line for line in found)
    assert any(line.startswith("bar 2: pitch") for line in found)
    assert not violations(tokens, Constraints("key: C major", "tempo: 120", "instruments: piano"))
    assert not violations(decode(tokens), Constraints("chords: C", "density: at most 2", "end: C"))
