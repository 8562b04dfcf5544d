import base64
import re
import shutil
from dataclasses import replace

import pytest

from amadeus.errors import ConfigError
from amadeus.mcp import server
from amadeus.mcp.description import describe_score
from amadeus.mcp.folder import MidiFolder
from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi


def text(result):
    return result.content[0].text


@pytest.fixture
def song(folder, fixtures):
    return shutil.copy(fixtures / "song_with_pickup.mid", folder / "song.mid")


def test_the_tools_are_documented(session):
    async def call(client):
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in session(call)}
    assert set(tools) == {"compose", "continue", "edit", "describe"}
    for tool in tools.values():
        assert len(tool.description) > 40
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name} does not explain {name}"
    bars = tools["compose"].input_schema["properties"]["bars"]
    assert {"maximum": server.MAX_BARS, "minimum": 1, "type": "integer"} in bars["anyOf"]
    assert tools["describe"].annotations.read_only_hint


def test_composing_writes_a_file_and_describes_it(use, folder):
    result = use("compose", prompt="a piano waltz in A minor, 90 BPM", bars=2, seed=5)
    assert not result.is_error
    description = text(result)
    assert description.startswith(f"{folder / 'amadeus-5.mid'}\nfile: amadeus-5.mid\nseed: 5\n")
    score = read_midi(folder / "amadeus-5.mid")
    assert len(bars_of(score)) == 2
    assert "tempo: 90 BPM" in description
    assert "time signature: 3/4" in description
    assert "instruments: piano" in description
    # A note that rings on makes the bars of a file more; those of a composition are known.
    assert describe_score(replace(score, source=None)) in description


def test_composing_reports_the_profile(use):
    description = text(
        use(
            "compose", prompt="a sad waltz", profile="notes per bar: 12, mood: open", bars=1, seed=2
        )
    )
    stated, filled = description.splitlines()[-2:]
    assert stated == "profile, stated: time signature: 3/4, notes per bar: 12, form: waltz"
    assert filled.startswith("profile, from a real piece: ")
    assert "chord size: " in filled


def test_a_piece_can_take_the_profile_of_a_file(use, song):
    profile = text(use("describe", file="song.mid")).splitlines()[-1]
    assert profile.startswith("profile: key: G major, ")
    like = text(use("compose", like="song.mid", bars=1, seed=2)).splitlines()[-2]
    assert like == profile.replace("profile: ", "profile, stated: ", 1)
    given = {"profile": profile.removeprefix("profile: "), "bars": 1, "seed": 2}
    assert like == text(use("compose", **given)).splitlines()[-2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile": "mood: grumpy"}, "'grumpy' is unknown"),
        ({"like": "nothing.mid"}, "there is no file 'nothing.mid'"),
        ({"like": "../song.mid"}, "not a valid file name"),
    ],
)
def test_an_invalid_profile_is_refused(use, folder, arguments, message):
    result = use("compose", bars=1, **arguments)
    assert result.is_error
    assert message in text(result)
    assert not list(folder.iterdir())


def test_no_file_is_overwritten(use, folder):
    first = use("compose", bars=1, seed=1, name="piece.mid")
    again = use("compose", bars=1, seed=1, name="piece.mid")
    assert text(again).startswith(str(folder / "piece-2.mid"))
    assert text(first).splitlines()[2:] == text(again).splitlines()[2:], "a seed composes the same"
    assert sorted(p.name for p in folder.iterdir()) == ["piece-2.mid", "piece.mid"]


def test_a_piece_is_continued_and_edited(use, folder, song):
    before = read_midi(song)
    longer = use("continue", file="song.mid", bars=2, seed=1)
    assert text(longer).startswith(str(folder / "song-continued.mid"))
    assert len(bars_of(read_midi(folder / "song-continued.mid"))) == len(bars_of(before)) + 2
    use("edit", file="song.mid", first_bar=3, last_bar=4, seed=1, name="other")
    after = read_midi(folder / "other.mid")
    kept = [t.notes[t.notes["onset_ticks"] < bars_of(before).onset_ticks[2]] for t in before.tracks]
    unchanged = [
        t.notes[t.notes["onset_ticks"] < bars_of(after).onset_ticks[2]] for t in after.tracks
    ]
    assert [n.tolist() for n in kept] == [n.tolist() for n in unchanged]
    assert after != before
    assert read_midi(song) == before


