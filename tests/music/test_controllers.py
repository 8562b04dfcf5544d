"""Controllers: what the file says about pitch and level is what sounds.

A SoundFont of one sine wave makes pitch and level exact.
"""

import numpy as np
import pytest
from expressive import bend_range, pitch_bend
from listening import fundamental, levels

from amadeus.music.audio import TAIL_SECONDS, render_audio
from amadeus.music.midi import read_midi
from smf import control, off, on, program, smf, track
from soundfonts import RATE, ROOT, ROOT_HERTZ, soundfont

SECOND = 960
"""Ticks, at 120 quarters a minute."""


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Plays events on sine waves: programs 0 and 1 of bank 0, and program 0 of bank 8."""
    path = tmp_path_factory.mktemp("soundfont") / "sine.sf2"
    path.write_bytes(soundfont(((0, 0, 0), (0, 1, 7), (8, 0, 12), (128, 0, 0))))
    return lambda *events: render_audio(read_midi(smf(track(*events))), RATE, soundfont=path)


def note(seconds: float = 1.0, pitch: int = ROOT):
    return [(0, on(pitch, 100)), (round(seconds * SECOND), off(pitch))]


def hertz(audio: np.ndarray, second: float, length: float = 0.1) -> float:
    return fundamental(audio[round(second * RATE) :][: round(length * RATE)].mean(1), RATE)


def semitones(audio: np.ndarray, second: float, length: float = 0.1) -> float:
    return 12 * np.log2(hertz(audio, second, length) / ROOT_HERTZ)


def level(audio: np.ndarray, second: float) -> float:
    return float(levels(audio[round(second * RATE) :][: round(0.2 * RATE)], RATE)[0])


@pytest.mark.parametrize(("reach", "value"), [(None, 8191), (None, -4096), (12, 8191), (24, -4096)])
def test_the_pitch_wheel_bends_by_its_range(play, reach, value):
    ranges = [] if reach is None else bend_range(reach)
    audio = play(*ranges, (0, pitch_bend(value)), *note())
    assert semitones(audio, 0.3) == pytest.approx((reach or 2) * value / 8192, abs=0.05)


def test_a_sounding_note_follows_the_pitch_wheel(play):
    glide = [(SECOND // 96, pitch_bend(80 * step)) for step in range(1, 97)]
    audio = play(*bend_range(12), (0, on(ROOT, 100)), *glide, (0, off(ROOT)))
    for second in (0.2, 0.5, 0.8):
        expected = 12 * 80 * 96 * (second + 0.02) / 8192  # in the middle of the window
        assert semitones(audio, second, 0.04) == pytest.approx(expected, abs=0.3)


def test_other_parameters_leave_the_range_alone_and_tuning_transposes(play):
    unregistered = [(0, control(99, 0)), (0, control(98, 0)), (0, control(6, 24))]
    audio = play(*unregistered, (0, pitch_bend(8191)), *note())
    assert semitones(audio, 0.3) == pytest.approx(2, abs=0.02)
    coarse = [(0, control(101, 0)), (0, control(100, 2)), (0, control(6, 64 + 5))]
    fine = [(0, control(101, 0)), (0, control(100, 1)), (0, control(6, 96)), (0, control(38, 0))]
    assert semitones(play(*coarse, *note()), 0.3) == pytest.approx(5, abs=0.02)
    assert semitones(play(*fine, *note()), 0.3) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("number", [7, 11])
def test_volume_and_expression_act_as_squares(play, number):
    audio = play((0, control(number, 127)), *note(), (SECOND, control(number, 64)), *note())
    assert level(audio, 2.3) - level(audio, 0.3) == pytest.approx(40 * np.log10(64 / 127), abs=0.1)


def test_a_sounding_note_swells_without_clicks(play):
    steps = [(SECOND // 20, control(11, value)) for value in range(27, 127, 5)]
    audio = play((0, control(11, 27)), (0, on(ROOT, 100)), *steps, (0, off(ROOT)))
    assert level(audio, 0.8) > level(audio, 0.05) + 15
    # A sine wave of its frequency never moves by more than this from sample to sample.
    steepest = 2 * np.pi * ROOT_HERTZ / RATE
    assert np.abs(np.diff(audio.mean(1))).max() < 1.1 * steepest * np.abs(audio).max()


def test_pan_moves_the_sound_to_a_side_at_the_same_power(play):
    sides = [play((0, control(10, value)), *note(), *note())[:RATE] for value in (0, 64, 127)]
    left, middle, right = (10 * np.log10((side**2).mean(0) + 1e-12) for side in sides)
    assert left[0] > left[1] + 60
    assert middle[0] == pytest.approx(middle[1], abs=0.1)
    assert right[1] > right[0] + 30
    both = play((0, control(10, 0)), *note(), (0, control(10, 64)), *note())
    assert level(both, 0.3) == pytest.approx(level(both, 1.3), abs=0.1)


def test_the_sustain_pedal_holds_notes_until_it_is_released(play):
    pedal = [(0, control(64, 127)), *note(0.5), (SECOND, control(64, 0))]
    audio = play(*pedal, (SECOND // 2, on(ROOT, 1)), (1, off(ROOT)))
    assert level(audio, 1.2) == pytest.approx(level(audio, 0.2), abs=0.1)
    assert level(audio, 1.75) < level(audio, 0.2) - 60


def test_a_pedal_that_is_released_after_the_last_note_holds_it_until_then(play):
    audio = play((0, control(64, 127)), *note(0.5), (5 * SECOND // 2, control(64, 0)))
    assert len(audio) == round((3 + TAIL_SECONDS) * RATE)
    assert level(audio, 2.7) == pytest.approx(level(audio, 0.2), abs=0.1)


def test_a_key_that_is_struck_again_ends_what_the_pedal_holds(play):
    audio = play((0, control(64, 127)), *note(0.5), *note(0.5), *note(0.5), (0, control(64, 0)))
    assert level(audio, 1.2) == pytest.approx(level(audio, 0.2), abs=0.5)


def test_a_pedal_that_is_never_released_ends_with_the_last_note(play):
    audio = play((0, control(64, 127)), *note(0.5), *note(0.5, ROOT + 7))
    assert len(audio) == round((1 + TAIL_SECONDS) * RATE)
    assert level(audio, 1.3) < level(audio, 0.8) - 60


def test_the_sostenuto_pedal_holds_only_the_notes_that_sound_when_it_goes_down(play):
    events = [
        (0, on(ROOT)), (240, control(66, 127)), (240, off(ROOT)),
        *note(0.25, ROOT + 12), (SECOND, control(66, 0)),
    ]  # fmt: skip
    audio = play(*events)
    assert level(audio, 0.52) > level(audio, 0.1)
    assert semitones(audio, 1.0) == pytest.approx(0, abs=0.02)


def test_the_modulation_wheel_makes_the_pitch_tremble(play):
    steady, trembling = (play((0, control(1, value)), *note(2)) for value in (0, 127))
    pitches = [
        [semitones(audio, start / 50, 0.03) for start in range(5, 90)]
        for audio in (steady, trembling)
    ]
    assert np.ptp(pitches[0]) < 0.02
    assert 0.6 < np.ptp(pitches[1]) < 1.0  # half a semitone up and down, averaged over 30 ms


def test_a_reset_puts_wheel_pedal_and_expression_back(play):
    moved = [(0, pitch_bend(8191)), (0, control(11, 20)), (0, control(64, 127))]
    audio = play(*moved, (1, control(121, 0)), *note(0.5), (0, control(11, 127)), *note(0.5))
    assert semitones(audio, 0.2) == pytest.approx(0, abs=0.02)
    assert level(audio, 0.2) == pytest.approx(level(audio, 0.7), abs=0.1)


def test_programs_and_banks_change_inside_a_track(play):
    audio = play(
        *note(), (0, program(1)), *note(), (0, control(0, 8)), (0, program(0)), *note(),
        (0, control(0, 5)), (0, program(0)), *note(),
    )  # fmt: skip
    found = [semitones(audio, second + 0.4) for second in range(4)]
    # The SoundFont has no bank 5, so bank 0 plays instead.
    assert found == pytest.approx([0, 7, 12, 0], abs=0.02)
