"""SoundFonts: which recording sounds for a program, a pitch and a velocity, and how.

Follows the SoundFont Technical Specification 2.04. Of a file's own modulators, those of the pan
controller and of the modulation wheel are read, and the others are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.soundfont_file import INSTRUMENT_ID, SAMPLE_ID, read_tables

DRUM_BANK = 128

# Generators, by their number in the specification (8.1.3), and their defaults where not 0.
_VIBRATO_PITCH, _LFO_PITCH, _ENVELOPE_PITCH, _LFO_VOLUME = 6, 5, 7, 13
_CUTOFF, _SWEEP, _PAN, _LFO, _VIBRATO, _ENVELOPE, _VOLUME = 8, 11, 17, 21, 23, 25, 33
_KEYS, _VELOCITIES, _FIXED_KEY, _FIXED_VELOCITY = 43, 44, 46, 47
_ATTENUATION, _COARSE, _FINE, _MODE, _SCALE, _EXCLUSIVE, _ROOT = 48, 51, 52, 54, 56, 57, 58
_OFFSETS = {"start": (0, 4), "end": (1, 12), "loop_start": (2, 45), "loop_end": (3, 50)}
_TIMES = (_LFO, _VIBRATO, *range(25, 29), 30, *range(33, 37), 38)
_DEFAULTS: dict[int, int] = {_CUTOFF: 13500, _SCALE: 100, _ROOT: -1}
_DEFAULTS |= dict.fromkeys(_TIMES, -12000)
_DEFAULTS |= dict.fromkeys((_FIXED_KEY, _FIXED_VELOCITY), -1)
_WHEEL_VIBRATO = 0x81 << 8 | _VIBRATO_PITCH
"""Modulators: their source in the high bits, and the generator that they move in the low ones."""
_WHEEL_LFO = 0x81 << 8 | _LFO_PITCH
_PAN_REACH = 0x28A << 8 | _PAN
_DEFAULTS |= {_WHEEL_VIBRATO: 50, _PAN_REACH: 500}
_ALL_KEYS = 127 << 8
_LONGEST = 8000
"""Of any time, in timecents: 101 seconds."""
_CUT_OFF_SECONDS = 2 ** (-200 / 1200)
"""The longest release of a note that is cut off, as in FluidSynth."""
_ROM = 0x8000


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a quantity moves while a note lasts: up to its peak, then down to its sustain level."""

    delay: float
    """Times are in seconds; decay and release are those of a fall over the full range."""
    attack: float
    hold: float
    decay: float
    drop: float
    """From the peak down to the sustain level, as a share of the full range."""
    release: float
    hold_per_key: float = 0.0
    """Timecents by which each key below middle C lengthens the hold."""
    decay_per_key: float = 0.0

    def at(self, pitch: int) -> Envelope:
        """The envelope of a MIDI pitch."""
        if not self.hold_per_key and not self.decay_per_key:
            return self
        below = 60 - pitch
        return replace(
            self,
            hold=self.hold * 2 ** (below * self.hold_per_key / 1200),
            decay=self.decay * 2 ** (below * self.decay_per_key / 1200),
        )


@dataclass(frozen=True, slots=True)
class Oscillator:
    """A slow triangle wave that begins some time into each note."""

    delay: float
    """Seconds."""
    hertz: float


