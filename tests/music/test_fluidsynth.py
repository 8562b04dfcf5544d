"""Rendered audio agrees with FluidSynth's in level, balance and pitch over time.

Both play the same files with the same SoundFont, FluidSynth without its reverb and chorus. They are
compared in windows of a tenth of a second, as far as these are audible; `listening` says how. Needs
the `fluidsynth` command, and is skipped without it.
"""

import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from expressive import expressive_file
from listening import audible, balance, level_differences, pitch_differences

from amadeus.music.audio import render_audio, soundfont_path
from amadeus.music.midi import read_midi
from amadeus.music.score import CONTROL_DTYPE, PITCH_BEND_DTYPE

RATE = 22050
NUM_FILES = 20

pytestmark = pytest.mark.skipif(
    shutil.which("fluidsynth") is None, reason="fluidsynth is not installed"
)


@pytest.fixture
def fluidsynth(tmp_path):
    """Plays the bytes of a MIDI file; float32 [n, 2]."""

    def play(data):
        midi, sound = tmp_path / "piece.mid", tmp_path / "piece.wav"
        midi.write_bytes(data)
        quiet = ("-ni", "-q", "-R", "0", "-C", "0", "-g", "0.3", "-r", str(RATE), "-T", "wav")
        subprocess.run(
            ["fluidsynth", *quiet, "-F", sound, soundfont_path(), midi],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return soundfile.read(sound, dtype="float32")[0]

    return play


def compared(ours, theirs, seconds):
    """Differences of level in dB, of pitch in cents and of balance in dB, each without signs."""
    length = min(len(ours), len(theirs), round(seconds * RATE))
    ours, theirs = ours[:length], theirs[:length]
    sides = (balance(ours, RATE) - balance(theirs, RATE))[audible(theirs, RATE)]
    level, pitch = level_differences(ours, theirs, RATE), pitch_differences(ours, theirs, RATE)
    return np.abs(level), np.abs(pitch), np.abs(sides)


@pytest.mark.parametrize("seed", range(NUM_FILES))
def test_rendered_audio_agrees_with_fluidsynth(fluidsynth, seed):
    data = expressive_file(seed)
    score = read_midi(data)
    level, pitch, sides = compared(render_audio(score, RATE), fluidsynth(data), score.seconds)
    assert len(level) > 60
    assert np.median(level) < 0.75
    assert np.percentile(level, 95) < 3
    assert np.median(pitch) <= 5
    assert np.percentile(pitch, 95) <= 20
    assert np.median(sides) < 0.5
    assert np.percentile(sides, 95) < 4


def test_the_comparison_notices_what_is_left_out(fluidsynth):
    """Without bends and other controllers, the same file is far from FluidSynth's sound."""
    data = expressive_file(0)
    score = read_midi(data)
    for track in score.tracks:
        object.__setattr__(track, "controls", np.empty(0, CONTROL_DTYPE))
        object.__setattr__(track, "pitch_bends", np.empty(0, PITCH_BEND_DTYPE))
    level, pitch, _ = compared(render_audio(score, RATE), fluidsynth(data), score.seconds)
    assert np.percentile(level, 95) > 3
    assert np.percentile(pitch, 95) > 50
