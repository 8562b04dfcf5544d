"""Sound: a score played on the General MIDI SoundFont that comes with pretty_midi.

A small sampler in numpy, so that nothing needs to be installed on the system. Each pitch of an
instrument is resampled once; a note is then that wave under the envelope of its own length. A long
piece is mixed block by block, so that its memory is bounded.
"""

from __future__ import annotations

import os
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi import write_file
from amadeus.music.score import Score, Track
from amadeus.music.soundfont import DRUM_BANK, Region, SoundFont
from amadeus.music.synthesis import make_tone, release_samples

TAIL_SECONDS = 1.5
"""Silence into which the last notes die away."""

_PEAK = 0.9
_LONGEST_NOTE = 30.0
_BLOCK = 2**25
"""Samples that are mixed at once: 256 MiB, and 12 minutes at 44100 Hz."""
_CHUNK = 2**18
"""Samples that are written at once; a block is a whole number of chunks."""
_MOST_SAMPLES = 2**30 - 2**10
"""What fits into a WAV file of 16 bits and two channels."""
_TONE_COST = 150
"""Making a second of a tone takes as long as mixing this many seconds of notes."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """All notes of one pitch of a region, in order of onset."""

    region: Region
    pitch: int
    start: np.ndarray
    """Onsets in samples, int64 [N]."""
    length: np.ndarray
    """How long each is held, in samples, int64 [N]."""
    gain: np.ndarray
    """float64 [N]."""
    release: int
    """Samples that each goes on sounding after its end."""

    def heard(self, begin: int, end: int) -> np.ndarray:
        """Which notes sound between two samples. Indices, in order."""
        sounds = (self.start < end) & (self.start + self.length + self.release > begin)
        return np.flatnonzero(sounds)


def render_audio(score: Score, sample_rate: int = 44100, limits: Limits = LIMITS) -> np.ndarray:
    """Play a score; float32 [samples, 2], left and right, with a peak of 0.9.

    Raises ScoreError if there is nothing to play, or more than the limits allow.
    """
    samples = _num_samples(score, sample_rate, limits)
    voices = _voices(score, samples, sample_rate, limits)
    audio = _mixed(voices, 0, samples, sample_rate)
    _finish(audio, 0, samples, sample_rate, _peak(audio))
    return audio.T


def write_audio(
    score: Score,
    path: str | os.PathLike[str],
    sample_rate: int = 44100,
    limits: Limits = LIMITS,
) -> Path:
    """Play a score into a 16-bit WAV file, whole or not at all; returns its path.

    What is written is what `render_audio` returns, but a piece of any length takes less than 1 GiB
    of memory. While it is written, the folder has a temporary file of twice the size, too.

    Raises ScoreError as `render_audio` does, and if the path cannot be written.
    """
    samples = _num_samples(score, sample_rate, limits)
    if samples > _MOST_SAMPLES:
        raise ScoreError(
            f"{samples / sample_rate / 3600:.1f} hours of sound do not fit into a WAV file; "
            f"shorten the piece to {_MOST_SAMPLES / sample_rate / 3600:.1f}"
        )
    voices = _voices(score, samples, sample_rate, limits)

    def write(temporary: Path) -> None:
        peak = 0.0
        with tempfile.TemporaryFile(dir=temporary.parent) as mix:
            for chunk in _chunks(voices, samples, sample_rate):
                peak = max(peak, _peak(chunk))
                mix.write(chunk.tobytes())
            mix.seek(0)
            with _open_wav(temporary, sample_rate, samples) as file:
                for begin in range(0, samples, _CHUNK):
                    count = min(_CHUNK, samples - begin)
                    chunk = np.frombuffer(bytearray(mix.read(8 * count)), np.float32)
                    chunk = chunk.reshape(2, count)
                    _finish(chunk, begin, samples, sample_rate, peak)
                    file.writeframesraw(_to_pcm(chunk.T))

    return write_file(path, write)


def _open_wav(path: Path, sample_rate: int, samples: int) -> wave.Wave_write:
    file = wave.open(str(path), "wb")  # noqa: SIM115
    file.setnchannels(2)
    file.setsampwidth(2)
    file.setframerate(sample_rate)
    file.setnframes(samples)
    return file


def _to_pcm(audio: np.ndarray) -> bytes:
    """Sound between -1 and 1 as 16-bit samples; what exceeds them is clipped."""
    return np.round(np.clip(audio, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def soundfont_path() -> Path:
    """The General MIDI SoundFont of pretty_midi. Raises ScoreError if it is missing."""
    spec = find_spec("pretty_midi")
    if spec is None or not spec.submodule_search_locations:
        raise ScoreError("the SoundFont of pretty_midi is missing; pip install pretty_midi")
    return Path(spec.submodule_search_locations[0]) / "TimGM6mb.sf2"


@cache
def _soundfont() -> SoundFont:
    return SoundFont(soundfont_path())


@cache
def _regions(bank: int, program: int) -> tuple[Region, ...]:
    return _soundfont().regions(bank, program)


def _num_samples(score: Score, sample_rate: int, limits: Limits) -> int:
    """Length of the sound. Raises ScoreError if it cannot be made."""
    if not 8000 <= sample_rate <= 192_000:
        raise ScoreError(f"sample rate {sample_rate} is out of reach; choose 8000 to 192000")
    if score.num_notes == 0:
        raise ScoreError("there is nothing to play: the score has no notes")
    limits.check("sound_seconds", score.seconds)
    return round((score.seconds + TAIL_SECONDS) * sample_rate)


def _voices(score: Score, samples: int, sample_rate: int, limits: Limits) -> list[_Voice]:
    """What is played. Raises ScoreError if that takes more work than the limits allow."""
    voices = [
        voice for track in score.tracks for voice in _of_track(track, score, samples, sample_rate)
    ]
    work = 0
    for voice in voices:
        blocks = np.unique(voice.start // _BLOCK)
        work += int((voice.length + voice.release).sum())
        work += _TONE_COST * len(blocks) * int(voice.length.max() + voice.release)
    limits.check("tone_seconds", work / sample_rate)
    return voices


def _of_track(track: Track, score: Score, samples: int, sample_rate: int) -> Iterator[_Voice]:
    notes = track.notes
    onsets = score.ticks_to_seconds(notes["onset_ticks"])
    ends = score.ticks_to_seconds(notes["onset_ticks"] + notes["duration_ticks"])
    bank = DRUM_BANK if track.is_drum else 0
    for region in _regions(bank, track.program):
        heard = np.flatnonzero(
            _within(notes["pitch"], region.keys) & _within(notes["velocity"], region.velocities)
        )
        if not len(heard):
            continue
        start = np.round(onsets[heard] * sample_rate).astype(np.int64)
        length = np.round((ends - onsets)[heard].clip(0, _LONGEST_NOTE) * sample_rate)
        if region.exclusive:
            length = np.minimum(length, np.diff(start, append=samples))
        length = np.maximum(length, 1).astype(np.int64)
        gain = (notes["velocity"][heard] / 127.0) ** 2 * region.gain
        release = release_samples(region, sample_rate)
        for pitch in np.unique(notes["pitch"][heard]):
            at = notes["pitch"][heard] == pitch
            yield _Voice(region, int(pitch), start[at], length[at], gain[at], release)


def _within(values: np.ndarray, bounds: tuple[int, int]) -> np.ndarray:
    return (values >= bounds[0]) & (values <= bounds[1])


def _chunks(voices: Sequence[_Voice], samples: int, sample_rate: int) -> Iterator[np.ndarray]:
    """The mix from beginning to end. float32 [2, at most _CHUNK] each."""
    for begin in range(0, samples, _BLOCK):
        block = _mixed(voices, begin, min(begin + _BLOCK, samples), sample_rate)
        for at in range(0, block.shape[1], _CHUNK):
            yield block[:, at : at + _CHUNK]


def _mixed(voices: Sequence[_Voice], begin: int, end: int, sample_rate: int) -> np.ndarray:
    """What sounds between two samples, before its level is known. float32 [2, end - begin]."""
    block = np.zeros((2, end - begin), dtype=np.float32)
    for voice in voices:
        heard = voice.heard(begin, end)
        if not len(heard):
            continue
        # As long in each block as in the whole piece, so that it is the same in each.
        tone = make_tone(voice.region, voice.pitch, sample_rate, int(voice.length.max()))
        angle = (voice.region.pan + 0.5) * np.pi / 2
        left, right = np.cos(angle), np.sin(angle)
        columns = (voice.start, voice.length, voice.gain)
        for start, length, gain in zip(*(c[heard].tolist() for c in columns), strict=True):
            note = tone.note(length)[max(0, begin - start) : end - start]
            at = max(0, start - begin)
            block[0, at : at + len(note)] += note * np.float32(gain * left)
            block[1, at : at + len(note)] += note * np.float32(gain * right)
    return block


def _peak(audio: np.ndarray) -> float:
    return max(float(audio.max()), -float(audio.min()))


def _finish(audio: np.ndarray, begin: int, samples: int, sample_rate: int, peak: float) -> None:
    """Bring a passage to its level, and fade the end of the piece out.

    audio: [2, n], from sample `begin` on of `samples`. peak: of the whole piece.
    """
    audio *= _PEAK / max(peak, 1e-9)
    length = round(0.5 * TAIL_SECONDS * sample_rate)
    fade = np.linspace(1, 0, length, dtype=np.float32)
    faded = max(0, samples - length - begin)  # where the fade begins in the passage
    rest = audio[:, faded:]
    first = begin + faded - (samples - length)
    rest *= fade[first : first + rest.shape[1]]
