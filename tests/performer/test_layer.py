"""The order of notes holds for any performance whatever."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_scores import random_score

from amadeus.music.midi import encode_midi, read_midi
from amadeus.performer.features import NoteTable
from amadeus.performer.layer import Performance, apply


def random_performance(rng, table):
    """Any onsets, lengths, velocities, tempos and pedal, within reason and beyond it."""
    onset = table.onset + rng.normal(0, rng.choice([0.02, 0.2, 2]), len(table))
    moves = np.sort(rng.uniform(0, 10, 6)).tolist()
    return Performance(
        velocity=rng.uniform(-20, 150, len(table)),
        onset=onset,
        end=onset + table.duration * 2.0 ** rng.uniform(-4, 2, len(table)),
        tempo=rng.uniform(-2, 2, 9),
        pedal=tuple((at, i % 2 == 0) for i, at in enumerate(moves)),
        pedal_parts=(0,),
    )


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_no_note_is_lost_or_overtakes_another(seed, amount):
    rng = np.random.default_rng(seed)
    score = random_score(rng)
    table = NoteTable.of(score)
    played = apply(score, table, random_performance(rng, table), amount)
    for written, track in zip(score.tracks, played.tracks, strict=True):
        assert np.array_equal(written.notes["pitch"], track.notes["pitch"])
        later = np.diff(written.notes["onset_ticks"]) > 0
        assert (np.diff(track.notes["onset_ticks"])[later] > 0).all()
        assert (track.notes["onset_ticks"] >= 0).all()
        assert (track.notes["duration_ticks"] >= 1).all()
        assert (track.notes["velocity"] >= 1).all()
        assert (track.notes["velocity"] <= 127).all()
    factor = played.ticks_per_quarter // score.ticks_per_quarter
    assert [t.onset_ticks for t in played.time_signatures] == [
        factor * t.onset_ticks for t in score.time_signatures
    ]


@given(st.integers(0, 2**32))
def test_notes_move_in_one_direction_as_the_amount_grows(seed):
    rng = np.random.default_rng(seed)
    score = random_score(rng)
    table = NoteTable.of(score)
    performance = random_performance(rng, table)
    steps = [apply(score, table, performance, amount) for amount in (0.01, 0.3, 0.6, 1)]
    for column in ("onset_ticks", "velocity"):
        for part in range(len(score.tracks)):
            change = np.diff([step.tracks[part].notes[column] for step in steps], axis=0)
            assert not ((change > 0).any(0) & (change < 0).any(0)).any()


def test_amount_0_is_the_score(eighths):
    table = NoteTable.of(eighths)
    performance = random_performance(np.random.default_rng(0), table)
    assert apply(eighths, table, performance, 0) is eighths


def test_tempos_follow_the_ratios(eighths):
    table = NoteTable.of(eighths)
    performance = replace(Performance.written(table), tempo=np.array([1.0, 0, -1]))
    tempos = [(t.onset_ticks, t.bpm) for t in apply(eighths, table, performance, 1).tempos]
    assert tempos == [(0, 200.0), (480, 100.0), (960, 50.0), (1440, 100.0)]
    half = [t.bpm for t in apply(eighths, table, performance, 0.5).tempos]
    assert half == pytest.approx([141.421, 100.0, 70.711, 100.0])


@pytest.mark.parametrize("name", ["song_with_pickup", "string_quartet", "funk_drums", "game_band"])
def test_files_keep_everything_else(fixtures, name):
    rng = np.random.default_rng(1)
    score = read_midi(fixtures / f"{name}.mid")
    table = NoteTable.of(score)
    performance = random_performance(rng, table)
    onset = table.onset + rng.uniform(-0.1, 0.1, len(table))
    performance = Performance(
        performance.velocity, onset, onset + table.duration, performance.tempo,
        performance.pedal, performance.pedal_parts,
    )  # fmt: skip
    played = apply(score, table, performance, 1)
    assert played.source is not None
    again = read_midi(encode_midi(played))
    assert again.notices == score.notices
    assert starts(again) == starts(played)
    for given_track, track in zip(score.tracks, again.tracks, strict=False):
        assert track.name == given_track.name
    assert [lyric.text for lyric in again.lyrics] == [lyric.text for lyric in score.lyrics]
    pedal = again.tracks[0].controls
    assert np.count_nonzero(pedal["number"] == 64) >= len(performance.pedal)


def starts(score):
    """Onset, pitch and velocity of every note with its instrument."""
    return Counter(
        (track.instrument, onset, pitch, velocity)
        for track in score.tracks
        for onset, _, pitch, velocity in track.notes.tolist()
    )
