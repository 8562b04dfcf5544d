"""Other grids: whatever a score holds moves with its notes."""

import numpy as np
import pytest

from amadeus.errors import ScoreError
from amadeus.music.grid import quantize, rescale
from amadeus.music.midi import read_midi
from amadeus.music.score import (
    CONTROL_DTYPE,
    PITCH_BEND_DTYPE,
    Chord,
    KeySignature,
    Score,
    Tempo,
    Text,
    TimeSignature,
    Track,
    make_notes,
)
from everything import everything


def score_of(ticks_per_quarter, *ticks):
    """A score that has one of each kind at each tick, all different."""
    values = range(len(ticks))
    numbered = list(zip(ticks, values, strict=True))
    track = Track(
        program=3,
        notes=make_notes([(tick, ticks_per_quarter, 60 + i, 80) for tick, i in numbered]),
        name="Voice",
        controls=np.array([(tick, 7, i) for tick, i in numbered], CONTROL_DTYPE),
        pitch_bends=np.array(numbered, PITCH_BEND_DTYPE),
        lyrics=tuple(Text(tick, f"la{i}") for tick, i in numbered),
    )
    return Score(
        ticks_per_quarter,
        (track,),
        tempos=tuple(Tempo(tick, 60.0 + i) for tick, i in numbered),
        time_signatures=tuple(TimeSignature(tick, 1 + i, 4) for tick, i in numbered),
        chords=tuple(Chord(tick, i, "maj") for tick, i in numbered),
        key_signatures=tuple(KeySignature(tick, i) for tick, i in numbered),
        markers=tuple(Text(tick, f"Verse {i}") for tick, i in numbered),
        lyrics=tuple(Text(tick, f"lo{i}") for tick, i in numbered),
    )


def test_shorter_ticks_are_the_same_music():
    assert everything(rescale(score_of(4, 0, 3, 7), 12)) == everything(score_of(12, 0, 9, 21))


def test_a_score_on_its_own_grid_stays_as_it_is(fixtures):
    score = read_midi(fixtures / "game_band.mid")
    assert everything(rescale(score, score.ticks_per_quarter)) == everything(score)


def test_quantizing_undoes_shorter_ticks(fixtures):
    score = read_midi(fixtures / "game_band.mid")
    ticks = score.ticks_per_quarter
    assert everything(quantize(rescale(score, 5 * ticks), ticks)) == everything(score)


def test_everything_moves_to_the_nearest_grid_position():
    assert everything(quantize(score_of(480, 0, 470, 981))) == everything(score_of(12, 0, 12, 25))


def test_on_one_grid_position_the_last_is_in_force_but_no_word_and_no_move_is_lost():
    score = quantize(score_of(480, 0, 478, 482))
    assert score.key_signatures == (KeySignature(0, 0), KeySignature(12, 2))
    assert score.tempos == (Tempo(0, 60.0), Tempo(12, 62.0))
    assert [text.text for text in score.markers] == ["Verse 0", "Verse 1", "Verse 2"]
    assert score.tracks[0].controls.tolist() == [(0, 7, 0), (12, 7, 1), (12, 7, 2)]
    assert len(score.tracks[0].lyrics) == len(score.tracks[0].pitch_bends) == 3


@pytest.mark.parametrize("ticks", [6, 18, 0])
def test_longer_or_uneven_ticks_are_refused(ticks):
    with pytest.raises(ScoreError, match="no multiple"):
        rescale(score_of(12, 0), ticks)
