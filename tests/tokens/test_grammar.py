import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.errors import GrammarError, ScoreError
from amadeus.music.midi import read_midi
from amadeus.tokens import NUM_ATTRIBUTES, SIZES, Attribute, RowType, decode, encode
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar, check
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import (
    DRUMS,
    FIRST_BAR,
    FIRST_DRUM_PITCH,
    FIRST_REST,
    METRE_TICKS,
    bar_type,
    metre_index,
    rest_type,
)

START = mark(RowType.START)[0]
END = mark(RowType.END)[0]
COMMON_TIME = metre_index(4, 4)
CLOSED = np.zeros(NUM_ATTRIBUTES, dtype=bool)
FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("**/*.mid"))

seeds = st.integers(0, 2**32 - 1)


def note(
    row_type=RowType.NOTE,
    beat=1,
    chord=2,
    tempo=41,
    instrument=1,
    pitch=61,
    duration=12,
    velocity=20,
):
    return np.array([row_type, beat, chord, tempo, instrument, pitch, duration, velocity])


def rest(metre=COMMON_TIME, tempo=41):
    return np.array([rest_type(metre), 0, 0, tempo, 0, 0, 0, 0])


def bar(metre=COMMON_TIME, **kwargs):
    return note(bar_type(metre), **kwargs)


def after(*rows, **limits):
    grammar = Grammar(**limits)
    for row in (START, *rows):
        grammar.advance(row)
    return grammar


def only(**values):
    """Permits some values of some attributes and everything of the others."""
    permitted = VALUES.copy()
    for name, chosen in values.items():
        permitted[Attribute[name.upper()]] = np.isin(np.arange(MAX_SIZE), chosen)
    return permitted


def combinations(pools):
    """Every row of a product; NULL is never ruled out by what is permitted."""
    return np.stack(np.meshgrid(*([0, *pool] for pool in pools)), -1).reshape(-1, NUM_ATTRIBUTES)


def draw_row(grammar, rng, legal=None):
    """A row revealed in random order, every value drawn from those that are allowed."""
    values, known = np.zeros(NUM_ATTRIBUTES, dtype=np.int64), CLOSED.copy()
    for attribute in rng.permutation(NUM_ATTRIBUTES):
        legal = grammar.allowed(values, known)
        values[attribute] = rng.choice(np.flatnonzero(legal[attribute]))
        known[attribute] = True
    return values


def draw_piece(rng, **limits):
    grammar, rows = after(**limits), [START]
    while not grammar.ended:
        # Few notes begin late in a bar, so that every kind of row gets its turn.
        grammar.permit(only(beat=range(1, 24)), only(beat=range(1, 9)))
        rows.append(draw_row(grammar, rng))
        grammar.advance(rows[-1])
    return np.array(rows)


def is_legal(row, last, bar_ticks):
    """The rules in words, for a row after the note `last` in a bar of `bar_ticks`."""
    row_type, beat, chord, tempo, instrument, pitch, duration, velocity = row
    sound = [beat, chord, instrument, pitch, duration, velocity]
    if any(value >= size for value, size in zip(row, SIZES, strict=True)):
        return False
    if row_type == RowType.END:
        return not any(sound) and tempo == 0
    if row_type >= FIRST_REST:
        return not any(sound) and tempo > 0
    if row_type < RowType.NOTE or not all(sound) or tempo == 0:
        return False
    if (instrument == DRUMS) != (pitch >= FIRST_DRUM_PITCH):
        return False
    if row_type >= FIRST_BAR:
        return beat <= METRE_TICKS[row_type - FIRST_BAR]
    if beat == last[Attribute.BEAT]:
        same = chord == last[Attribute.CHORD] and tempo == last[Attribute.TEMPO]
        return same and (instrument, pitch) > (last[Attribute.INSTRUMENT], last[Attribute.PITCH])
    return last[Attribute.BEAT] < beat <= bar_ticks


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_any_reveal_order_ends_in_a_legal_piece(seed):
    rng = np.random.default_rng(seed)
    piece = draw_piece(rng, max_notes=30)
    check(piece)
    np.testing.assert_array_equal(encode(decode(piece)), piece)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_masks_are_exact(seed):
    """A value is allowed if and only if one of all its completions is legal."""
    rng = np.random.default_rng(seed)
    drums = FIRST_DRUM_PITCH
    instrument, pitch = [(1, 1), (1, 127), (128, 128), (DRUMS, drums), (DRUMS, 256)][
        rng.integers(5)
    ]
    last = bar(metre_index(3, 16), beat=rng.integers(1, 10), instrument=instrument, pitch=pitch)
    pools = [
        [RowType.NOTE, RowType.END, bar_type(metre_index(2, 16)), rest_type(COMMON_TIME)],
        [int(last[Attribute.BEAT]), 6, 7, 9, 10],
        [2, 3],
        [41, 42],
        [1, 128, DRUMS],
        [1, 128, drums, 256],
        [12],
        [20],
    ]
    unions = [
        [
            [rng.permutation(pool)[: rng.integers(1, len(pool) + 1)].tolist() for pool in pools]
            for _ in range(rng.integers(1, 4))
        ]
        for _ in range(2)
    ]
    grammar = after(last)
    grammar.permit(
        *(
            np.stack([only(**dict(zip(Attribute.__members__, p, strict=True))) for p in union])
            for union in unions
        )
    )
    here, new_bar = (np.concatenate([combinations(p) for p in union]) for union in unions)
    every = np.concatenate([here[here[:, 0] < FIRST_BAR], new_bar[new_bar[:, 0] >= FIRST_BAR]])
    every = np.unique(every, axis=0)
    legal = np.array([row for row in every if is_legal(row.tolist(), last, bar_ticks=9)])
    if not len(legal):
        with pytest.raises(GrammarError, match="permit more"):
            grammar.allowed(START, CLOSED)
        return
    known = rng.random(NUM_ATTRIBUTES) < 0.4
    values = rng.choice(legal)
    completions = legal[(legal == values)[:, known].all(1)]
    expected = np.zeros((NUM_ATTRIBUTES, MAX_SIZE), dtype=bool)
    expected[np.arange(NUM_ATTRIBUTES), completions] = True
    np.testing.assert_array_equal(grammar.allowed(values, known), expected)


