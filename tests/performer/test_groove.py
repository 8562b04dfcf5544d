import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.music.score import Score, Track, make_notes
from amadeus.performer.features import NoteTable
from amadeus.performer.groove import groove_of
from amadeus.performer.performing import perform


def drums(offsets, velocities, bars=4):
    """Eighths of a hi-hat with offsets in ticks and velocities, repeated in every bar."""
    rows = [
        (1920 * bar + 240 * i + offset, 60, 42, velocity)
        for bar in range(bars)
        for i, (offset, velocity) in enumerate(zip(offsets, velocities, strict=True))
    ]
    return Score(480, (Track(0, make_notes(rows), is_drum=True),))


def test_a_groove_is_put_on_other_music(eighths):
    offsets = [0, 20, 0, 10, 0, 24, 0, 0]
    velocities = [100, 60, 80, 60, 100, 60, 80, 60]
    groove = drums(offsets, velocities)
    played = perform(eighths, keep=("articulation", "pedal", "tempo"), groove=groove)
    (track,) = played.tracks
    moved = track.notes["onset_ticks"] - eighths.tracks[0].notes["onset_ticks"]
    assert moved.reshape(4, 8).tolist() == [offsets] * 4
    expected = np.rint(80 * np.array(velocities) / np.mean(velocities))
    assert track.notes["velocity"].reshape(4, 8).tolist() == [expected.tolist()] * 4


def test_a_piece_has_its_own_groove():
    offsets, velocities = [0, 20, 0, 10, 0, 24, 0, 0], [90] * 8
    score = drums([0] * 8, [90] * 8)
    played = perform(score, groove=drums(offsets, velocities))
    table = NoteTable.of(score)
    onsets, _ = groove_of(played)(score, table)
    assert np.allclose((onsets - table.onset).reshape(4, 8) * 480, offsets)


def test_swung_eighths_are_eighths(eighths):
    groove = perform(drums([0] * 8, [90] * 8), keep=("all",), swing="66%")
    (track,) = perform(eighths, keep=("velocity", "articulation"), groove=groove).tracks
    assert track.notes["onset_ticks"][:4].tolist() == [0, 317, 480, 797]


def test_kept_velocity_stays(eighths):
    groove = drums([0, 20] * 4, [100, 50] * 4)
    (track,) = perform(eighths, keep=("velocity",), groove=groove).tracks
    assert set(track.notes["velocity"].tolist()) == {80}


def test_a_groove_needs_notes():
    with pytest.raises(ConfigError, match="at least 8"):
        groove_of(drums([0], [90], bars=3))
