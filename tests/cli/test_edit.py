import json

import numpy as np
import pytest

from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi


@pytest.fixture
def song(fixtures):
    return fixtures / "song_with_pickup.mid"


@pytest.fixture
def edit(amadeus, checkpoint, song):
    return lambda *options: amadeus(
        "edit", song, "--output", "new.mid", "--model", checkpoint, "--seed", 1, *options
    )


def test_only_the_given_bars_change(edit, song, tmp_path):
    outcome = edit("--bars", "3-4", "--candidates", 1)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    before, after = read_midi(song), read_midi(tmp_path / "new.mid")
    bars = bars_of(before)
    changed = [notes_by_instrument(score, bars, (2, 3)) for score in (before, after)]
    others = set(range(len(bars))) - {2, 3}
    kept = [notes_by_instrument(score, bars, others) for score in (before, after)]
    assert kept[0] == kept[1]
    assert changed[0] != changed[1]


def notes_by_instrument(score, bars, chosen):
    """The notes that begin in some bars, sorted. A file has one more track of an instrument where a
    new note is held across the next one of its pitch."""
    found = {}
    for track in score.tracks:
        inside = np.isin(bars.index_at(track.notes["onset_ticks"]), list(chosen))
        found.setdefault(track.instrument, []).extend(track.notes[inside].tolist())
    return {instrument: sorted(notes) for instrument, notes in found.items() if notes}


def test_only_the_given_notes_change(edit, song, tmp_path):
    outcome = edit(
        "--note", "C4-G5 for voice from 3:1 to 3:2", "--note", "at 4:1", "--candidates", 1
    )
    assert outcome.code == 0, outcome.err
    before, after = read_midi(song), read_midi(tmp_path / "new.mid")
    bars = bars_of(before)
    for old, new in zip(before.tracks, after.tracks, strict=True):
        assert len(old.notes) == len(new.notes)
        changed = old.notes[~np.isin(old.notes, new.notes)]
        assert set(bars.index_at(changed["onset_ticks"]).tolist()) <= {2, 3}
    assert after != before


def test_a_seed_edits_the_same_again(edit, tmp_path):
    edit("--bars", "3-4", "--candidates", 1)
    first = (tmp_path / "new.mid").read_bytes()
    edit("--bars", "3-4", "--candidates", 1)
    assert (tmp_path / "new.mid").read_bytes() == first


def test_tries_is_the_old_name_of_candidates(edit, tmp_path):
    edit("--bars", "3-4", "--candidates", 1)
    first = (tmp_path / "new.mid").read_bytes()
    edit("--bars", "3-4", "--tries", 1)
    assert (tmp_path / "new.mid").read_bytes() == first


def test_explain_prints_changes_and_constraints_before_composing(edit):
    options = ("--resample", "pitch,duration", "--keep", "rhythm", "--part", "piano")
    outcome = edit("--bars", "3-", "--constraint", "key: G major", *options, "--explain")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("bars 3-9 of 9: drawn anew: pitch, duration of ")
    assert lines[1] == "locked: their type, beat, chord, tempo, instrument, velocity"
    assert "voice" in lines[2]
    assert "locked: every other bar" in lines
    assert lines.index("key: G major") < len(lines) - 1
    assert lines[-1].startswith("new.mid: ")


def test_json_contains_the_explanation(edit):
    result = json.loads(edit("--vary", "0.2", "--explain", "--json").out)
    assert result["seed"] == 1
    assert result["changes"][0].startswith("bars 1-9 of 9: drawn anew: pitch, duration, velocity")
    assert result["constraints"] == []
    assert result["midi"] == "new.mid"


def test_parts_may_be_listed_or_repeated(edit, tmp_path):
    edit("--bars", "3-4", "--add", "flute,drums", "--candidates", 1)
    first = (tmp_path / "new.mid").read_bytes()
    edit("--bars", "3-4", "--add", "flute", "--add", "drums", "--candidates", 1)
    assert (tmp_path / "new.mid").read_bytes() == first
    assert any(track.is_drum for track in read_midi(tmp_path / "new.mid").tracks)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bars", "4-3"), "bars 4-3 is an empty range; write 3-4"),
        (("--bars", "twelve"), "cannot parse the bars 'twelve'; write 9-12, 4 or 9-"),
        (("--bars", "8-12"), "the piece has 9 bars, so there is no bar 12"),
        (("--part", "pianno"), "did you mean piano"),
        (("--resample", "volume"), "no attribute is called 'volume'"),
        (("--resample", "pitch", "--constraint", "key: A mynor"), "minor"),
        (("--resample", "pitch", "--constraint", "pitch: 60"), "does not fit into the pitches"),
        (("--keep", "rhythm,harmony,melody,length,dynamics"), "nothing would change"),
        (("--vary", "2"), "at most 1"),
        (("--note", "X4"), "notes 'X4': write 'C4-G5'"),
        (("--note", "C4 at 12:1"), "there is no bar 12"),
        (("--output", "new.wav"), "must end in .mid"),
    ],
)
def test_an_invalid_edit_is_refused_and_writes_nothing(edit, tmp_path, options, message):
    outcome = edit(*options)
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_music_is_refused(amadeus, tmp_path):
    (tmp_path / "song.mid").write_bytes(b"not music")
    outcome = amadeus("edit", "song.mid", "--output", "new.mid")
    assert outcome.code == 1
    assert "is not a MIDI file" in outcome.err
