"""A passage is known again in any key and at any tempo, and not when a note is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation.memorisation import Passages
from amadeus.music.score import Score, Tempo, Track, make_notes


def melody(pitches, spacing=6, program=0, ticks_per_quarter=12) -> Score:
    notes = make_notes((spacing * i, spacing, int(p), 80) for i, p in enumerate(pitches))
    return Score(ticks_per_quarter, (Track(program, notes),))


@pytest.fixture
def tune() -> np.ndarray:
    return np.random.default_rng(0).integers(55, 80, 60)


def test_a_piece_shares_all_of_itself(tune):
    passages = Passages([melody(tune)])
    assert passages.longest_shared(melody(tune)) == 60
    assert passages.share(melody(tune)) == 1


def test_key_tempo_instrument_and_resolution_do_not_matter(tune):
    other = melody(tune + 5, spacing=240, program=40, ticks_per_quarter=480)
    assert Passages([melody(tune)]).longest_shared(replace(other, tempos=(Tempo(0, 61.0),))) == 60


def test_a_changed_note_ends_a_passage(tune):
    changed = tune.copy()
    changed[20] += 1
    assert Passages([melody(tune)]).longest_shared(melody(changed)) == 39


def test_a_quotation_is_found_in_other_music(tune):
    other = np.random.default_rng(1).integers(55, 80, 60)
    other[10:35] = tune[30:55]
    assert Passages([melody(tune)]).longest_shared(melody(other)) == 25


def test_another_rhythm_is_another_passage(tune):
    assert Passages([melody(tune)]).longest_shared(melody(tune, spacing=7)) == 0


def test_what_nobody_will_ask_about_need_not_be_kept(tune):
    others = [melody(np.random.default_rng(seed).integers(55, 80, 60)) for seed in range(1, 9)]
    quotation = melody(np.concatenate([tune[:30], [0, 127, 3]]))
    passages = Passages([*others, melody(tune)], among=[quotation, melody(tune[:10])])
    assert passages.longest_shared(quotation) == 30
    assert passages.share(quotation) == Passages([*others, melody(tune)]).share(quotation)
    assert passages.longest_shared(others[0]) == 0  # was not asked about


def test_drums_and_short_tracks_share_nothing(tune):
    drums = Score(12, (replace(melody(tune).tracks[0], is_drum=True),))
    assert Passages([drums]).longest_shared(drums) == 0
    assert Passages([melody(tune)]).share(melody(tune[:10])) == 0
    assert Passages([]).longest_shared(melody(tune)) == 0
