"""Sound: the right pitch, at the right time, never clipped."""

import wave

import numpy as np
import pytest
import soundfile
from expressive import expressive_file

from amadeus.errors import ScoreError
from amadeus.music import audio as sound
from amadeus.music.audio import TAIL_SECONDS, render_audio, write_audio, write_stems
from amadeus.music.limits import UNLIMITED, Limits
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Track, make_notes

RATE = 22050


def rms(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))


def play(program: int, *rows: tuple[int, int, int, int], is_drum: bool = False) -> np.ndarray:
    """Notes at 120 quarters a minute, 480 ticks each: 960 ticks are a second."""
    return render_audio(Score(480, (Track(program, make_notes(rows), is_drum),)), RATE)


@pytest.mark.parametrize("program", [0, 19, 40, 52, 73])
def test_a_note_sounds_at_its_pitch(program):
    audio = play(program, (0, 1920, 69, 100))[RATE // 4 : RATE].mean(1)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    frequency = np.fft.rfftfreq(8 * len(audio), 1 / RATE)
    # The fundamental or, where it is weak, one of its overtones is the strongest of all.
    harmonic = frequency[spectrum.argmax()] / 440
    assert harmonic == pytest.approx(round(harmonic), rel=0.01)
    assert round(harmonic) in (1, 2, 3, 4)


@pytest.mark.parametrize("is_drum", [False, True])
def test_silence_before_a_note_and_sound_after_it(is_drum):
    audio = play(0, (960, 240, 38, 100), is_drum=is_drum)
    assert not audio[: RATE - 10].any()
    assert rms(audio[RATE : RATE + RATE // 10]) > 0.01


def test_every_program_and_every_usual_drum_is_audible():
    for program in range(128):
        assert rms(play(program, (0, 480, 60, 100))[: RATE // 2]) > 1e-3, program
    for drum in range(35, 82):
        assert rms(play(0, (0, 480, drum, 100), is_drum=True)[: RATE // 2]) > 1e-3, drum


def test_louder_notes_sound_louder():
    audio = play(0, (0, 240, 60, 40), (1920, 240, 60, 120))
    assert rms(audio[2 * RATE : 2 * RATE + RATE // 4]) > 3 * rms(audio[: RATE // 4])


@pytest.mark.parametrize("name", ["funk_drums", "game_band", "song_with_pickup"])
def test_real_pieces_fill_their_length_with_sound(fixtures, name):
    score = read_midi(fixtures / f"{name}.mid")
    audio = render_audio(score, RATE)
    assert audio.shape == (round((score.seconds + TAIL_SECONDS) * RATE), 2)
    assert audio.dtype == np.float32
    assert np.abs(audio).max() == pytest.approx(0.9, abs=0.01)
    seconds = [rms(audio[i * RATE : (i + 1) * RATE]) for i in range(int(score.seconds))]
    assert min(seconds) > 1e-3
    assert np.abs(audio[-10:]).max() < 1e-3


def test_an_empty_or_endless_score_is_refused():
    with pytest.raises(ScoreError, match="no notes"):
        render_audio(Score(480, ()))
    with pytest.raises(ScoreError, match="10,861 seconds of sound exceed the limit of 10,800"):
        play(0, (181 * 60 * 960, 1, 60, 80))
    with pytest.raises(ScoreError, match="sample rate"):
        render_audio(Score(480, ()), 0)


def test_a_wav_file_holds_the_sound_in_16_bits(fixtures, tmp_path):
    score = read_midi(fixtures / "song_with_pickup.mid")
    path = write_audio(score, tmp_path / "x.wav", RATE)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.array_equal(pcm, np.round(render_audio(score, RATE) * 32767))
    assert [one.name for one in tmp_path.iterdir()] == ["x.wav"]
    with pytest.raises(ScoreError, match="cannot be written"):
        write_audio(score, tmp_path / "none" / "x.wav", RATE)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_every_format_holds_the_same_sound(fixtures, tmp_path, suffix):
    score = read_midi(fixtures / "song_with_pickup.mid")
    path = write_audio(score, tmp_path / f"x{suffix}", RATE)
    found, rate = soundfile.read(path, dtype="float32")
    audio = render_audio(score, RATE)
    assert rate == RATE
    assert found.shape == audio.shape
    if suffix == ".flac":
        assert np.abs(found - audio).max() < 2 / 32767
    # MP3 adds a few hundredths of a second of silence at the beginning.
    size = 2 * len(audio)
    spectra = (np.fft.rfft(sound.mean(1), size) for sound in (found, audio))
    likeness = np.fft.irfft(next(spectra) * next(spectra).conj())
    assert likeness.argmax() < 0.1 * RATE
    assert likeness.max() > 0.98 * (audio.mean(1) ** 2).sum()
    assert path.stat().st_size < 0.8 * 4 * len(audio)


def test_formats_refuse_what_they_cannot_hold(fixtures, tmp_path):
    score = read_midi(fixtures / "song_with_pickup.mid")
    with pytest.raises(ScoreError, match=r"must end in \.wav, \.flac, \.ogg or \.mp3; rename it"):
        write_audio(score, tmp_path / "x.aac")
    with pytest.raises(ScoreError, match="sample rate 96000 does not fit into MP3; choose 8000"):
        write_audio(score, tmp_path / "x.mp3", 96_000)
    assert not list(tmp_path.iterdir())


def test_stems_add_up_to_the_mix(tmp_path):
    """Each sample is rounded to 16 bits, by half a step at most, in each stem and in the mix."""
    score = read_midi(expressive_file(1))
    stems = write_stems(score, tmp_path / "stems", tmp_path / "mix.wav", RATE)
    assert [path.name for path in stems] == [
        *("01-harmonica.wav", "02-alto-sax.wav", "03-electric-piano-1.wav", "04-drums.wav")
    ]
    mix, total = (soundfile.read(tmp_path / "mix.wav", dtype="int16")[0].astype(int), 0)
    for path in stems:
        stem = soundfile.read(path, dtype="int16")[0].astype(int)
        assert np.abs(stem).max() > 100
        total = total + stem
    assert np.abs(total - mix).max() <= (len(stems) + 1) / 2 + 1
    assert {path.name for path in tmp_path.iterdir()} == {"stems", "mix.wav"}
    alone = render_audio(score, RATE)
    assert np.corrcoef(alone.ravel(), mix.ravel())[0, 1] > 0.9999


def test_stems_are_written_to_a_new_folder_or_not_at_all(fixtures, tmp_path):
    score = read_midi(fixtures / "game_band.mid")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "song.txt").touch()
    with pytest.raises(ScoreError, match="choose a new or empty folder"):
        write_stems(score, tmp_path / "full", sample_rate=8000)
    with pytest.raises(ScoreError, match="seconds of stems exceed the limit of 100"):
        write_stems(score, tmp_path / "stems", sample_rate=8000, limits=Limits(stem_seconds=100))
    with pytest.raises(ScoreError, match="cannot be written"):
        write_stems(score, tmp_path / "stems", tmp_path / "none" / "mix.wav", 8000)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "song.txt"]


def test_open_and_closed_hi_hats_cut_each_other_off():
    """In the General MIDI drum kit, 46 is the open hi-hat, and 42 the closed one."""
    alone = play(0, (0, 960, 46, 100), is_drum=True)[RATE // 2 : RATE]
    cut = play(0, (0, 960, 46, 100), (240, 240, 42, 1), is_drum=True)[RATE // 2 : RATE]
    assert rms(cut) < 0.3 * rms(alone)


def test_a_piece_that_is_mixed_block_by_block_sounds_the_same(fixtures, tmp_path, monkeypatch):
    score = read_midi(fixtures / "funk_drums.mid")
    whole = write_audio(score, tmp_path / "whole.wav", RATE).read_bytes()
    monkeypatch.setattr(sound, "BLOCK", 2**16)
    monkeypatch.setattr(sound, "_CHUNK", 2**14)
    assert len(whole) > 5 * 4 * 2**16
    assert write_audio(score, tmp_path / "blocks.wav", RATE).read_bytes() == whole
    bent = read_midi(expressive_file(0))
    in_blocks = render_audio(bent, RATE)
    monkeypatch.setattr(sound, "BLOCK", 2**24)
    assert np.abs(in_blocks - render_audio(bent, RATE)).max() < 1e-6


def test_what_takes_too_long_to_play_or_does_not_fit_into_a_file_is_refused(tmp_path):
    rows = [(0, 960 * 30, pitch, 90) for pitch in range(20, 100)]
    choirs = Score(480, tuple(Track(program, make_notes(rows)) for program in range(40, 70)))
    with pytest.raises(ScoreError, match="seconds of tones exceed the limit of 6,000,000"):
        render_audio(choirs)
    long = Score(480, (Track(0, make_notes([(7 * 3600 * 960, 1, 60, 90)])),))
    with pytest.raises(ScoreError, match=r"7\.0 hours of sound do not fit into a WAV file"):
        write_audio(long, tmp_path / "x.wav", limits=UNLIMITED)
    assert not list(tmp_path.iterdir())
