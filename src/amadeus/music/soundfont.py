"""SoundFont 2 files: which recording sounds for a program, a pitch and a velocity, and how.

Follows the SoundFont Technical Specification 2.04. Modulators and LFOs are left out, and of the
modulation envelope only what it does to the filter is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError

DRUM_BANK = 128

_PRESET = np.dtype(
    [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
)
_INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
_BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
_GENERATOR = np.dtype([("kind", "<u2"), ("amount", "<i2")])
_SAMPLE = np.dtype(
    [
        *(("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4")),
        *(("loop_end", "<u4"), ("rate", "<u4"), ("root", "u1"), ("cents", "i1")),
        *(("link", "<u2"), ("kind", "<u2")),
    ]
)

# Generators, by their number in the specification (8.1.3), and their defaults where not 0.
_CUTOFF, _SWEEP, _PAN, _FILTER_ENVELOPE, _VOLUME_ENVELOPE = 8, 11, 17, 25, 33
_INSTRUMENT_ID, _KEYS, _VELOCITIES, _ATTENUATION, _COARSE, _FINE = 41, 43, 44, 48, 51, 52
_SAMPLE_ID, _MODE, _SCALE, _EXCLUSIVE, _ROOT = 53, 54, 56, 57, 58
_OFFSETS = {"start": (0, 4), "end": (1, 12), "loop_start": (2, 45), "loop_end": (3, 50)}
_TIMES = (*range(25, 29), 30, *range(33, 37), 38)
_DEFAULTS: dict[int, int] = {_CUTOFF: 13500, _SCALE: 100, _ROOT: -1}
_DEFAULTS |= dict.fromkeys(_TIMES, -12000)
_ALL_KEYS = 127 << 8


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


@dataclass(frozen=True, slots=True)
class Region:
    """A recording, and the pitches and velocities that it sounds for."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    samples: np.ndarray
    """int16 [n], with a few samples of silence after its end."""
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
    volume: Envelope
    """Its full range is 100 dB."""
    cutoff: float
    """Of the low-pass filter, in cents above 8.176 Hz."""
    sweep: float
    """How far the filter envelope raises the cutoff, in cents."""
    filter: Envelope
    exclusive: int
    """A note of this class cuts off the one before; 0 for none."""


class SoundFont:
    """The presets of a SoundFont file."""

    def __init__(self, path: Path) -> None:
        try:
            chunks = _chunks(path.read_bytes())
            self._samples = np.frombuffer(chunks[b"smpl"], "<i2")
            self._headers = np.frombuffer(chunks[b"shdr"], _SAMPLE)
            self._presets = np.frombuffer(chunks[b"phdr"], _PRESET)
            self._instruments = np.frombuffer(chunks[b"inst"], _INSTRUMENT)
            self._bags = {k: np.frombuffer(chunks[k + b"bag"], _BAG) for k in (b"p", b"i")}
            self._generators = {
                k: np.frombuffer(chunks[k + b"gen"], _GENERATOR) for k in (b"p", b"i")
            }
        except (OSError, KeyError, ValueError) as error:
            raise ScoreError(f"{path}: is no SoundFont 2 file ({error}); reinstall it") from None

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """The regions of a preset; those of program 0 where the font has none of that number."""
        presets = self._presets[:-1]
        for wanted in (program, 0):
            found = np.flatnonzero((presets["bank"] == bank) & (presets["program"] == wanted))
            if len(found):
                return tuple(self._preset_regions(int(found[0])))
        raise ScoreError(f"the SoundFont has no bank {bank}; use one with General MIDI sounds")

    def _preset_regions(self, preset: int) -> list[Region]:
        regions = []
        for outer in self._zones(b"p", self._presets["bag"], preset, _INSTRUMENT_ID):
            bags = self._instruments["bag"]
            for inner in self._zones(b"i", bags, outer[_INSTRUMENT_ID], _SAMPLE_ID):
                keys = _overlap(outer, inner, _KEYS)
                velocities = _overlap(outer, inner, _VELOCITIES)
                if keys and velocities:
                    regions.append(self._region(outer, inner, keys, velocities))
        return regions

    def _zones(
        self, level: bytes, bag_starts: np.ndarray, index: int, terminal: int
    ) -> list[dict[int, int]]:
        """The generators of each zone, those of the global zone filled in."""
        bags, generators = self._bags[level], self._generators[level]
        zones: list[dict[int, int]] = []
        shared: dict[int, int] = {}
        for bag in range(bag_starts[index], bag_starts[index + 1]):
            span = generators[bags["generator"][bag] : bags["generator"][bag + 1]]
            zone = dict(zip(span["kind"].tolist(), span["amount"].tolist(), strict=True))
            if terminal in zone:
                zones.append(shared | zone)
            elif bag == bag_starts[index]:
                shared = zone
        return zones

    def _region(
        self,
        outer: dict[int, int],
        inner: dict[int, int],
        keys: tuple[int, int],
        velocities: tuple[int, int],
    ) -> Region:
        header = self._headers[inner[_SAMPLE_ID]]
        at = {
            name: int(header[name]) + inner.get(fine, 0) + 32768 * inner.get(coarse, 0)
            for name, (fine, coarse) in _OFFSETS.items()
        }

        def amount(kind: int) -> int:
            # A preset adds to what its instrument says.
            return inner.get(kind, _DEFAULTS.get(kind, 0)) + outer.get(kind, 0)

        def seconds(kind: int) -> float:
            return float(2.0 ** (amount(kind) / 1200)) if amount(kind) > -11950 else 0.0

        def envelope(first: int) -> Envelope:
            delay, attack, hold, decay = (seconds(first + i) for i in range(4))
            drop = min(1000, max(0, amount(first + 4))) / 1000
            return Envelope(delay, attack, hold, decay, drop, release=seconds(first + 5))

        root = inner.get(_ROOT, -1)
        tuning = amount(_COARSE) + (amount(_FINE) + int(header["cents"])) / 100
        looped = inner.get(_MODE, 0) in (1, 3) and at["loop_end"] > at["loop_start"] + 1
        return Region(
            keys=keys,
            velocities=velocities,
            samples=self._samples[at["start"] : at["end"] + 8],
            loop=(at["loop_start"] - at["start"], at["loop_end"] - at["start"]) if looped else None,
            rate=int(header["rate"]),
            root=(root if root >= 0 else int(header["root"])) - tuning,
            scale=amount(_SCALE) / 100,
            # Players agree on 0.4 of the attenuation that the specification states.
            gain=10 ** (-0.4 * max(0, amount(_ATTENUATION)) / 200),
            pan=min(0.5, max(-0.5, amount(_PAN) / 1000)),
            volume=envelope(_VOLUME_ENVELOPE),
            cutoff=amount(_CUTOFF),
            sweep=amount(_SWEEP),
            filter=envelope(_FILTER_ENVELOPE),
            exclusive=inner.get(_EXCLUSIVE, 0),
        )


def _overlap(outer: dict[int, int], inner: dict[int, int], kind: int) -> tuple[int, int] | None:
    """The range (low byte to high byte) that two zones have in common."""
    ranges = [zone.get(kind, _ALL_KEYS) for zone in (outer, inner)]
    low, high = max(r & 0xFF for r in ranges), min(r >> 8 for r in ranges)
    return (low, high) if low <= high else None


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF file by their four-letter names, lists unfolded."""
    chunks: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if name == b"LIST":
            position += 12
            continue
        chunks[name] = data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    return chunks
