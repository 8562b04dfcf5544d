import json

import numpy as np
import pytest

from amadeus.music.midi import read_midi


@pytest.fixture
def song(fixtures):
    return fixtures / "string_quartet.mid"


def test_a_file_is_performed(amadeus, song, tmp_path):
    outcome = amadeus("perform", song, "--output", "played.mid", "--seed", 1, "--json")
    assert outcome.code == 0, outcome.err
    written, played = read_midi(song), read_midi(tmp_path / "played.mid")
    assert played.num_notes == written.num_notes
    assert json.loads(outcome.out)["notes"] == written.num_notes
    assert len(played.tempos) > len(written.tempos)


def test_amount_0_copies_the_file(amadeus, song, tmp_path):
    assert amadeus("perform", song, "--output", "same.mid", "--amount", 0).code == 0
    assert (tmp_path / "same.mid").read_bytes() == song.read_bytes()


def test_a_groove_comes_from_a_file(amadeus, song, fixtures, tmp_path):
    options = ("--keep", "velocity,tempo", "--groove", fixtures / "funk_drums.mid")
    outcome = amadeus("perform", song, "--output", "played.mid", *options)
    assert outcome.code == 0, outcome.err
    written, played = read_midi(song), read_midi(tmp_path / "played.mid")
    velocities = [[t.notes["velocity"].tolist() for t in s.tracks] for s in (written, played)]
    assert velocities[0] == velocities[1]
    assert any(
        np.any(new.notes["onset_ticks"] != old.notes["onset_ticks"])
        for new, old in zip(played.tracks, written.tracks, strict=True)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--amount", "2"), "amount must be between 0 and 1"),
        (("--style", "wild west"), "unknown style 'wild west'"),
        (("--swing", "lots"), "write 62%"),
        (("--keep", "everything"), "cannot keep 'everything'"),
        (("--groove", "missing.mid"), "missing.mid"),
        (("--soundfont", "x.sf2"), "--soundfont is for audio"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(amadeus, song, tmp_path, options, message):
    outcome = amadeus("perform", song, "--output", "played.mid", *options)
    assert outcome.code == 1
    assert outcome.err.startswith("amadeus: error: ")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert not list(tmp_path.iterdir())


def test_composed_music_is_performed_but_not_its_sheet(amadeus, checkpoint, tmp_path):
    options = ("--seed", 1, "--bars", 2, "--candidates", 1, "--model", checkpoint)
    sheets = []
    for name, extra in (("plain", ()), ("played", ("--perform-style", "romantic"))):
        files = ("--output", f"{name}.mid", "--musicxml", f"{name}.musicxml")
        outcome = amadeus("generate", *options, *files, *extra)
        assert outcome.code == 0, outcome.err
        sheets.append((tmp_path / f"{name}.musicxml").read_text(encoding="utf-8"))
    plain, played = (read_midi(tmp_path / f"{name}.mid") for name in ("plain", "played"))
    assert sheets[0] == sheets[1]
    assert plain != played
    assert plain.num_notes == played.num_notes


def test_performing_does_not_go_with_live(amadeus):
    outcome = amadeus("generate", "--live", "-", "--perform")
    assert outcome.code == 1
    assert "leave out --perform" in outcome.err
