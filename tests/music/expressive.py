"""MIDI files that move bends, pedals, volume, expression, pan and programs, made from a seed."""

from __future__ import annotations

import numpy as np

from smf import control, off, on, program, smf, track

LEADS = (16, 22, 56, 60, 65, 68, 71, 73, 75, 80)
"""Programs that hold a note: organ, harmonica, winds and a square wave."""
CHORDS = (0, 4, 6, 11, 24, 25, 46)
"""Programs that fade, which the pedal holds: keyboards, vibraphone, guitars, harp."""
BEAT = 480


def pitch_bend(value: int, channel: int = 0) -> bytes:
    """value: -8192 to 8191."""
    return bytes([0xE0 | channel, (value + 8192) & 0x7F, (value + 8192) >> 7])


def bend_range(semitones: int, channel: int = 0) -> list[tuple[int, bytes]]:
    numbers = ((101, 0), (100, 0), (6, semitones), (38, 0), (101, 127), (100, 127))
    return [(0, control(number, value, channel)) for number, value in numbers]


def expressive_file(seed: int) -> bytes:
    """About ten seconds: a lead that bends and swells over chords with the pedal, and drums."""
    rng = np.random.default_rng(seed)
    return smf(_lead(rng, seed), _chords(rng, seed), *([_drums(rng)] if seed % 2 else []))


def _lead(rng: np.random.Generator, seed: int) -> bytes:
    """One note after the other; each bends to a target, or trembles, while it swells or fades."""
    events = [*bend_range((2, 7, 12, 24)[seed % 4]), (0, program(LEADS[seed % len(LEADS)]))]
    events += [(0, control(10, int(rng.integers(20, 108)))), (0, control(7, 110))]
    for number in range(8):
        pitch = int(rng.integers(58, 72))
        reach = int(rng.integers(-6000, 6000))
        swell = np.linspace(*rng.integers(50, 128, 2), 24)
        events += [(0, pitch_bend(0)), (0, control(1, 100 if number == 5 else 0)), (0, on(pitch))]
        for step in range(24):
            share = step / 23 if number % 2 else np.sin(step / 24 * 2 * np.pi)
            events += [(BEAT // 12, pitch_bend(int(reach * share)))]
            events += [(0, control(11, int(swell[step])))]
        events += [(0, off(pitch))]
        if number == 3:  # another program in the same track
            events += [(0, program(LEADS[(seed + 3) % len(LEADS)]))]
    return track(*events, end=BEAT)


def _chords(rng: np.random.Generator, seed: int) -> bytes:
    """Broken chords whose notes are short, but which the pedal holds for two beats of each four."""
    events = [(0, program(CHORDS[seed % len(CHORDS)], 1)), (0, control(7, 90, 1))]
    for number in range(4):
        root = int(rng.integers(45, 57))
        events += [(0, control(64, 127, 1)), (0, control(10, (20, 64, 100)[number % 3], 1))]
        for pitch in (root, root + 7, root + 12, root + 16):
            events += [(0, on(pitch, int(rng.integers(50, 110)), 1)), (BEAT // 4, off(pitch, 1))]
            events += [(BEAT // 4, control(7, int(rng.integers(60, 120)), 1))]
        events += [(0, control(64, 0, 1))]
        events += [(2 * BEAT, control(11, 127, 1))]
    return track(*events, end=BEAT)


def _drums(rng: np.random.Generator) -> bytes:
    """A beat in eighth notes that gets louder and softer, with hi-hats that cut each other off."""
    events = [(0, control(7, 80, 9))]
    for number in range(32):
        drum = (36, 42, 38, 46)[number % 4]
        events += [(0, control(11, int(rng.integers(60, 128)), 9))]
        events += [(0, on(drum, int(rng.integers(50, 110)), 9)), (BEAT // 2, off(drum, 9))]
    return track(*events, end=BEAT)
