import math
from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation.metrics import (
    METRICS,
    bar_similarity,
    distinct_pitches,
    duration_entropy,
    duration_mean,
    duration_spread,
    empty_beat_rate,
    groove_consistency,
    note_density,
    num_instruments,
    pitch_class_entropy,
    pitch_entropy,
    pitch_range,
    polyphony,
    repetition,
    scale_consistency,
    velocity_entropy,
    velocity_mean,
    velocity_spread,
)
from amadeus.music.grid import quantize
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Tempo, TimeSignature, Track, make_notes

QUARTER = 12
C_MAJOR = (60, 62, 64, 65, 67, 69, 71)
DRUMS = Track(0, make_notes([(0, 1, 36, 90), (6, 1, 42, 90), (6, 1, 43, 90)]), is_drum=True)


def score_of(rows, **changes):
    """One track of (onset, duration, pitch), in twelfths of a quarter."""
    notes = make_notes((onset, duration, pitch, 80) for onset, duration, pitch in rows)
    return replace(Score(QUARTER, (Track(0, notes),)), **changes)


def melody(pitches):
    return score_of((QUARTER * i, QUARTER, pitch) for i, pitch in enumerate(pitches))


def rhythm(*bars, **changes):
    """Bars of 4/4, each a list of the quarters on which a short note begins."""
    rows = [(QUARTER * (4 * i + beat), 1, 60) for i, bar in enumerate(bars) for beat in bar]
    return score_of(rows, **changes)


@pytest.mark.parametrize(
    ("pitches", "share"),
    [
        (C_MAJOR, 1.0),
        ((57, 59, 60, 62, 64, 65, 67), 1.0),  # A natural minor
        (range(60, 72), 7 / 12),  # all twelve pitch classes
        ((60, 61, 62), 2 / 3),  # no scale has three neighbouring semitones
    ],
)
def test_scale_consistency_is_the_share_in_the_best_scale(pitches, share):
    assert scale_consistency(melody(pitches)) == pytest.approx(share)


def test_entropies_are_logarithms_of_equally_frequent_pitches():
    assert pitch_entropy(melody([60])) == 0
    assert pitch_entropy(melody([60, 72])) == pytest.approx(1)
    assert pitch_class_entropy(melody([60, 72])) == 0
    assert pitch_entropy(melody(range(128))) == pytest.approx(7)
    assert pitch_class_entropy(melody(range(60, 72))) == pytest.approx(math.log2(12))


def test_entropy_weighs_pitches_by_their_notes():
    expected = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert pitch_entropy(melody([60, 60, 60, 67])) == pytest.approx(expected)


def test_range_and_number_of_pitches():
    score = melody([60, 72, 60, 55])
    assert pitch_range(score) == 17
    assert distinct_pitches(score) == 3


def test_polyphony_counts_pitches_over_sounding_time():
    triad = [(0, 24, p) for p in (60, 64, 67)]
    assert polyphony(score_of(triad)) == 3
    assert polyphony(melody(C_MAJOR)) == 1
    # Two quarters of a triad, two of silence, two of one note: 8 quarters of pitch in 4.
    assert polyphony(score_of([*triad, (48, 24, 60)])) == 2


def test_a_pitch_that_two_instruments_hold_is_one_pitch():
    notes = make_notes([(0, 24, 60, 80)])
    longer = make_notes([(12, 24, 60, 80)])
    assert polyphony(Score(QUARTER, (Track(0, notes), Track(40, longer)))) == 1


def test_empty_beats_are_those_without_sound():
    # Sound in beats 0 and 3, the last note ending inside beat 3.
    assert empty_beat_rate(score_of([(0, 6, 60), (36, 6, 60)])) == pytest.approx(2 / 4)
    assert empty_beat_rate(score_of([(0, 42, 60)])) == 0
    # A note that ends on a beat counts for it.
    assert empty_beat_rate(score_of([(0, 12, 60), (36, 6, 60)])) == pytest.approx(1 / 4)


def test_groove_counts_positions_at_which_neighbouring_bars_differ():
    assert groove_consistency(rhythm([0, 2], [0, 2], [0, 2])) == 1
    assert groove_consistency(rhythm([0], [2])) == pytest.approx(1 - 2 / 48)
    assert groove_consistency(rhythm([0], [0, 2], [0, 2])) == pytest.approx(1 - (1 / 48) / 2)
    assert groove_consistency(rhythm([0], [], [0])) == pytest.approx(1 - 1 / 48)


def test_groove_compares_only_bars_of_one_length():
    waltz_after_two_bars = (TimeSignature(0, 4, 4), TimeSignature(96, 3, 4))
    rows = [(0, 1, 60), (48, 1, 60), (96, 1, 60), (108, 1, 60), (132, 1, 60)]
    score = score_of(rows, time_signatures=waltz_after_two_bars)
    # 4/4 with 4/4: the same; 4/4 with 3/4: not compared; 3/4 with 3/4: one position of 36 differs.
    assert groove_consistency(score) == pytest.approx(1 - (1 / 36) / 2)
    one_bar_each = (TimeSignature(0, 4, 4), TimeSignature(48, 3, 4))
    assert math.isnan(groove_consistency(score_of(rows[:2], time_signatures=one_bar_each)))