@dataclass(frozen=True, slots=True)
class Region:
    """A recording, and the pitches and velocities that it sounds for."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    fixed_key: int
    """The pitch it sounds at for every key; -1 to sound at the pitch of the key."""
    fixed_velocity: int
    samples: np.ndarray
    """int16 [n]."""
    loop: tuple[int, int] | None
    rate: int
    """Samples a second."""
    root: float
    """MIDI pitch of the recording, fine-tuned."""
    scale: float
    """Semitones from one key to the next."""
    gain: float
    pan: float
    """-0.5 left to 0.5 right."""
    pan_reach: float
    """The shift of the pan when the pan controller is at its maximum."""
    volume: Envelope
    """Its full range is 100 dB."""
    cutoff: float
    """Of the low-pass filter, in cents above 8.176 Hz."""
    sweep: float
    """How far the modulation envelope raises the cutoff, in cents."""
    bend: float
    """How far it raises the pitch, in cents."""
    modulation: Envelope
    vibrato: Oscillator
    vibrato_cents: float
    """How far the vibrato moves the pitch, in cents."""
    wheel_vibrato_cents: float
    """How much farther it moves the pitch when the modulation wheel is at its maximum."""
    tremolo: Oscillator
    tremolo_cents: float
    """How far the tremolo moves the pitch, in cents, and the level, in dB."""
    wheel_tremolo_cents: float
    tremolo_db: float
    exclusive: int
    """A note of this class cuts off the one before; 0 for none."""

    def cut_off(self) -> Region:
        """The region of notes that are cut off: they die away fast."""
        release = min(self.volume.release, _CUT_OFF_SECONDS)
        return replace(self, volume=replace(self.volume, release=release))


class SoundFont:
    """The presets of a SoundFont file."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        """Raises ScoreError if there is no such file, or it is damaged or beyond the limits."""
        self._path, self._limits = path, limits
        self._tables = read_tables(path, limits)
        presets = self._tables.presets[:-1]
        self._numbers: dict[tuple[int, int], int] = {}
        for i, preset in enumerate(presets[["bank", "program"]].tolist()):
            self._numbers.setdefault(preset, i)
        self._regions: dict[int, tuple[Region, ...]] = {}

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """The regions of a preset, or else of a similar one.

        That is the program of bank 0, or of the first drum kit, and last program 0 of that bank.
        Raises ScoreError if there is none, or if it is damaged or beyond the limits.
        """
        home = DRUM_BANK if bank == DRUM_BANK else 0
        for wanted in ((bank, program), (home, program), (home, 0)):
            if (preset := self._numbers.get(wanted)) is not None:
                if preset not in self._regions:
                    self._regions[preset] = tuple(self._preset_regions(preset))
                return self._regions[preset]
        kind = "drums" if home else f"program {program}"
        raise ScoreError(
            f"{self._path}: has no sound for {kind}; choose a SoundFont with General MIDI sounds"
        )

    def _preset_regions(self, preset: int) -> list[Region]:
        bags = self._tables.instruments["bag"]
        outers = self._zones("p", self._tables.presets["bag"], preset, INSTRUMENT_ID)
        inners = [self._zones("i", bags, o[INSTRUMENT_ID] & 0xFFFF, SAMPLE_ID) for o in outers]
        self._limits.check("soundfont_zones", sum(map(len, inners)))
        regions = []
        for outer, zones in zip(outers, inners, strict=True):
            for inner in zones:
                keys = _overlap(outer, inner, _KEYS)
                velocities = _overlap(outer, inner, _VELOCITIES)
                if keys and velocities:
                    region = self._region(outer, inner, keys, velocities)
                    regions += [region] if region else []
        return regions

    def _zones(
        self, level: str, bag_starts: np.ndarray, index: int, terminal: int
    ) -> list[dict[int, int]]:
        """Generators and modulators of each zone, those of the global zone filled in."""
        tables = self._tables
        bags, generators = tables.bags[level], tables.generators[level]
        modulators = tables.modulators[level]
        first, end = int(bag_starts[index]), min(int(bag_starts[index + 1]), len(bags) - 1)
        self._limits.check("soundfont_zones", end - first)
        zones: list[dict[int, int]] = []
        shared: dict[int, int] = {}
        for bag in range(first, end):
            span = generators[bags["generator"][bag] : bags["generator"][bag + 1]]
            zone = dict(zip(span["kind"].tolist(), span["amount"].tolist(), strict=True))
            moved = modulators[bags["modulator"][bag] : bags["modulator"][bag + 1]]
            moved = moved[moved["scale"] == 0]
            kinds = moved["source"].astype(int) << 8 | moved["kind"]
            zone |= dict(zip(kinds.tolist(), moved["amount"].tolist(), strict=True))
            if terminal in zone:
                zones.append(shared | zone)
            elif bag == first:
                shared = zone
        return zones

    def _region(
        self,
        outer: dict[int, int],
        inner: dict[int, int],
        keys: tuple[int, int],
        velocities: tuple[int, int],
    ) -> Region | None:
        """A region; None if its recording is empty, or in the memory of a sound card."""
        header = self._tables.headers[inner[SAMPLE_ID] & 0xFFFF]
        at = {
            name: int(header[name]) + inner.get(fine, 0) + 32768 * inner.get(coarse, 0)
            for name, (fine, coarse) in _OFFSETS.items()
        }
        if header["kind"] & _ROM or at["end"] - at["start"] < 2:
            return None
        if at["start"] < 0 or at["end"] > len(self._tables.samples):
            raise self._damage(header, "lies outside the file")
        if not 100 <= header["rate"] <= 400_000:
            raise self._damage(header, f"has {header['rate']} samples a second")

        def amount(kind: int) -> int:
            # A preset adds to what its instrument says.
            return inner.get(kind, _DEFAULTS.get(kind, 0)) + outer.get(kind, 0)

        def seconds(kind: int) -> float:
            return 2.0 ** (min(_LONGEST, amount(kind)) / 1200) if amount(kind) > -11950 else 0.0

        def envelope(first: int) -> Envelope:
            delay, attack, hold, decay = (seconds(first + i) for i in range(4))
            return Envelope(
                delay, attack, hold, decay,
                drop=min(1000, max(0, amount(first + 4))) / 1000,
                release=seconds(first + 5),
                hold_per_key=_clip(amount(first + 6), 1200),
                decay_per_key=_clip(amount(first + 7), 1200),
            )  # fmt: skip

        def oscillator(first: int) -> Oscillator:
            return Oscillator(seconds(first), 8.176 * 2 ** (_clip(amount(first + 1), 4500) / 1200))

        root = inner.get(_ROOT, -1)
        tuning = amount(_COARSE) + (amount(_FINE) + int(header["cents"])) / 100
        start, end = at["start"], at["end"]
        loop = (max(start, at["loop_start"]) - start, min(end, at["loop_end"]) - start)
        return Region(
            keys=keys,
            velocities=velocities,
            fixed_key=inner.get(_FIXED_KEY, -1),
            fixed_velocity=inner.get(_FIXED_VELOCITY, -1),
            samples=self._tables.samples[start:end],
            loop=loop if inner.get(_MODE, 0) in (1, 3) and loop[1] > loop[0] + 1 else None,
            rate=int(header["rate"]),
            root=(root if root >= 0 else int(header["root"])) - _clip(tuning, 120),
            scale=_clip(amount(_SCALE), 1200) / 100,
            # Players agree on 0.4 of the attenuation that the specification states.
            gain=10 ** (-0.4 * max(0, amount(_ATTENUATION)) / 200),
            pan=_clip(amount(_PAN), 500) / 1000,
            pan_reach=_clip(amount(_PAN_REACH), 1000) / 1000,
            volume=envelope(_VOLUME),
            cutoff=min(13500, max(1500, amount(_CUTOFF))),
            sweep=_clip(amount(_SWEEP), 12000),
            bend=_clip(amount(_ENVELOPE_PITCH), 12000),
            modulation=envelope(_ENVELOPE),
            vibrato=oscillator(_VIBRATO),
            vibrato_cents=_clip(amount(_VIBRATO_PITCH), 12000),
            wheel_vibrato_cents=_clip(amount(_WHEEL_VIBRATO), 12000),
            tremolo=oscillator(_LFO),
            tremolo_cents=_clip(amount(_LFO_PITCH), 12000),
            wheel_tremolo_cents=_clip(amount(_WHEEL_LFO), 12000),
            tremolo_db=_clip(amount(_LFO_VOLUME), 960) / 10,
            exclusive=inner.get(_EXCLUSIVE, 0),
        )

    def _damage(self, header: np.void, what: str) -> ScoreError:
        name = header["name"].split(b"\0")[0].decode("latin-1")
        return ScoreError(f"{self._path}: the recording {name!r} {what}; choose another SoundFont")


def _clip(value: float, most: float) -> float:
    return min(most, max(-most, value))


def _overlap(outer: dict[int, int], inner: dict[int, int], kind: int) -> tuple[int, int] | None:
    """The range (low byte to high byte) that two zones have in common."""
    ranges = [zone.get(kind, _ALL_KEYS) for zone in (outer, inner)]
    low, high = max(r & 0xFF for r in ranges), min(r >> 8 & 0xFF for r in ranges)
    return (low, high) if low <= high else None
