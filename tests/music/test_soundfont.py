"""SoundFonts: any good file plays, and any other is refused in one clear line."""

import struct

import numpy as np
import pytest
from listening import fundamental

from amadeus.errors import ScoreError
from amadeus.music.audio import render_audio, soundfont_path
from amadeus.music.limits import Limits
from amadeus.music.score import Score, Track, make_notes
from amadeus.music.soundfont import SoundFont
from soundfonts import RATE, ROOT, ROOT_HERTZ, soundfont


def play(path, pitch=ROOT, **options):
    score = Score(480, (Track(0, make_notes([(0, 960, pitch, 100)])),))
    return render_audio(score, RATE, soundfont=path, **options)


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "font.sf2"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("interval", [-12, 0, 7])
def test_a_recording_sounds_at_the_pitch_of_the_key(write, interval):
    audio = play(write(soundfont()), ROOT + interval)[RATE // 4 : RATE // 2].mean(1)
    assert fundamental(audio, RATE) == pytest.approx(ROOT_HERTZ * 2 ** (interval / 12), rel=1e-3)


def test_velocities_choose_and_keys_of_a_zone_are_fixed(write):
    fixed = soundfont(generators=((46, ROOT + 12),))
    audio = play(write(fixed), ROOT - 5)[RATE // 4 : RATE // 2].mean(1)
    assert fundamental(audio, RATE) == pytest.approx(2 * ROOT_HERTZ, rel=1e-3)
    with_loud_only = soundfont(generators=((44, 110 | 127 << 8),))
    assert not play(write(with_loud_only)).any()


def test_the_pitch_of_a_modulation_envelope_and_a_vibrato(write):
    raised = soundfont(generators=((7, 1200),))  # sustained at its peak
    audio = play(write(raised))[RATE // 4 : RATE // 2].mean(1)
    assert fundamental(audio, RATE) == pytest.approx(2 * ROOT_HERTZ, rel=1e-3)
    trembling = play(write(soundfont(generators=((6, 100),)))).mean(1)
    pitches = [fundamental(trembling[at : at + 660], RATE) for at in range(500, 20_000, 330)]
    assert np.ptp(12 * np.log2(np.array(pitches))) > 1.2


BROKEN = {
    "empty": b"",
    "text": b"no SoundFont " * 100,
    "a WAV file": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
    "no presets": soundfont(phdr=b""),
    "half a preset": soundfont(phdr=bytes(37)),
    "no recordings": soundfont(smpl=b""),
    "zones that are not there": soundfont(
        phdr=struct.pack("<20sHHH12x", b"p", 0, 0, 0) + struct.pack("<20sHHH12x", b"", 0, 0, 9)
    ),
    "an instrument that is not there": soundfont(pgen=struct.pack("<HhHh", 41, 7, 0, 0) * 2),
    "a recording that is not there": soundfont(generators=((53, 3),)),
    "a recording outside the file": soundfont(
        shdr=struct.pack("<20sIIIIIBbHH", b"sine", 0, 9999, 0, 200, RATE, 60, 0, 0, 1) + bytes(46)
    ),
    "a rate of 0": soundfont(
        shdr=struct.pack("<20sIIIIIBbHH", b"sine", 0, 200, 0, 200, 0, 60, 0, 0, 1) + bytes(46)
    ),
    "compressed": soundfont(
        shdr=struct.pack("<20sIIIIIBbHH", b"sine", 0, 200, 0, 200, RATE, 60, 0, 0, 17) + bytes(46)
    ),
    "no piano": soundfont(((3, 5, 0),)),
    "cut off": soundfont()[:600],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_soundfont_is_refused(write, kind):
    path = write(BROKEN[kind])
    with pytest.raises(ScoreError) as error:
        play(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "; choose " in str(error.value) or "; convert it" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(ScoreError, match=r"none.sf2: no such SoundFont; check the path"):
        SoundFont(tmp_path / "none.sf2")
    with pytest.raises(ScoreError, match="not a regular file"):
        SoundFont(tmp_path)


def test_large_soundfonts_are_refused(write):
    path = write(soundfont(zones=50))
    with pytest.raises(ScoreError, match="exceed the limit of 1,000; choose another SoundFont"):
        SoundFont(path, Limits(soundfont_bytes=1000))
    with pytest.raises(ScoreError, match="50 zones of one program of a SoundFont exceed"):
        play(path, limits=Limits(soundfont_zones=49))
    assert play(path, limits=Limits(soundfont_zones=50)).any()
    with pytest.raises(ScoreError, match="65,537 rows of 'igen' exceed the 65,536"):
        SoundFont(write(soundfont(igen=bytes(4 * 65_537))))


def test_damaged_bytes_are_refused_or_play_as_finite_sound(write):
    """Hundreds of files with a few bytes changed, of the tables rather than of the recording."""
    original = soundfont(zones=3)
    tables = original.index(b"phdr")
    rng = np.random.default_rng(0)
    played = 0
    for _ in range(300):
        data = bytearray(original)
        for place in rng.integers(tables, len(data), rng.integers(1, 5)):
            data[place] = rng.integers(256)
        try:
            audio = play(write(bytes(data)))
        except ScoreError:
            continue
        assert np.isfinite(audio).all()
        played += 1
    assert 50 < played < 300


def test_every_preset_of_the_default_soundfont_can_be_read():
    font = SoundFont(soundfont_path())
    for bank, programs in ((0, range(128)), (128, (0, 8, 16, 24, 25, 32, 40, 48))):
        for number in programs:
            assert font.regions(bank, number)
