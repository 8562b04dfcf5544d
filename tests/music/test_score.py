"""Notes are kept in one order, however they come."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amadeus.music.score import NOTE_DTYPE, Score, Track, make_notes, sort_notes

few = st.integers(0, 3)
rows = st.lists(st.tuples(few, few, st.sampled_from((0, 60, 127)), few))


@given(rows)
def test_notes_are_sorted_by_onset_pitch_duration_and_velocity(rows):
    notes = np.array(rows, dtype=NOTE_DTYPE)
    assert sort_notes(notes).tolist() == sorted(rows, key=lambda n: (n[0], n[2], n[1], n[3]))


def test_drums_are_not_pitched_notes():
    tune, beat = make_notes([(0, 1, 60, 80)]), make_notes([(0, 1, 36, 80)])
    score = Score(12, (Track(0, tune), Track(0, beat, is_drum=True), Track(40, tune)))
    assert score.pitched_notes.tolist() == [*tune.tolist(), *tune.tolist()]
    assert len(Score(12, ()).pitched_notes) == 0
