import csv
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import symusic

from amadeus.evaluation.metrics import (
    METRICS,
    distinct_pitches,
    empty_beat_rate,
    groove_consistency,
    note_density,
    num_instruments,
    pitch_class_entropy,
    pitch_entropy,
    pitch_range,
    polyphony,
    scale_consistency,
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


def golden_pieces():
    """(row of golden values, path of the file, the music in it) of every golden piece."""
    golden, data = os.environ.get("AMADEUS_GOLDEN"), os.environ.get("AMADEUS_DATA")
    if not golden or not data:
        pytest.skip("set AMADEUS_GOLDEN to the csv of golden values, AMADEUS_DATA to the corpora")
    with open(golden, newline="") as file:
        for row in csv.DictReader(file):
            path = Path(data) / row["file"]
            yield row, path, read_midi(path)


def last_event_ticks(path, score):
    """Where MusPy thinks that a piece ends: with its last note or its last pedal event."""
    controls = [c.time for track in symusic.Score(path).tracks for c in track.controls]
    return max([score.end_ticks, *controls])


@pytest.mark.parametrize(
    ("column", "metric"),
    [
        ("scale_consistency", scale_consistency),
        ("pitch_entropy", pitch_entropy),
        ("pitch_class_entropy", pitch_class_entropy),
        ("polyphony", polyphony),
        ("n_pitches_used", distinct_pitches),
    ],
)
def test_agrees_with_muspy(column, metric):
    for row, _, score in golden_pieces():
        golden = float(row[f"muspy_{column}"])
        assert metric(score) == pytest.approx(golden, rel=0, abs=1e-6, nan_ok=True), row["file"]


def test_range_agrees_with_muspy_except_for_drums():
    for row, _, score in golden_pieces():
        if all(track.is_drum for track in score.tracks):
            assert row["muspy_pitch_range"] == "-127"
            assert math.isnan(pitch_range(score))
        else:
            assert pitch_range(score) == float(row["muspy_pitch_range"])


def test_empty_beats_agree_with_muspy_but_for_beats_of_pedal_after_the_last_note():
    for row, path, score in golden_pieces():
        ours = score.end_ticks // score.ticks_per_quarter + 1
        theirs = last_event_ticks(path, score) // score.ticks_per_quarter + 1
        empty = empty_beat_rate(score) * ours + (theirs - ours)
        golden = float(row["muspy_empty_beat_rate"])
        assert empty / theirs == pytest.approx(golden, rel=0, abs=1e-6), row["file"]


def test_groove_agrees_with_muspy_but_for_bars_of_pedal_after_the_last_note():
    for row, path, score in golden_pieces():
        if not row["muspy_groove_consistency"]:
            continue
        bar = 4 * score.ticks_per_quarter
        ours, theirs = score.end_ticks // bar, last_event_ticks(path, score) // bar
        alike = groove_consistency(score, score.ticks_per_quarter) * ours
        if theirs > ours:
            # The last bar of music next to a silent one, then silent bars, which are all alike.
            onsets = np.concatenate([track.notes["onset_ticks"] for track in score.tracks])
            alike += 1 - len(np.unique(onsets[onsets // bar == ours])) / bar + theirs - ours - 1
        golden = float(row["muspy_groove_consistency"])
        assert alike / theirs == pytest.approx(golden, rel=0, abs=1e-6), row["file"]
