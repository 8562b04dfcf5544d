"""Prompts on the command line: what holds in a file, and what was not understood."""

import json

from amadeus.music.midi import read_midi


def test_a_new_piece_reports_what_was_not_understood(amadeus, checkpoint):
    words = ["--prompt", "a panio waltz", "--bars", 1, "--candidates", 1, "--model", checkpoint]
    outcome = amadeus("generate", *words, "--output", "new.mid")
    assert "not understood: 'panio' (did you mean 'piano'?)" in outcome.err
    outcome = amadeus("generate", *words, "--output", "new.mid", "--json")
    (piece,) = json.loads(outcome.out)["pieces"]
    assert piece["not_understood"] == ["'panio' (did you mean 'piano'?)"]


def test_words_hold_for_a_continuation_and_an_edit(amadeus, checkpoint, fixtures, tmp_path):
    song = fixtures / "song_with_pickup.mid"
    settings = ["--model", checkpoint, "--seed", 1, "--output", "new.mid"]
    words = ["--prompt", "no drums, slow, 60 bpm, only violin, panio"]
    outcome = amadeus("continue", song, "--bars", 1, *words, *settings)
    assert outcome.code == 0, outcome.err
    assert "not understood: 'panio'" in outcome.err
    longer = read_midi(tmp_path / "new.mid")
    assert longer.tempos[-1].bpm == 60
    assert any(track.program == 40 and not track.is_drum for track in longer.tracks)
    outcome = amadeus("edit", song, "--bars", "3-4", "--candidates", 1, *words, *settings)
    assert outcome.code == 0, outcome.err
    assert "not held, since the edit does not change it: tempo: 60" in outcome.err


def test_words_can_be_left_to_the_model(amadeus, checkpoint, fixtures):
    song = fixtures / "song_with_pickup.mid"
    words = ["--prompt", "drums only, no drums", "--bars", 1]
    settings = ["--model", checkpoint, "--seed", 1, "--output", "new.mid"]
    outcome = amadeus("continue", song, *words, *settings)
    assert "both asks for and forbids drums" in outcome.err
    assert amadeus("continue", song, *words, *settings, "--no-prompt-constraints").code == 0
