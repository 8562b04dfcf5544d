"""Sound: a score played on the General MIDI SoundFont that comes with pretty_midi.

A small sampler in numpy, so that nothing needs to be installed on the system. Each pitch of an
instrument is resampled once; a note is then that wave under the envelope of its own length.
"""

from __future__ import annotations

import io
import os
import wave
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.midi import write_bytes
from amadeus.music.score import Score, Track
from amadeus.music.soundfont import DRUM_BANK, Envelope, Region, SoundFont

MAX_SECONDS = 3600
"""Longest piece that is rendered."""
TAIL_SECONDS = 1.5
"""Silence into which the last notes die away."""

_PEAK = 0.9
_LONGEST_NOTE = 30.0
_LONGEST_RELEASE = 2.0
_SHORTEST_FADE = 0.005  # seconds; an abrupt end would click
_AUDIBLE_DB = 66.0
_RANGE_DB = 100.0
_FILTER_STEPS = 5


def render_audio(score: Score, sample_rate: int = 44100) -> np.ndarray:
    """Play a score; float32 [samples, 2], left and right, with a peak of 0.9.

    Raises ScoreError if there is nothing to play, or more than an hour of it.
    """
    if not 8000 <= sample_rate <= 192_000:
        raise ScoreError(f"sample rate {sample_rate} is out of reach; choose 8000 to 192000")
    if score.num_notes == 0:
        raise ScoreError("there is nothing to play: the score has no notes")
    if score.seconds > MAX_SECONDS:
        raise ScoreError(
            f"the piece lasts {score.seconds / 60:.0f} minutes; "
            f"cut it to at most {MAX_SECONDS // 60} before rendering"
        )
    audio = np.zeros((2, round((score.seconds + TAIL_SECONDS) * sample_rate)), dtype=np.float32)
    for track in score.tracks:
        _play_track(audio, track, score, sample_rate)
    audio *= _PEAK / max(float(np.abs(audio).max()), 1e-9)
    _fade_out(audio, round(0.5 * TAIL_SECONDS * sample_rate))
    return audio.T


def write_wav(path: str | os.PathLike[str], audio: np.ndarray, sample_rate: int) -> Path:
    """Write sound as a 16-bit WAV file, whole or not at all; returns its path.

    audio: [samples, 2] or [samples], between -1 and 1; what exceeds them is clipped.
    Raises ScoreError if the path cannot be written.
    """
    pcm = np.round(np.clip(audio, -1.0, 1.0) * 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm.tobytes())
    return write_bytes(path, buffer.getvalue())


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


def _play_track(audio: np.ndarray, track: Track, score: Score, sample_rate: int) -> None:
    """Add the notes of a track to `audio`, [2, samples]."""
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
            length = np.minimum(length, np.diff(start, append=audio.shape[1]))
        length = np.maximum(length, 1).astype(np.int64)
        gain = (notes["velocity"][heard] / 127.0) ** 2 * region.gain
        for pitch in np.unique(notes["pitch"][heard]):
            at = notes["pitch"][heard] == pitch
            _play_pitch(audio, region, int(pitch), sample_rate, start[at], length[at], gain[at])


def _within(values: np.ndarray, bounds: tuple[int, int]) -> np.ndarray:
    return (values >= bounds[0]) & (values <= bounds[1])


def _play_pitch(
    audio: np.ndarray,
    region: Region,
    pitch: int,
    sample_rate: int,
    start: np.ndarray,
    length: np.ndarray,
    gain: np.ndarray,
) -> None:
    """Add all notes of one pitch; start and length in samples, and gain, are [N]."""
    release = _release(region.volume, sample_rate)
    sound = _resample(region, pitch, sample_rate, int(length.max()) + len(release))
    envelope = _amplitude(region.volume, len(sound), sample_rate)
    angle = (region.pan + 0.5) * np.pi / 2
    left, right = np.cos(angle), np.sin(angle)
    held = sound * envelope
    for at, n, loudness in zip(start.tolist(), length.tolist(), gain.tolist(), strict=True):
        note = held[: n + len(release)].copy()
        if len(note) > n:
            tail = note[n:]
            tail[:] = sound[n : n + len(tail)] * (envelope[n] * release[: len(tail)])
        note = note[: audio.shape[1] - at]
        audio[0, at : at + len(note)] += note * np.float32(loudness * left)
        audio[1, at : at + len(note)] += note * np.float32(loudness * right)