@given(seeds)
@settings(max_examples=200, deadline=None)
def test_a_row_is_taken_if_and_only_if_it_is_legal(seed):
    rng = np.random.default_rng(seed)
    last = bar(beat=rng.integers(1, 49), instrument=rng.choice([1, 2]), pitch=61)
    row = draw_row(after(last), rng)
    spoilt = rng.random(NUM_ATTRIBUTES) < 0.2
    row = np.where(spoilt, rng.integers(0, np.array(SIZES) + 2), row)
    try:
        after(last).advance(row)
    except GrammarError:
        assert not is_legal(row.tolist(), last, 48)
    else:
        assert is_legal(row.tolist(), last, 48)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([note()], "row 1: type 6"),
        ([END], "row 1: type 5"),
        ([bar(), START], "row 2: START"),
        ([rest(), note()], "row 2: type 6"),
        ([rest(), END], "row 2: type 5"),
        ([bar(beat=5), note(beat=4)], "row 2: beat 4"),
        ([bar(), note(beat=49)], "row 2: beat 49"),
        ([bar(metre_index(3, 4), beat=37)], "row 1: beat 37"),
        ([bar(), note(pitch=62, chord=3)], "row 2: chord 3"),
        ([bar(), note(pitch=62, tempo=3)], "row 2: tempo 3"),
        ([bar(), note(pitch=61)], "row 2: pitch 61"),
        ([bar(instrument=2), note(instrument=1)], "row 2: instrument 1"),
        ([bar(instrument=DRUMS)], "row 1: pitch 61"),
        ([bar(duration=0)], "row 1: duration 0"),
        ([bar(velocity=33)], "row 1: velocity 33"),
        ([bar(), END, bar()], "row 3: type"),
        ([np.array([0, 0, 0, 0, 0, 0, 0, 0])], "row 1: type 0"),
        ([bar(), END + np.array([0, 0, 0, 1, 0, 0, 0, 0])], "row 2: tempo 1"),
    ],
)
def test_illegal_row_is_named(rows, message):
    with pytest.raises(GrammarError, match=message):
        after(*rows)


def test_a_piece_that_stops_in_the_middle_is_no_piece():
    with pytest.raises(GrammarError, match="does not end with END"):
        check(np.array([START, bar()]))


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_to_permit_everything_permits_what_is_possible_anyway(seed):
    grammar, free = Grammar(max_notes=30), Grammar(max_notes=30)
    for row in draw_piece(np.random.default_rng(seed), max_notes=30):
        grammar.permit(VALUES)
        expected, found = grammar.possible(), free.possible()
        np.testing.assert_array_equal(found.sets, expected.sets)
        np.testing.assert_array_equal(found.first_beats, expected.first_beats)
        np.testing.assert_array_equal(found.bar_ticks, expected.bar_ticks)
        grammar.advance(row)
        free.advance(row)


@pytest.mark.parametrize(
    "last",
    [
        bar(beat=48),
        bar(pitch=128),
        bar(instrument=128),
        bar(beat=48, instrument=128, pitch=128),
        bar(instrument=DRUMS, pitch=256),
        bar(beat=48, instrument=DRUMS, pitch=256),
    ],
    ids=str,
)
def test_after_the_last_value_there_is_none(last):
    grammar, free = after(last), after(last)
    grammar.permit(VALUES)
    np.testing.assert_array_equal(free.possible().sets, grammar.possible().sets)
    assert free.possible().sets.any(-1).all()


