import pytest


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
    assert "song.doc: the name must end in .pdf or .svg or .png" in outcome.err
    assert not any(tmp_path.iterdir())


def test_nothing_to_do_is_an_error(amadeus, fixtures):
    outcome = amadeus("render", fixtures / "song_with_pickup.mid")
    assert outcome.code == 2
    assert "--musicxml" in outcome.err
