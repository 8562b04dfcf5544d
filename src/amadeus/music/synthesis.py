"""Synthesis: the waveform of a pitch of a sampled instrument, and how it fades."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from amadeus.music.soundfont import Envelope, Oscillator, Region

_LONGEST_RELEASE = 2.0
_SHORTEST_FADE = 0.005  # seconds; an abrupt end would click
_AUDIBLE_DB = 66.0
_RANGE_DB = 100.0
_FILTER_STEPS = 5
_MOST_CENTS = 12_000
_LARGEST_STEP = 2.0**12
_ENVELOPE_STEP = 2**15


@dataclass(frozen=True, slots=True)
class Tone:
    """A pitch of an instrument, from which notes of any length up to its own can be cut."""

    sound: np.ndarray
    """float32 [n], without an envelope; it may end before the release does."""
    envelope: np.ndarray
    """Amplitude while the note is held. float32 [n]."""
    held: np.ndarray
    """Their product. float32 [n]."""
    release: np.ndarray
    """Amplitude after the end of a note, from 1 down. float32 [r]."""

    def note(self, length: int) -> np.ndarray:
        """A note that is held for `length` samples, and its release. float32 [at most n]."""
        note = self.held[: length + len(self.release)].copy()
        if len(note) > length:
            tail = note[length:]
            level = self.envelope[length] * self.release[: len(tail)]
            tail[:] = self.sound[length : length + len(tail)] * level
        return note


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How controllers move the pitch of a note while it sounds, in steps."""

    at: np.ndarray
    """Where each step begins, in samples from the onset; the first is 0. int64 [M]."""
    cents: np.ndarray
    """The shift from the pitch wheel and the tuning, float64 [M]."""
    wheel: np.ndarray
    """The modulation wheel, 0 to 1, float64 [M]."""


def make_tone(
    region: Region, pitch: int, sample_rate: int, length: int, motion: Motion | None = None
) -> Tone:
    """The tone of a region at a MIDI pitch, for notes of up to `length` samples."""
    if region.fixed_key >= 0:
        pitch = region.fixed_key
    release = _release(region.volume, sample_rate)
    time = np.arange(length + len(release)) / sample_rate
    cents = _cents(region, pitch, time, sample_rate, motion)
    sound = _resample(region, pitch, sample_rate, cents, len(time))
    sound = _filter(sound, region, pitch, sample_rate)
    time = time[: len(sound)]
    if region.tremolo_db:
        sound *= 10 ** (region.tremolo_db / 20 * _triangle(region.tremolo, time))
    envelope = _amplitude(region.volume.at(pitch), _padded(len(sound)), sample_rate)[: len(sound)]
    return Tone(sound, envelope, sound * envelope, release)


def release_samples(region: Region, sample_rate: int) -> int:
    """How long a note of a region goes on after its end."""
    return round(_release_seconds(region.volume)[1] * sample_rate)


def _cents(
    region: Region, pitch: int, time: np.ndarray, sample_rate: int, motion: Motion | None
) -> np.ndarray | float:
    """How far the pitch moves from that of the key. float64 [n], or a number if it is constant.

    time: in seconds from the onset, [n].
    """
    cents: np.ndarray | float = 0.0
    wheel: np.ndarray | float = 0.0
    if motion is not None and len(motion.at) == 1:
        cents, wheel = float(motion.cents[0]), float(motion.wheel[0])
    elif motion is not None:
        lengths = np.diff(np.minimum(motion.at, len(time)), append=len(time))
        cents, wheel = np.repeat(motion.cents, lengths), np.repeat(motion.wheel, lengths)
    for oscillator, width, wheel_width in (
        (region.vibrato, region.vibrato_cents, region.wheel_vibrato_cents),
        (region.tremolo, region.tremolo_cents, region.wheel_tremolo_cents),
    ):
        depth = width + wheel_width * wheel
        if np.any(depth):
            cents = cents + depth * _triangle(oscillator, time)
    if region.bend:
        envelope = region.modulation.at(pitch)
        level = _modulation(envelope, _padded(len(time)), sample_rate)
        cents = cents + region.bend * level[: len(time)]
    return cents


def _triangle(oscillator: Oscillator, time: np.ndarray) -> np.ndarray:
    """A triangle wave from -1 to 1 that begins at 0 and rises. float64, the shape of `time`."""
    phase = np.maximum(0, time - oscillator.delay) * oscillator.hertz + 0.25
    return 1 - 4 * np.abs(phase % 1 - 0.5)