def _resample(region: Region, pitch: int, sample_rate: int, length: int) -> np.ndarray:
    """The recording at a pitch, looped up to `length` samples or until it ends. float32 [n]."""
    step = region.rate / sample_rate * 2 ** ((pitch - region.root) * region.scale / 12)
    position = np.arange(length) * step
    if region.loop:
        begin, end = region.loop
        position = np.where(position < end, position, begin + (position - begin) % (end - begin))
    else:
        position = position[position < len(region.samples) - 1]
    index = position.astype(np.int64)
    samples = region.samples.astype(np.float32) / 32768
    low, high = samples[index], samples[index + 1]
    sound = low + (high - low) * (position - index).astype(np.float32)
    return _filter(sound, region, sample_rate)


def _filter(sound: np.ndarray, region: Region, sample_rate: int) -> np.ndarray:
    """The sound through a low-pass filter of 12 dB an octave that follows its envelope."""
    steps = _FILTER_STEPS if region.sweep else 1
    cents = region.cutoff + region.sweep * np.linspace(0, 1, steps)
    cutoffs = 8.176 * 2 ** (cents / 1200)  # hertz
    if cutoffs.min() > 0.4 * sample_rate:
        return sound
    size = 1 << (len(sound) + 255).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / sample_rate)
    spectrum = np.fft.rfft(sound, size)
    # A moving filter, as a crossfade between still ones.
    position = _envelope(region.filter, len(sound), sample_rate) * (steps - 1)
    filtered = np.zeros_like(sound)
    for step, cutoff in enumerate(cutoffs):
        still = np.fft.irfft(spectrum / np.sqrt(1 + (frequency / cutoff) ** 4), size)
        filtered += np.clip(1 - np.abs(position - step), 0, 1) * still[: len(sound)]
    return filtered


def _envelope(envelope: Envelope, length: int, sample_rate: int) -> np.ndarray:
    """Level of an envelope while a note is held, 0 to 1. float64 [n]."""
    time = np.arange(length) / sample_rate - envelope.delay
    rise = np.clip(time / max(envelope.attack, 1e-3), 0, 1)
    fallen = (time - envelope.attack - envelope.hold) / max(envelope.decay, 1e-3)
    return rise - np.clip(fallen, 0, envelope.drop)


def _amplitude(envelope: Envelope, length: int, sample_rate: int) -> np.ndarray:
    """Amplitude of a held note: a linear attack, then a decay linear in decibels. float32 [n]."""
    level = _envelope(envelope, length, sample_rate)
    attack = round((envelope.delay + max(envelope.attack, 1e-3)) * sample_rate)
    level[attack:] = 10 ** (_RANGE_DB / 20 * (level[attack:] - 1))
    return level.astype(np.float32)


def _release(envelope: Envelope, sample_rate: int) -> np.ndarray:
    """Amplitude after a note ends, from 1 down until it can no longer be heard. float32 [n]."""
    seconds = max(_SHORTEST_FADE, envelope.release * _AUDIBLE_DB / _RANGE_DB)
    time = np.arange(round(min(seconds, _LONGEST_RELEASE) * sample_rate)) / sample_rate
    return (10 ** (-_AUDIBLE_DB / 20 * time / seconds)).astype(np.float32)


def _fade_out(audio: np.ndarray, length: int) -> None:
    audio[:, -length:] *= np.linspace(1, 0, length, dtype=np.float32)
