"""Controllers: how pedals, wheels and faders change the notes of a track over time.

Follows the MIDI 1.0 specification and the default modulators of SoundFont 2.04 (8.4): volume (7),
expression (11), pan (10), modulation (1), the sustain (64) and sostenuto (66) pedals, the pitch
wheel with its range and tuning (registered parameters 0 to 2), bank select (0), and reset (121).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amadeus.music.score import Track
from amadeus.music.synthesis import Motion

_BANK, _WHEEL, _DATA, _VOLUME, _PAN, _EXPRESSION, _DATA_FINE = 0, 1, 6, 7, 10, 11, 38
_SUSTAIN, _SOSTENUTO = 64, 66
_UNREGISTERED_FINE, _UNREGISTERED, _REGISTERED_FINE, _REGISTERED = 98, 99, 100, 101
_SOUND_OFF, _RESET = 120, 121
_PARAMETERS = (_DATA, _DATA_FINE, *range(_UNREGISTERED_FINE, _REGISTERED + 1), _RESET)
_RANGE, _FINE, _COARSE = 0, 1, 2
_NO_PARAMETER = 0x3FFF

Samples = Callable[[np.ndarray], np.ndarray]
"""Positions in samples of positions in ticks, int64."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A quantity that is constant between moves of a controller."""

    at: np.ndarray
    """Where each value begins, in samples, rising; the first is 0. int64 [M]."""
    values: np.ndarray
    """float64 [M]."""

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """The value in force at each position."""
        return self.values[np.searchsorted(self.at, samples, side="right") - 1]

    def ramped(self, begin: int, end: int, ramp: int) -> np.ndarray:
        """The value at each sample of a passage, each move taking `ramp` samples. float32 [n]."""
        first, last = np.searchsorted(self.at, (begin - ramp, end), side="right")
        first = max(0, int(first) - 1)
        at, values = self.at[first:last], self.values[first:last]
        arrivals = np.minimum(at + ramp, np.append(at[1:], 2**62))
        xp = np.stack([at, arrivals], 1).ravel()[1:]
        fp = np.stack([np.append(values[:1], values[:-1]), values], 1).ravel()[1:]
        return np.interp(np.arange(begin, end), xp, fp).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """The controllers of a track."""

    gain: Steps
    """Volume and expression together, as an amplitude; 1 when both are at their maximum."""
    pan: Steps
    """-1 left to 1 right."""
    cents: Steps
    """The pitch shift from the pitch wheel and the tuning."""
    wheel: Steps
    """The modulation wheel, 0 to 1."""
    bank: Steps
    """The bank that the last bank select chose."""

    @property
    def is_level(self) -> bool:
        """Whether neither volume nor pan ever moves."""
        return len(self.gain.at) == 1 and len(self.pan.at) == 1

    def sides(self, pan: float, reach: float) -> tuple[Steps, Steps]:
        """The levels of the left and right sides.

        pan: the sound's own pan, -0.5 to 0.5.
        reach: the shift of the pan when the pan controller is at its maximum.
        """
        angle = Steps(self.pan.at, np.clip(pan + self.pan.values * reach, -0.5, 0.5) + 0.5)
        left = _combined(angle, self.gain, lambda a, g: g * np.cos(a * np.pi / 2))
        return left, _combined(angle, self.gain, lambda a, g: g * np.sin(a * np.pi / 2))

    def bends(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Whether the pitch moves while notes sound between two samples each. bool [N]."""
        moves = np.zeros(len(start), dtype=bool)
        for steps in (self.cents, self.wheel):
            first = np.searchsorted(steps.at, start, side="right")
            moves |= first < np.searchsorted(steps.at, stop)
        return moves

    def motion(self, start: int, stop: int) -> Motion:
        """The pitch and vibrato of a note that sounds between two samples."""
        marks = [
            steps.at[np.searchsorted(steps.at, start, "right") : np.searchsorted(steps.at, stop)]
            for steps in (self.cents, self.wheel)
        ]
        at = np.unique(np.concatenate([[start], *marks]))
        return Motion(at - start, self.cents(at), self.wheel(at))


def channel_of(track: Track, samples: Samples) -> Channel:
    """The controllers of a track, and where they move."""
    controls = track.controls
    number, value = controls["number"], controls["value"].astype(np.float64)
    at = samples(controls["onset_ticks"])
    resets = at[number == _RESET]

    def moves(*numbers: int, initial: float, resets_to: float | None = None) -> Steps:
        here = np.isin(number, numbers)
        if resets_to is not None:
            here |= number == _RESET
        values = value[here]
        if resets_to is not None:
            values = np.where(number[here] == _RESET, resets_to, values)
        return _steps(at[here], values, initial)

    volume = moves(_VOLUME, initial=100)
    expression = moves(_EXPRESSION, initial=127, resets_to=127)
    gain = _combined(volume, expression, lambda v, e: (v * e / 127**2) ** 2)
    pan = moves(_PAN, initial=64)
    wheel = moves(_WHEEL, initial=0, resets_to=0)
    bends = track.pitch_bends
    bend_at = np.concatenate([resets, samples(bends["onset_ticks"])])
    bend = np.concatenate([np.zeros(len(resets)), bends["value"] / 8192])
    order = np.argsort(bend_at, kind="stable")
    bend_range, tuning = _tuned(at, number, value)
    bent = _combined(_steps(bend_at[order], bend[order], 0), bend_range, np.multiply)
    return Channel(
        gain=gain,
        pan=Steps(pan.at, (pan.values - 64) / 64),
        cents=_combined(bent, tuning, np.add),
        wheel=Steps(wheel.at, wheel.values / 127),
        bank=moves(_BANK, initial=0),
    )


def pedalled_ends(track: Track, samples: Samples, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Where the notes of a track end if the pedals hold them, in samples. int64 [N].

    Striking a key again ends the note that the pedal holds. A pedal that is never released holds
    its notes until the last note ends.

    start, end: of the notes without the pedal, int64 [N].
    """
    number, value = track.controls["number"], track.controls["value"]
    if not np.isin(number, (_SUSTAIN, _SOSTENUTO)).any():
        return end
    at = samples(track.controls["onset_ticks"])
    last = int(end.max(initial=0))
    held = end
    for pedal in (_SOSTENUTO, _SUSTAIN):
        here = np.isin(number, (pedal, _SOUND_OFF, _RESET))
        is_down = (number[here] == pedal) & (value[here] >= 64)
        moves = at[here][np.diff(is_down, prepend=False)]
        downs, ups = moves[::2], np.append(moves[1::2], last)
        if not len(downs):
            continue
        # A pedal that goes down as a note ends does not hold it.
        press = np.searchsorted(downs, held, side="left") - 1
        is_held = (press >= 0) & (ups[press] > held)
        if pedal == _SOSTENUTO:
            is_held &= start <= downs[press]
        held = np.where(is_held, ups[press], held)
    return np.maximum(end, np.minimum(held, _next_strikes(track.notes["pitch"], start)))


def _next_strikes(pitch: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Where the key of each note is struck next; far away for the last note of a key. int64 [N]."""
    keys = pitch.astype(np.int64) << 48 | start
    strikes = np.append(np.unique(keys), 1 << 62)
    following = strikes[np.searchsorted(strikes, keys, side="right")]
    return np.where(following >> 48 == pitch, following & (1 << 48) - 1, 1 << 62)


def _tuned(at: np.ndarray, number: np.ndarray, value: np.ndarray) -> tuple[Steps, Steps]:
    """The range of the pitch wheel and the tuning of the channel, in cents."""
    here = np.isin(number, _PARAMETERS)
    parameter = _NO_PARAMETER
    values = {_RANGE: 256.0, _FINE: 8192.0, _COARSE: 8192.0}  # 14 bits each
    rows = []
    for position, kind, new in zip(
        *(column[here].tolist() for column in (at, number, value.astype(np.int64))), strict=True
    ):
        if kind in (_UNREGISTERED, _UNREGISTERED_FINE, _RESET):
            parameter = _NO_PARAMETER
        elif kind == _REGISTERED:
            parameter = new << 7 | parameter & 0x7F
        elif kind == _REGISTERED_FINE:
            parameter = parameter & ~0x7F | new
        elif parameter in values:
            old = int(values[parameter])
            values[parameter] = old & ~0x7F | new if kind == _DATA_FINE else new << 7 | old & 0x7F
            rows.append((position, *values.values()))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    moved = table[:, 0].astype(np.int64)
    # The coarse part of the range is in semitones, the fine part in cents.
    reach = table[:, 1] // 128 * 100 + table[:, 1] % 128
    tuning = (table[:, 2] - 8192) / 8192 * 100 + (table[:, 3] // 128 - 64) * 100
    return _steps(moved, reach, 200), _steps(moved, tuning, 0)


def _steps(at: np.ndarray, values: np.ndarray, initial: float) -> Steps:
    """Moves of a controller as steps; of those at one sample, the last counts.

    at: [M], rising.
    """
    is_last = np.diff(at, append=2**62) > 0
    at, values = at[is_last], values[is_last]
    if not len(at) or at[0] > 0:
        at = np.concatenate([np.zeros(1, np.int64), at])
        values = np.concatenate([[initial], values])
    is_new = np.diff(values, prepend=np.nan) != 0
    return Steps(at[is_new], values[is_new].astype(np.float64))


def _combined(
    first: Steps, second: Steps, combine: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Steps:
    at = np.unique(np.concatenate([first.at, second.at]))
    return Steps(at, combine(first(at), second(at)))