def _resample(
    region: Region, pitch: int, sample_rate: int, cents: np.ndarray | float, length: int
) -> np.ndarray:
    """The recording at a pitch, looped up to `length` samples or until it ends. float32 [n]."""
    step = region.rate / sample_rate * 2 ** ((pitch - region.root) * region.scale / 12)
    steps = step * np.exp2(np.clip(cents, -_MOST_CENTS, _MOST_CENTS) / 1200)
    steps = np.minimum(steps, _LARGEST_STEP)
    if np.ndim(steps):
        position = np.concatenate([[0.0], np.cumsum(steps[: length - 1])])
    else:
        position = np.arange(length) * steps
    if region.loop:
        begin, end = region.loop
        first = int(np.searchsorted(position, end))
        position[first:] = begin + (position[first:] - begin) % (end - begin)
        index = position.astype(np.int64)
        following = np.where(index + 1 < end, index + 1, begin)
    else:
        position = position[position < len(region.samples) - 1]
        index = position.astype(np.int64)
        following = index + 1
    low = region.samples[index].astype(np.float32)
    high = region.samples[following].astype(np.float32)
    return (low + (high - low) * (position - index).astype(np.float32)) / np.float32(32768)


def _filter(sound: np.ndarray, region: Region, pitch: int, sample_rate: int) -> np.ndarray:
    """The sound through a low-pass filter of 12 dB an octave that follows its envelope."""
    steps = _FILTER_STEPS if region.sweep else 1
    cents = region.cutoff + region.sweep * np.linspace(0, 1, steps)
    cutoffs = 8.176 * 2 ** (cents / 1200)  # hertz
    if cutoffs.min() > 0.4 * sample_rate:
        return sound
    size = 1 << (len(sound) + 255).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float32)
    spectrum = np.fft.rfft(sound, size)
    # A moving filter, as a crossfade between still ones.
    level = _modulation(region.modulation.at(pitch), _padded(len(sound)), sample_rate)
    position = level[: len(sound)] * np.float32(steps - 1)
    filtered = np.zeros_like(sound)
    for step, cutoff in enumerate(cutoffs):
        still = np.fft.irfft(spectrum / np.sqrt(1 + (frequency / np.float32(cutoff)) ** 4), size)
        filtered += np.clip(1 - np.abs(position - step), 0, 1) * still[: len(sound)]
    return filtered


def _padded(length: int) -> int:
    """A length at least as long; there are few of them, so that envelopes can be cached."""
    return -(-length // _ENVELOPE_STEP) * _ENVELOPE_STEP


@lru_cache(maxsize=16)
def _modulation(envelope: Envelope, length: int, sample_rate: int) -> np.ndarray:
    """Level of a modulation envelope, whose attack is convex (8.1.2). float32 [n]."""
    time = np.arange(length) / sample_rate
    level = _level(envelope, time)
    rises = time < envelope.delay + envelope.attack
    level[rises] = np.maximum(0, 1 + 400 / 960 * np.log10(np.maximum(1e-6, level[rises])))
    return level.astype(np.float32)


def _level(envelope: Envelope, time: np.ndarray) -> np.ndarray:
    """Level of an envelope while a note is held, 0 to 1. float64, the shape of `time`."""
    time = time - envelope.delay
    rise = np.clip(time / max(envelope.attack, 1e-3), 0, 1)
    fallen = (time - envelope.attack - envelope.hold) / max(envelope.decay, 1e-3)
    return rise - np.clip(fallen, 0, envelope.drop)


@lru_cache(maxsize=16)
def _amplitude(envelope: Envelope, length: int, sample_rate: int) -> np.ndarray:
    """Amplitude of a held note: a linear attack, then a decay linear in decibels. float32 [n]."""
    level = _level(envelope, np.arange(length) / sample_rate)
    attack = round((envelope.delay + max(envelope.attack, 1e-3)) * sample_rate)
    level[attack:] = 10 ** (_RANGE_DB / 20 * (level[attack:] - 1))
    return level.astype(np.float32)


@lru_cache(maxsize=16)
def _release(envelope: Envelope, sample_rate: int) -> np.ndarray:
    """Amplitude after a note ends, from 1 down until it can no longer be heard. float32 [n]."""
    seconds, shown = _release_seconds(envelope)
    time = np.arange(round(shown * sample_rate)) / sample_rate
    return (10 ** (-_AUDIBLE_DB / 20 * time / seconds)).astype(np.float32)


def _release_seconds(envelope: Envelope) -> tuple[float, float]:
    """How long a release takes to become inaudible, and how much of that is played."""
    seconds = max(_SHORTEST_FADE, envelope.release * _AUDIBLE_DB / _RANGE_DB)
    return seconds, min(seconds, _LONGEST_RELEASE)
