import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import amadeus
from amadeus.control import Constraints
from amadeus.control.piece import length_in_bars
from amadeus.errors import CheckpointError, ConfigError, ScoreError
from amadeus.inference import native
from amadeus.inference.composer import Composer, load_model
from amadeus.model import packaged
from amadeus.model.checkpoint import save_checkpoint
from amadeus.music.grid import bars_of, rescale
from amadeus.music.score import (
    CONTROL_DTYPE,
    PITCH_BEND_DTYPE,
    KeySignature,
    Score,
    Tempo,
    Text,
    TimeSignature,
    Track,
    make_notes,
)
from amadeus.native import library
from amadeus.text.prompt import PromptFacts, parse_prompt
from everything import everything


@pytest.fixture
def composer(tiny_model):
    return Composer(tiny_model)


def tune(ticks_per_quarter=480, **kwargs):
    """Two bars of quarter notes on a violin."""
    quarter = ticks_per_quarter
    notes = make_notes((quarter * i + i % 2, quarter, 60 + i, 77) for i in range(8))
    return Score(ticks_per_quarter, (Track(40, notes, name="Violin"),), **kwargs)


def note_set(score):
    """Every note in quarter notes, with its instrument."""
    return {
        (t.program, t.is_drum, n["onset_ticks"] / score.ticks_per_quarter,
         n["duration_ticks"] / score.ticks_per_quarter, int(n["pitch"]), int(n["velocity"]))
        for t in score.tracks
        for n in t.notes
    }  # fmt: skip


@pytest.mark.parametrize("bars", [1, 4])
def test_generate_gives_the_bars_asked_for(composer, bars):
    assert len(bars_of(composer.generate(bars=bars, seed=2))) == bars


def test_generate_gives_no_more_notes_than_asked_for(composer):
    assert 1 <= composer.generate(bars=None, notes=3).num_notes <= 3


def test_pieces_of_one_call_are_those_of_their_seeds(composer):
    together = composer.generate_many(["", ""], bars=2, seed=3)
    assert together == [composer.generate(bars=2, seed=seed) for seed in (3, 4)]
    assert together[0] != together[1]


def test_each_piece_may_have_constraints_of_its_own(composer):
    held = [Constraints(f"tempo: {bpm}", f"bars: {bars}") for bpm, bars in ((61, 1), (97, 3))]
    pieces = composer.generate_many(["", ""], constraints=held, seed=3)
    assert [(p.tempos[0].bpm, len(bars_of(p))) for p in pieces] == [(61, 1), (97, 3)]
    assert pieces[1] == composer.generate(constraints=held[1], seed=4)
    with pytest.raises(ConfigError, match="2 constraints do not go with 1 prompts"):
        composer.generate_many([""], constraints=held)
    with pytest.raises(ConfigError, match="is text; write Constraints"):
        composer.generate(constraints="bars: 1")
    with pytest.raises(ConfigError, match="max_notes must be at least 1, got -1"):
        composer.generate(bars=1, notes=-1)


