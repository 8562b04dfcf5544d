import numpy as np
import pytest

from amadeus.errors import VocabularyError
from amadeus.tokens import ATTRIBUTES, SIZES
from amadeus.tokens import vocabulary as v


def values_of(attribute):
    """Every value but "does not apply"."""
    return np.arange(1, SIZES[ATTRIBUTES.index(attribute)])


def test_every_velocity_bin_stands_for_a_velocity_inside_it():
    values = values_of("velocity")
    assert np.array_equal(v.velocity_values(v.velocity_of(values)), values)


def test_every_midi_velocity_comes_back_within_half_a_bin():
    velocities = np.arange(1, 128)
    assert np.abs(v.velocity_of(v.velocity_values(velocities)) - velocities).max() <= 2


def test_every_tempo_bin_holds_its_centre():
    values = values_of("tempo")
    assert len(v.TEMPOS) == len(values)
    assert np.array_equal(v.tempo_values(v.TEMPOS), values)


def test_tempos_beyond_the_bins_fall_into_the_last_ones():
    assert v.tempo_values(np.array([4.0, 1000.0])).tolist() == [1, len(v.TEMPOS)]


def test_every_chord_value_but_the_null_names_one_harmony():
    values = values_of("chord")
    assert [v.chord_value(*v.chord_of(int(value))) for value in values] == values.tolist()
    assert v.chord_of(v.NO_CHORD) == (None, "")


def test_every_metre_opens_a_bar_of_its_own_length():
    for i, (numerator, denominator) in enumerate(v.METRES):
        assert v.metre_index(numerator, denominator) == i
        assert v.METRE_TICKS[i] * denominator == 48 * numerator
    types = np.array([v.bar_type(i) for i in range(len(v.METRES))])
    rests = np.array([v.rest_type(i) for i in range(len(v.METRES))])
    for opening in (types, rests):
        assert v.opens_bar(opening).all()
        assert np.array_equal(v.metre_of(opening), np.arange(len(v.METRES)))
    assert v.has_sound(types).all()
    assert not v.has_sound(rests).any()


def test_what_has_no_token_is_named():
    with pytest.raises(VocabularyError, match="4/32"):
        v.metre_index(4, 32)
    with pytest.raises(VocabularyError, match="13b9"):
        v.chord_value(0, "13b9")


def test_the_vocabulary_is_the_one_that_weights_were_trained_with():
    assert v.fingerprint() == "732384f2953c35dd"