def test_groove_reads_higher_on_a_finer_grid():
    score = rhythm([0], [2])
    assert groove_consistency(score, 24) == pytest.approx(1 - 2 / 96)
    assert groove_consistency(quantize(score, 480)) == groove_consistency(score)


def test_density_is_notes_a_second():
    assert note_density(replace(melody([60] * 8), tempos=(Tempo(0, 60.0),))) == pytest.approx(1)
    assert note_density(replace(melody([60] * 8), tempos=(Tempo(0, 180.0),))) == pytest.approx(3)


def test_velocities_of_all_notes():
    notes = make_notes([(0, 12, 60, 40), (12, 12, 62, 80)])
    loud = Track(0, make_notes([(24, 1, 36, 120), (36, 1, 36, 80)]), is_drum=True)
    score = Score(QUARTER, (Track(0, notes), loud))
    assert velocity_mean(score) == 80
    assert velocity_spread(score) == pytest.approx(math.sqrt(800))
    assert velocity_entropy(score) == pytest.approx(1.5)  # 80 twice, 40 and 120 once


def test_velocities_that_sound_alike_are_one():
    near = make_notes([(0, 12, 60, 80), (12, 12, 60, 83)])
    assert velocity_entropy(Score(QUARTER, (Track(0, near),))) == 0


def test_durations_are_in_quarters_without_drums():
    tune = score_of([(0, 12, 60), (12, 36, 62)])
    score = replace(tune, tracks=(*tune.tracks, DRUMS))
    assert duration_mean(score) == 2
    assert duration_spread(score) == 1
    assert duration_entropy(score) == 1


def bars_on(*pitches):
    """A bar of 4/4 on each of these: a broken triad upwards from it."""
    steps = enumerate((0, 4, 7, 12))
    return score_of([(48 * i + 12 * k, 12, p + step) for k, step in steps
                     for i, p in enumerate(pitches)])  # fmt: skip


def test_a_loop_repeats_itself_and_a_row_of_keys_does_not():
    assert repetition(bars_on(60, 60, 60, 60)) == pytest.approx(1)
    assert bar_similarity(bars_on(60, 60, 60, 60)) == pytest.approx(1)
    assert repetition(bars_on(60, 61, 62)) == 0
    assert math.isnan(repetition(bars_on(60)))


def test_what_returns_later_counts_as_repetition():
    # A B A B: of three bars after the first, two have been heard before.
    assert repetition(bars_on(60, 61, 60, 61)) == pytest.approx(2 / 3)
    assert bar_similarity(bars_on(60, 61, 60, 61)) == pytest.approx(2 / 6)


def test_instruments_are_programs_that_play_and_drums():
    notes = make_notes([(0, 12, 60, 80)])
    tracks = (Track(0, notes), Track(0, notes), Track(40, notes), Track(41, make_notes([])), DRUMS)
    assert num_instruments(Score(QUARTER, tracks)) == 3


@pytest.mark.parametrize(
    "metric",
    [
        *(scale_consistency, pitch_entropy, pitch_class_entropy, polyphony),
        *(pitch_range, distinct_pitches),
    ],
)
def test_drums_have_no_pitch(metric):
    tune = melody([60, 64, 64, 67, 66])
    with_drums = Score(QUARTER, (*tune.tracks, DRUMS))
    assert metric(with_drums) == metric(tune)
    assert metric(Score(QUARTER, (DRUMS,))) in (0, pytest.approx(np.nan, nan_ok=True))


def test_nothing_is_measured_of_silence():
    counts = {"distinct pitches", "instruments"}
    for silence in (Score(QUARTER, ()), melody([])):
        for name, metric in METRICS.items():
            value = metric(silence)
            assert value == 0 if name in counts else math.isnan(value), name


def test_transposition_changes_no_metric(fixtures):
    score = read_midi(fixtures / "string_quartet.mid")
    tracks = []
    for track in score.tracks:
        notes = track.notes.copy()
        notes["pitch"] += 5
        tracks.append(replace(track, notes=notes))
    moved = replace(score, tracks=tuple(tracks))
    for name, metric in METRICS.items():
        assert metric(moved) == pytest.approx(metric(score)), name


def test_polyphony_equals_that_of_a_piano_roll(fixtures):
    score = quantize(read_midi(fixtures / "game_band.mid"))
    roll = np.zeros((score.end_ticks, 128), dtype=bool)
    for track in score.tracks:
        if not track.is_drum:
            for onset, duration, pitch, _ in track.notes:
                roll[onset : onset + duration, pitch] = True
    assert polyphony(score) == pytest.approx(roll.sum() / roll.any(1).sum(), abs=1e-12)
