"""A small file that stands for huge music is refused, unless the limits are lifted."""

import pytest

from amadeus.inference import composer
from amadeus.music.midi import encode_midi, read_midi

NOTE = b"\x00\x90\x3c\x50\x0c\x80\x3c\x00"
TEXT_LATER = b"\xff\xff\xff\x7f\xff\x01\x00"


def midi(events, division=480):
    events += b"\x00\xff\x2f\x00"
    header = b"MThd\0\0\0\6\0\1\0\1" + division.to_bytes(2, "big")
    return header + b"MTrk" + len(events).to_bytes(4, "big") + events


# Bars of a 32nd, a thousand quarters a minute, and 12 ticks 30,000 bars later.
MANY_BARS = midi(
    b"\0\xff\x51\3\0\0\1\0\xff\x58\4\1\5\x18\x08" + NOTE + b"\x81\xea\x30" + NOTE[1:], division=8
)
# A rest of 2^28 ticks, which takes two delta times.
LONG_REST = midi(b"\0\xff\x51\3\0\0\1" + NOTE + TEXT_LATER + b"\1" + NOTE[1:], division=32767)


@pytest.fixture
def no_model(monkeypatch):
    def load_model(*_, **__):
        raise AssertionError("the file should have been refused before")

    monkeypatch.setattr(composer, "load_model", load_model)


@pytest.mark.parametrize(
    "command",
    [
        ("inspect",),
        ("caption",),
        ("render", "--musicxml", "out.musicxml"),
        ("continue", "--output", "out.mid"),
        ("edit", "--output", "out.mid"),
    ],
)
def test_every_command_that_reads_has_the_limits(amadeus, tmp_path, no_model, command):
    (tmp_path / "song.mid").write_bytes(MANY_BARS)
    outcome = amadeus(command[0], "song.mid", *command[1:])
    assert outcome.code == 1
    assert "song.mid: 30,024 bars exceed the limit of 20,000; shorten the piece" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["song.mid"]


def test_the_limits_can_be_lifted(amadeus, tmp_path):
    (tmp_path / "song.mid").write_bytes(MANY_BARS)
    outcome = amadeus("inspect", "song.mid", "--no-limits", "--json")
    assert outcome.code == 0, outcome.err
    outcome = amadeus("render", "song.mid", "--no-limits", "--picture", "song.png")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "song.png").exists()


def test_a_rest_that_takes_two_delta_times_stays_as_it_is():
    assert encode_midi(read_midi(LONG_REST)) == LONG_REST


def test_a_piece_at_the_slowest_midi_tempo_can_be_continued(amadeus, tmp_path, checkpoint):
    (tmp_path / "song.mid").write_bytes(midi(b"\0\xff\x51\3\xff\xff\xff" + NOTE))
    outcome = amadeus("continue", "song.mid", "--bars", 1, "--notes", 8, "--seed", 1,
                      "--model", checkpoint, "--output", "out.mid")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert amadeus("inspect", "out.mid").code == 0
