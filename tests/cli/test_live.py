import json
import threading

import mido
import pytest

from amadeus.cli import live
from amadeus.music.midi import read_midi
from amadeus.music.performance import PlayedNote


class Port:
    """A MIDI port that keeps what it is sent."""

    def __init__(self):
        self.sent, self.closed = [], False

    def send(self, message):
        self.sent.append(message)

    def close(self):
        self.closed = True


@pytest.fixture
def port(monkeypatch):
    opened = Port()
    monkeypatch.setattr(mido, "get_output_names", lambda: ["Midi Through 14:0", "Synth 20:0"])

    def open_output(name, virtual=False):
        opened.name, opened.virtual = name, virtual
        return opened

    monkeypatch.setattr(mido, "open_output", open_output)
    return opened


@pytest.fixture
def generate(amadeus, checkpoint):
    options = ("--bars", 2, "--notes", 6, "--seed", 5, "--constraint", "tempo: 320")
    return lambda *more: amadeus("generate", "--model", checkpoint, *options, *more)


def test_standard_output_gets_each_note_as_a_json_line(generate, tmp_path):
    outcome = generate("--live", "-", "--prompt", "a waltz", "--output", "waltz.mid", "--explain")
    assert outcome.code == 0, outcome.err
    notes = [PlayedNote(**json.loads(line)) for line in outcome.out.splitlines()]
    score = read_midi(tmp_path / "waltz.mid")
    assert len(notes) == score.num_notes
    assert {note.bpm for note in notes} == {320}
    assert [note.onset_seconds for note in notes] == sorted(note.onset_seconds for note in notes)
    assert "understood: " in outcome.err
    assert "waltz.mid: " in outcome.err


@pytest.mark.parametrize(("name", "opened"), [("Synth", "Synth 20:0"), ("virtual:A", "A")])
def test_the_port_plays_the_written_piece(generate, port, tmp_path, name, opened):
    generate("--output", "silent.mid")
    outcome = generate("--live", name, "--output", "heard.mid")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "heard.mid").read_bytes() == (tmp_path / "silent.mid").read_bytes()
    assert (port.name, port.virtual, port.closed) == (opened, name != "Synth", True)
    kinds = [message.type for message in port.sent]
    assert kinds.count("note_on") == kinds.count("note_off")
    assert kinds.count("note_on") == read_midi(tmp_path / "heard.mid").num_notes


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Piano",
            "no MIDI port matches 'Piano'; available ports: 'Midi Through 14:0', 'Synth 20:0'",
        ),
        (":0", "2 MIDI ports match ':0'"),
    ],
)
def test_a_missing_port_is_refused_before_composing(
    generate, port, monkeypatch, tmp_path, name, message
):
    monkeypatch.setattr("amadeus.inference.composer.load_model", pytest.fail)
    outcome = generate("--live", name)
    assert outcome.code == 1
    assert message in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_reported(generate, monkeypatch):
    def missing():
        raise ModuleNotFoundError("No module named 'rtmidi'", name="rtmidi")

    monkeypatch.setattr(mido, "get_output_names", missing)
    outcome = generate("--live", "Synth")
    assert outcome.code == 1
    assert "rtmidi is not installed; run: pip install 'amadeus-music[live]'" in outcome.err


def test_a_system_without_midi_is_reported(generate, port, monkeypatch):
    def broken(*_, **__):
        raise OSError("error creating ALSA sequencer client object")

    monkeypatch.setattr(mido, "open_output", broken)
    outcome = generate("--live", "virtual:A")
    assert outcome.code == 1
    assert "(error creating ALSA" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--count", 2], "plays a single piece"), (["--json"], "both print JSON")],
)
def test_options_that_conflict_with_live(generate, options, message):
    outcome = generate("--live", "-", *options)
    assert outcome.code == 1
    assert message in outcome.err


def test_ctrl_c_silences_the_port_and_stops_composing(generate, port, tmp_path):
    def interrupted(message, send=port.send):
        send(message)
        if message.type == "note_on":
            raise KeyboardInterrupt

    port.send = interrupted
    outcome = generate("--live", "Synth", "--notes", 500, "--bars", 200, "--output", "cut.mid")
    assert outcome.code == 130
    kinds = [message.type for message in port.sent]
    assert kinds.count("note_on") == kinds.count("note_off") == 1
    assert port.sent[-1].control == 123
    assert port.closed
    assert "cut.mid" in outcome.out
    assert "stopped" in outcome.out
    assert 1 <= read_midi(tmp_path / "cut.mid").num_notes < 500


def test_notes_printed_before_ctrl_c_are_written(generate, monkeypatch, tmp_path):
    options = ("--live", "-", "--notes", 30, "--bars", 8)
    whole = generate(*options, "--output", "whole.mid")
    lines = whole.out.splitlines()

    def interrupted(line, **_):
        print(line)
        if line == lines[2]:
            raise KeyboardInterrupt

    monkeypatch.setattr(live, "print", interrupted, raising=False)
    outcome = generate(*options, "--output", "cut.mid")
    assert outcome.code == 130
    assert outcome.out.splitlines() == lines[:3]
    assert read_midi(tmp_path / "cut.mid").num_notes == 3
    assert read_midi(tmp_path / "whole.mid").num_notes == len(lines) > 3


def test_ctrl_c_before_the_first_note_leaves_no_file(generate, monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("amadeus.inference.composition.LocalRunner.run", interrupted)
    outcome = generate("--live", "-")
    assert outcome.code == 130
    assert "before the first note" in outcome.err
    assert not list(tmp_path.rglob("*.mid"))


def test_composing_ahead_is_limited(monkeypatch):
    monkeypatch.setattr(live, "_MAX_AHEAD", 3)
    drawn, given_up, enough = [], [], threading.Event()

    def notes():
        try:
            for number in range(100):
                drawn.append(number)
                if number == 3:
                    enough.set()
                yield PlayedNote(number, 1.0, 0, 1, 60, 80, 0, False, 1, 120.0)
        finally:
            given_up.append(True)

    with live.Ahead(notes()) as ahead:
        assert enough.wait(10)
        assert len(drawn) == 4
        assert ahead.wait(10).onset_seconds == 0
    assert given_up
    assert len(drawn) < 10


def test_composing_errors_are_raised():
    def notes():
        raise ValueError("no idea")
        yield

    with live.Ahead(notes()) as ahead, pytest.raises(ValueError, match="no idea"):
        ahead.wait(10)