def test_a_piece_is_described_with_its_picture(use, song):
    result = use("describe", file="song.mid", picture=True)
    assert "key: G major" in text(result)
    assert "bars: 9" in text(result)
    picture = result.content[1]
    assert picture.mime_type == "image/png"
    assert base64.b64decode(picture.data).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("compose", {"constraints": ["key: H minor"]}, "key"),
        ("compose", {"prompt": "a piano piece of 500 bars"}, "ask for at most 128"),
        ("compose", {"constraints": ["bars: 300"]}, "ask for at most 128"),
        ("compose", {"bars": 129}, "128"),
        ("compose", {"bars": 1, "name": "../away.mid"}, "without folders"),
        ("describe", {"file": "away.mid"}, "available files: broken.mid, song.mid"),
        ("describe", {"file": "/etc/passwd"}, "without folders"),
        ("continue", {"file": "../song.mid"}, "without folders"),
        ("edit", {"file": "song.mid", "parts": ["trumpet"]}, "trumpet"),
        ("edit", {"file": "song.mid", "first_bar": 50}, "50"),
        ("edit", {"file": "broken.mid"}, "broken.mid"),
    ],
)
def test_errors_are_explained_and_write_no_file(use, folder, song, tool, arguments, reason):
    (folder / "broken.mid").write_bytes(b"MThd")
    before = sorted(folder.iterdir())
    result = use(tool, **arguments)
    assert result.is_error
    assert re.search(re.escape(reason), text(result))
    assert "Traceback" not in text(result)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "name", ["", ".mid", "../a.mid", "a/b.mid", "a\\b.mid", "/a.mid", "C:a.mid", "a.txt", "a\n.mid",
             "x" * 120 + ".mid", "..mid", "~/a.mid", "a\0.mid"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        MidiFolder(tmp_path).existing(name)


def test_links_that_lead_elsewhere_are_refused(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "secret.mid").write_bytes(b"MThd")
    (tmp_path / "music" / "link.mid").symlink_to(tmp_path / "secret.mid")
    folder = MidiFolder(tmp_path / "music")
    for use in (folder.existing, folder.named):
        with pytest.raises(ConfigError, match="is a link"):
            use("link.mid")


def test_constraints_on_the_end_hold(use, folder, song):
    held = {"constraints": ["key: C major", "end: tonic"], "bars": 2, "seed": 1}
    assert not use("compose", name="new.mid", **held).is_error
    assert not use("continue", file="song.mid", name="longer.mid", **held).is_error
    for name in ("new.mid", "longer.mid"):
        score = read_midi(folder / name)
        assert score.chords[-1].root == 0 if name == "new.mid" else not score.chords


def test_too_many_notes_are_refused(use, folder, song, monkeypatch):
    monkeypatch.setattr(server, "MAX_NOTES", 3)
    for arguments in ({"tool": "compose"}, {"tool": "continue", "file": "song.mid"}):
        result = use(**arguments, bars=4, seed=1)
        assert result.is_error
        assert "more than 3 notes; ask for fewer bars" in text(result)
    assert list(folder.iterdir()) == [song]


def test_long_pieces_are_edited_in_parts(use, folder, fixtures, monkeypatch):
    shutil.copy(fixtures / "game_band.mid", folder / "band.mid")
    monkeypatch.setattr(server, "MAX_BARS", 8)
    result = use("edit", file="band.mid", vary=0.1)
    assert result.is_error
    assert "choose fewer with first_bar" in text(result)


def test_a_client_talks_to_the_command(over_stdio, folder):
    async def call(client):
        await client.call_tool("compose", {"bars": 1, "seed": 2})
        return await client.call_tool("describe", {"file": "amadeus-2.mid"})

    assert "bars: 1" in text(over_stdio(call))
    assert (folder / "amadeus-2.mid").exists()


def test_two_who_write_at_once_get_a_file_each(tmp_path):
    folder = MidiFolder(tmp_path)
    path = folder.named("waltz")
    paths = [folder.add(path, bytes([number])) for number in range(3)]
    assert [p.name for p in paths] == ["waltz.mid", "waltz-2.mid", "waltz-3.mid"]
    assert [p.read_bytes() for p in paths] == [b"\0", b"\1", b"\2"]


def test_what_cannot_be_written_whole_is_not_there(tmp_path):
    folder = MidiFolder(tmp_path)
    with pytest.raises(TypeError):
        folder.add(folder.named("waltz"), "no bytes")
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_refused_before_anything_is_composed(use, monkeypatch):
    monkeypatch.setattr(server.Composer, "generate", None)
    assert "without folders" in text(use("compose", bars=1, name="../away.mid"))


def test_a_long_name_leaves_room_for_what_is_made_of_the_file(use, folder, song):
    name = "x" * 95 + ".mid"
    song.rename(folder / name)
    result = use("continue", file=name, bars=1, seed=1)
    assert not result.is_error
    assert (folder / f"{'x' * 80}-continued.mid").exists()


TRACK = bytes.fromhex("00903c40 00904040 60804000 00ff2f00")
HELD = (
    b"MThd" + bytes.fromhex("00000006 0000 0001 0060") + b"MTrk\0\0\0" + bytes([len(TRACK)]) + TRACK
)
"""A file with a note that never ends."""


def test_notation_is_read_and_what_was_repaired_is_said(use, folder):
    (folder / "tune.abc").write_text("X:1\nT:A tune\nM:4/4\nL:1/4\nK:G\nGABc|d4|]\n")
    assert "G major" in text(use("describe", file="tune.abc"))
    longer = text(use("continue", file="tune.abc", bars=1, seed=1))
    assert "file: tune-continued.mid" in longer
    (folder / "held.mid").write_bytes(HELD)
    assert "\nwarning: " in text(use("describe", file="held.mid"))
