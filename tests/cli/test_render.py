import pytest

from soundfonts import soundfont


@pytest.mark.parametrize(
    "kind",
    [
        ("musicxml", "song.musicxml"),
        ("picture", "song.png"),
        ("sheet", "song.pdf"),
        ("sheet", "song.svg"),
        ("sheet", "song.png"),
        ("sheet", "song.abc"),
    ],
)
def test_each_kind_of_file_is_written(amadeus, fixtures, tmp_path, kind):
    option, name = kind
    outcome = amadeus("render", fixtures / "song_with_pickup.mid", f"--{option}", name)
    assert outcome.code == 0, outcome.err
    assert outcome.out.strip() == name
    assert (tmp_path / name).stat().st_size > 200


def test_sheet_music_has_its_suffix(amadeus, fixtures, tmp_path):
    outcome = amadeus("render", fixtures / "song_with_pickup.mid", "--musicxml", "song.pdf")
    assert outcome.code == 1
    assert "song.pdf: the name must end in .musicxml" in outcome.err
    assert not any(tmp_path.iterdir())


def test_a_sheet_has_one_of_its_suffixes(amadeus, fixtures, tmp_path):
    outcome = amadeus("render", fixtures / "song_with_pickup.mid", "--sheet", "song.doc")
    assert outcome.code == 1
    assert "song.doc: the name must end in .pdf, .svg, .png, " in outcome.err
    assert not any(tmp_path.iterdir())


def test_nothing_to_do_is_an_error(amadeus, fixtures):
    outcome = amadeus("render", fixtures / "song_with_pickup.mid")
    assert outcome.code == 2
    assert "--sheet" in outcome.err


def test_musicxml_is_another_name_for_a_sheet_in_that_format(amadeus, fixtures, tmp_path):
    song = fixtures / "song_with_pickup.mid"
    assert amadeus("render", song, "--musicxml", "old.musicxml").code == 0
    assert amadeus("render", song, "--sheet", "new.musicxml").code == 0
    assert (tmp_path / "old.musicxml").read_bytes() == (tmp_path / "new.musicxml").read_bytes()
    for command in ("generate", "continue", "edit", "render"):
        assert "--musicxml" not in amadeus(command, "--help").out


def test_stems_and_their_mix_are_written(amadeus, fixtures, tmp_path):
    song = fixtures / "song_with_pickup.mid"
    outcome = amadeus("render", song, "--audio", "song.flac", "--stems", "parts")
    assert outcome.code == 0, outcome.err
    assert outcome.out.strip() == "song.flac, parts/"
    assert (tmp_path / "song.flac").read_bytes().startswith(b"fLaC")
    assert len(list((tmp_path / "parts").glob("*.wav"))) == 3
    again = amadeus("render", song, "--stems", "parts")
    assert again.code == 1
    assert "parts exists already; name a new or empty folder" in again.err


def test_a_soundfont_can_be_chosen(amadeus, fixtures, tmp_path):
    (tmp_path / "sine.sf2").write_bytes(soundfont())
    options = ("--soundfont", "sine.sf2", "--audio", "song.wav")
    outcome = amadeus("render", fixtures / "song_with_pickup.mid", *options)
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "song.wav").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--audio", "a.wav", "--soundfont", "none.sf2"), "none.sf2: no such SoundFont"),
        (("--audio", "a.wav", "--soundfont", "bad.sf2"), "bad.sf2: not a SoundFont 2 file"),
        (("--picture", "a.png", "--soundfont", "bad.sf2"), "--soundfont is for audio"),
        (("--audio", "a.aac"), "must end in .wav, .flac, .ogg or .mp3"),
        (("--audio", "p/a.wav", "--stems", "p"), "is in the folder of the stems"),
        (("--stems", "bad.sf2"), "bad.sf2 exists already"),
    ],
)
def test_what_cannot_be_rendered_is_refused_before_anything_is_written(
    amadeus, fixtures, tmp_path, options, message
):
    (tmp_path / "bad.sf2").write_bytes(b"bad")
    outcome = amadeus("render", fixtures / "song_with_pickup.mid", *options)
    assert outcome.code == 1
    assert message in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.sf2"]
