"""What is demanded holds in every note, whatever the model would rather do."""

from __future__ import annotations

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.errors import ConfigError
from amadeus.music.chords import INTERVALS
from amadeus.music.keys import Key
from amadeus.text.prompt import parse_prompt
from amadeus.tokens import decode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType

NUM_BARS = 6
A_MINOR = {0, 2, 4, 5, 7, 8, 9, 11}


def compose_at_random(constraints: Constraints, seed: int) -> np.ndarray:
    """A piece whose every value is drawn evenly from what is allowed, in random orders."""
    rng = np.random.default_rng(seed)
    grammar = Grammar(num_bars=NUM_BARS, max_notes=400)
    rows = [mark(RowType.START)[0].astype(np.int64)]
    grammar.advance(rows[0])
    hook = constraints.apply()
    while not grammar.ended:
        hook(grammar)
        values, known = np.zeros(NUM_ATTRIBUTES, dtype=np.int64), np.zeros(NUM_ATTRIBUTES, bool)
        for attribute in rng.permutation(NUM_ATTRIBUTES):
            legal = np.flatnonzero(grammar.allowed(values, known)[attribute])
            values[attribute], known[attribute] = rng.choice(legal), True
        grammar.advance(values)
        rows.append(values)
    return np.stack(rows)


@pytest.fixture(params=range(8))
def seed(request):
    return request.param


def constraints_of(prompt: str) -> Constraints:
    return Constraints.from_prompt(parse_prompt(prompt))


def test_pitches_and_chords_come_from_the_scale(seed):
    tokens = compose_at_random(constraints_of("in A minor, no drums"), seed)
    score = decode(tokens)
    assert all(set((t.notes["pitch"] % 12).tolist()) <= A_MINOR for t in score.tracks)
    for chord in score.chords:
        if chord.root is not None:
            assert {(chord.root + i) % 12 for i in INTERVALS[chord.quality]} <= A_MINOR


def test_the_first_chord_is_on_the_tonic_or_none(seed):
    tokens = compose_at_random(Constraints(key=Key(9, "minor")), seed)
    sounding = v.has_sound(tokens[:, Attribute.TYPE])
    assert v.chord_of(int(tokens[sounding][0, Attribute.CHORD]))[0] in (9, None)


def test_music_begins_in_the_first_bar(seed):
    tokens = compose_at_random(Constraints(), seed)
    assert v.is_bar(tokens[1:2, Attribute.TYPE]).all()


def test_tempo_is_exact_and_metre_holds(seed):
    constraints = constraints_of("a waltz at 97 bpm")
    score = constraints.finish(decode(compose_at_random(constraints, seed)))
    assert [t.bpm for t in score.tempos] == [97.0]
    assert {str(t) for t in score.time_signatures} == {"3/4"}


def test_a_tempo_word_bounds_every_tempo(seed):
    score = decode(compose_at_random(Constraints(tempo_range=(60.0, 70.0)), seed))
    assert all(60 <= t.bpm < 70 for t in score.tempos)


def test_every_instrument_asked_for_plays_and_no_other(seed):
    constraints = constraints_of("jazz trio: piano, upright bass and drums")
    score = decode(compose_at_random(constraints, seed))
    assert {(t.is_drum, t.program) for t in score.tracks} == {(False, 0), (False, 32), (True, 0)}


def test_absent_instruments_stay_silent(seed):
    score = decode(compose_at_random(constraints_of("no drums, without piano"), seed))
    assert not any(t.is_drum or t.program < 4 for t in score.tracks)


def test_no_constraint_allows_everything():
    assert constraints_of("rainy evening in Paris").values().sum() == sum(v.SIZES)


def test_nothing_left_to_play_is_an_error():
    everything = tuple(range(v.DRUMS))
    with pytest.raises(ConfigError, match="no instrument is left"):
        Constraints(absent=everything).values()