def test_progress_counts_bars_and_rows(composer):
    seen = []
    composer.generate(bars=3, tries=1, progress=lambda *done: seen.append(done))
    assert [rows for _, rows in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == 3


@pytest.mark.parametrize(
    "setting", [{"prompts": []}, {"bars": 0}, {"notes": 0}, {"steps": 9}, {"temperature": -1.0}]
)
def test_settings_that_cannot_work_are_refused(composer, setting):
    with pytest.raises(ConfigError):
        composer.generate_many(**{"prompts": [""], **setting})


def test_the_length_is_asked_for_or_the_prompts_or_sixteen_bars():
    eight = parse_prompt("8 bars of piano")
    assert length_in_bars(eight, 4, None) == 4
    assert length_in_bars(eight, None, 100) == 8
    assert length_in_bars(PromptFacts(), None, None) == 16
    assert length_in_bars(parse_prompt("a waltz at 90 bpm, one minute long"), None, None) == 30
    assert length_in_bars(PromptFacts(), None, 100) is None


@pytest.mark.parametrize("ticks_per_quarter", [12, 480, 100, 32749])
def test_continuation_leaves_the_given_notes_alone(composer, ticks_per_quarter):
    given = tune(ticks_per_quarter)
    continued = composer.continue_score(given, bars=3, seed=1)
    assert len(bars_of(continued)) == 2 + 3
    after = {n for n in note_set(continued) if n[2] >= 8}
    if ticks_per_quarter != 32749:  # too odd a resolution to be refined: quantised
        assert note_set(continued) == note_set(given) | after
        assert continued.ticks_per_quarter % ticks_per_quarter == 0
    assert after
    assert continued.tracks[0].name == "Violin"


def test_continuation_keeps_tempo_and_metre_until_the_music_changes_them(composer):
    tempos = (Tempo(0, 117.3), Tempo(1920, 90.5))
    metres = (TimeSignature(0, 4, 4), TimeSignature(1920, 3, 4), TimeSignature(5000, 5, 4))
    continued = composer.continue_score(tune(tempos=tempos, time_signatures=metres), bars=1)
    assert continued.tempos[:2] == tempos
    assert continued.time_signatures[:2] == metres[:2]
    assert metres[2] not in continued.time_signatures
    # Eight quarters reach into the second bar of 3/4.
    assert all(event.onset_ticks >= 10 * 480 for event in continued.tempos[2:])


def test_a_metre_without_a_token_goes_on_as_another_after_the_join(composer):
    given = tune(time_signatures=(TimeSignature(0, 5, 32),))
    continued = composer.continue_score(given, bars=1)
    assert continued.time_signatures[0] == TimeSignature(0, 5, 32)
    assert continued.time_signatures[1].onset_ticks == 8 * 480
    assert len(continued.time_signatures) == 2


def test_what_the_given_tracks_are_told_stays_when_their_piece_goes_on(composer):
    given = tune(10, key_signatures=(KeySignature(0, -3, True),), markers=(Text(40, "Verse"),))
    pedal = np.array([(0, 64, 127), (75, 64, 0)], CONTROL_DTYPE)
    wheel = np.array([(5, -8192)], PITCH_BEND_DTYPE)
    told = replace(given.tracks[0], controls=pedal, pitch_bends=wheel, lyrics=(Text(1, "la"),))
    given = replace(given, tracks=(told,), lyrics=(Text(2, "lo"),))
    continued = composer.continue_score(given, bars=2)
    expected = rescale(given, continued.ticks_per_quarter)
    assert continued.ticks_per_quarter == 60
    for field in ("key_signatures", "markers", "lyrics"):
        assert getattr(continued, field) == getattr(expected, field)
    for field in ("controls", "pitch_bends", "lyrics"):
        kept, meant = (getattr(score.tracks[0], field) for score in (continued, expected))
        assert everything(kept) == everything(meant)


def test_silence_cannot_be_continued(composer):
    with pytest.raises(ScoreError, match="no notes"):
        composer.continue_score(Score(480, ()))


def test_model_is_loaded_by_folder_and_by_name(tiny_model, tmp_path, monkeypatch):
    save_checkpoint(tiny_model, tmp_path / "amadeus-nano")
    expected = load_model(tmp_path / "amadeus-nano").generate(bars=1)
    monkeypatch.setattr(packaged, "FOLDER", tmp_path)
    assert packaged.available_models() == ["amadeus-nano"]
    assert load_model("amadeus-nano").generate(bars=1) == expected
    with pytest.raises(CheckpointError, match=r"no model 'amadeus-giant'.*one of: amadeus-nano"):
        load_model("amadeus-giant")


def test_without_a_compiled_core_torch_composes(tiny_model, tmp_path, monkeypatch):
    save_checkpoint(tiny_model, tmp_path / "model")
    monkeypatch.setattr(native, "load", lambda: None)
    composer = load_model(tmp_path / "model")
    assert composer.generate(bars=1) == Composer(tiny_model).generate(bars=1)


def test_a_missing_core_is_logged_once_with_the_remedy(tiny_model, tmp_path, monkeypatch, caplog):
    save_checkpoint(tiny_model, tmp_path / "model")
    monkeypatch.setattr(native, "load", lambda: None)
    native.log_if_missing.cache_clear()
    for _ in range(2):
        load_model(tmp_path / "model", words=False)
    (record,) = caplog.records
    assert "install a C++ compiler" in record.getMessage()


@pytest.mark.skipif(library.load() is None, reason="the core is not compiled")
def test_composing_needs_no_torch(tiny_model, tmp_path):
    save_checkpoint(tiny_model, tmp_path / "model")
    code = (
        "import sys, amadeus; sys.modules['torch'] = None; "
        "amadeus.load_model(sys.argv[1]).generate('a waltz in C, 1 bar', notes=5)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "model"], check=True)


def test_public_names_are_there():
    assert all(getattr(amadeus, name) is not None for name in amadeus.__all__)
    with pytest.raises(AttributeError, match="compose_badly"):
        amadeus.compose_badly  # noqa: B018


def test_reading_midi_does_not_import_torch():
    code = "import sys, amadeus; amadeus.read_midi; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