@given(seeds, st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_a_piece_has_the_bars_asked_for(seed, num_bars):
    piece = draw_piece(np.random.default_rng(seed), num_bars=num_bars)
    assert (piece[:, Attribute.TYPE] >= FIRST_BAR).sum() == num_bars


@given(seeds, st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_a_piece_has_no_more_notes_than_asked_for(seed, max_notes):
    piece = draw_piece(np.random.default_rng(seed), max_notes=max_notes, num_bars=6)
    assert len(piece) <= max_notes + 2
    check(piece)


def test_a_closed_bar_takes_no_further_note():
    grammar = after(bar())
    grammar.close_bar()
    legal = grammar.allowed(START, CLOSED)
    assert not legal[Attribute.TYPE, RowType.NOTE]
    assert legal[Attribute.TYPE, [RowType.END, bar_type(COMMON_TIME), rest_type(COMMON_TIME)]].all()


def test_infill_ends_with_join_also_after_an_empty_bar():
    future, join = mark(RowType.FUTURE)[0], mark(RowType.JOIN)[0]
    before, gap = [START, bar(), note(beat=2)], [bar(), rest(), join]
    check(np.array([future, bar(), rest(), *before, *gap]), ends_with=RowType.JOIN)
    check(np.array([future, rest(), bar(), END, *before, *gap]), ends_with=RowType.JOIN)
    with pytest.raises(GrammarError, match="row 1: START"):
        check(np.array([future, START]), ends_with=RowType.JOIN)


def test_bars_of_the_future_do_not_count():
    grammar = Grammar(ends_with=RowType.JOIN, num_bars=1)
    for row in (mark(RowType.FUTURE)[0], bar(), bar(), START, bar()):
        grammar.advance(row)
    types = np.flatnonzero(grammar.allowed(START, CLOSED)[Attribute.TYPE])
    np.testing.assert_array_equal(types, [RowType.JOIN, RowType.NOTE])


def test_new_bars_can_be_held_to_other_values():
    grammar = after(bar())
    grammar.permit(only(chord=[2]), only(chord=[7]))
    values = bar(beat=5)
    known = np.arange(NUM_ATTRIBUTES) == Attribute.TYPE
    for row_type, chord in ((RowType.NOTE, 2), (bar_type(COMMON_TIME), 7)):
        values[Attribute.TYPE] = row_type
        assert np.flatnonzero(grammar.allowed(values, known)[Attribute.CHORD]).tolist() == [chord]


def test_what_tells_products_apart_is_decided_first():
    grammar = after(bar(), num_bars=2)
    grammar.permit(only(pitch=[61]), only(pitch=[61]))
    assert grammar.choices == ()
    grammar.permit(only(chord=[2]), only(chord=[7]))
    assert grammar.choices == (Attribute.TYPE,)
    groups = np.stack([only(instrument=[1], pitch=[61]), only(instrument=[2], pitch=[70])])
    grammar.permit(groups, groups)
    assert grammar.choices == (Attribute.TYPE, Attribute.INSTRUMENT)
    grammar.permit(None, first=[Attribute.BEAT])
    assert grammar.choices == (Attribute.BEAT,)
    assert after(bar(), num_bars=1).choices == (Attribute.TYPE,)


def test_contradiction_names_the_attributes():
    grammar = after(bar())
    nothing = only(type=[RowType.NOTE], instrument=[DRUMS], pitch=[60])
    grammar.permit(nothing, nothing)
    with pytest.raises(GrammarError, match=r"no later note in this bar \(instrument\)"):
        grammar.allowed(START, CLOSED)


def test_metre_and_beat_that_exclude_each_other_are_a_contradiction():
    grammar = after()
    grammar.permit(None, only(type=[bar_type(metre_index(2, 4))], beat=[30]))
    with pytest.raises(GrammarError, match=r"no new bar \(type"):
        grammar.allowed(START, CLOSED)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_real_music_is_grammatical(path):
    check(encode(read_midi(path)))


def test_corpora_are_grammatical():
    folder = os.environ.get("AMADEUS_DATA")
    if not folder:
        pytest.skip("set AMADEUS_DATA to a folder of MIDI files")
    paths = sorted(Path(folder).glob("**/*.mid"))
    for path in np.random.default_rng(0).permutation(paths)[:40]:
        try:
            tokens = encode(read_midi(path))
        except ScoreError:
            continue
        check(tokens)
        np.testing.assert_array_equal(encode(decode(tokens)), tokens, err_msg=str(path))
