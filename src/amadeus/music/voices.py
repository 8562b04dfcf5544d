"""Voices: which recordings the notes of a score play, when, how long and how loud.

Preparing a performance raises every error that a score or a SoundFont can cause; mixing it raises
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.controllers import Channel, channel_of, pedalled_ends
from amadeus.music.limits import Limits
from amadeus.music.score import Score, Track
from amadeus.music.soundfont import DRUM_BANK, Region, SoundFont
from amadeus.music.synthesis import Motion, release_samples

TAIL_SECONDS = 1.5
"""Silence into which the last notes die away."""
BLOCK = 2**24
"""Samples that are mixed at once: 128 MiB, and 6 minutes at 44100 Hz."""

_LONGEST_NOTE = 30.0
_TONE_COST = 150
"""Making a second of a tone takes as long as mixing this many seconds of notes."""
_BENT_COST = 400
"""The same for a tone whose pitch moves."""
_LEAST_TONE_SECONDS = 0.1
"""What the shortest tone costs."""
_BUS_COST = 4
"""Moving the level of a second of sound takes as long as mixing this many seconds of notes."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """Notes of one pitch of a region, in order of onset, whose pitch moves alike."""

    region: Region
    pitch: int
    motion: Motion
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

    def work(self, sample_rate: int) -> int:
        """The cost of mixing it, as a number of samples of notes."""
        blocks = len(np.unique(self.start // BLOCK))
        tone = int(self.length.max()) + self.release
        tone = max(tone, round(_LEAST_TONE_SECONDS * sample_rate))
        cost = _TONE_COST if len(self.motion.at) == 1 else _BENT_COST
        return int((self.length + self.release).sum()) + cost * blocks * tone


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What a track of the score plays."""

    track: Track
    channel: Channel
    voices: tuple[Voice, ...]

    def by_pan(self) -> dict[tuple[float, float], list[Voice]]:
        """The voices by the pan of their regions, and how far the controller moves that."""
        found: dict[tuple[float, float], list[Voice]] = {}
        for voice in self.voices:
            found.setdefault((voice.region.pan, voice.region.pan_reach), []).append(voice)
        return found


class Performance:
    """A score that is ready to be mixed: its parts, their voices and its length in samples."""

    def __init__(
        self, score: Score, sample_rate: int, limits: Limits, soundfont: SoundFont
    ) -> None:
        """Raises ScoreError if there is nothing to play, or it exceeds the limits."""
        if not 8000 <= sample_rate <= 192_000:
            raise ScoreError(f"sample rate {sample_rate} is out of reach; choose 8000 to 192000")
        if score.num_notes == 0:
            raise ScoreError("there is nothing to play: the score has no notes")
        limits.check("sound_seconds", score.seconds)
        self.sample_rate = sample_rate
        self.samples = round((score.seconds + TAIL_SECONDS) * sample_rate)
        self._score = score
        self._soundfont = soundfont
        self.parts: list[Part] = []
        work = 0
        for track in score.tracks:
            if not len(track.notes):
                continue
            channel = channel_of(track, self._at)
            voices = []
            for voice in self._voices(track, channel):
                voices.append(voice)
                # A pedal may hold notes beyond the end of the last one.
                last = int((voice.start + voice.length).max())
                self.samples = max(self.samples, last + round(TAIL_SECONDS * sample_rate))
                work += voice.work(sample_rate)
                limits.check("tone_seconds", work / sample_rate)
            part = Part(track, channel, tuple(voices))
            if not channel.is_level:
                work += _BUS_COST * self.samples * len(part.by_pan())
                limits.check("tone_seconds", work / sample_rate)
            self.parts.append(part)

    def _at(self, ticks: np.ndarray) -> np.ndarray:
        """Positions in samples of positions in ticks, int64; at most far behind the end."""
        seconds = self._score.ticks_to_seconds(ticks)
        return np.round(seconds * self.sample_rate).clip(0, 2**40).astype(np.int64)

    def _voices(self, track: Track, channel: Channel) -> Iterator[Voice]:
        notes = track.notes
        start = self._at(notes["onset_ticks"])
        end = self._at(notes["onset_ticks"] + notes["duration_ticks"])
        end = pedalled_ends(track, self._at, start, end)
        length = (end - start).clip(1, round(_LONGEST_NOTE * self.sample_rate))
        bank = np.full(len(notes), DRUM_BANK) if track.is_drum else channel.bank(start)
        for number in np.unique(bank).tolist():
            regions = self._soundfont.regions(int(number), track.program)
            heard = list(_heard(regions, track, bank == number))
            strikes: dict[int, list[np.ndarray]] = {}
            for region, at in heard:
                strikes.setdefault(region.exclusive, []).append(start[at])
            for region, at in heard:
                if not region.exclusive:
                    yield from self._of_region(region, notes[at], start[at], length[at], channel)
                    continue
                held = _cut_short(start[at], length[at], strikes[region.exclusive])
                is_cut = held < length[at]
                for some, played in ((~is_cut, region), (is_cut, region.cut_off())):
                    yield from self._of_region(
                        played, notes[at][some], start[at][some], held[some], channel
                    )

    def _of_region(
        self,
        region: Region,
        notes: np.ndarray,
        start: np.ndarray,
        length: np.ndarray,
        channel: Channel,
    ) -> Iterator[Voice]:
        """The voices of the notes that a region plays; all columns are [N]."""
        velocity = notes["velocity"].astype(np.float64)
        if region.fixed_velocity >= 0:
            velocity[:] = region.fixed_velocity
        gain = (velocity / 127) ** 2 * region.gain
        release = release_samples(region, self.sample_rate)

        def voice(at: np.ndarray, stop: int) -> Voice:
            motion = channel.motion(int(start[at[0]]), stop)
            pitch = int(notes["pitch"][at[0]])
            return Voice(region, pitch, motion, start[at], length[at], gain[at], release)

        stop = start + length + release
        is_bent = channel.bends(start, stop)
        for i in np.flatnonzero(is_bent):
            yield voice(np.array([i]), int(stop[i]))
        steady = np.flatnonzero(~is_bent)
        columns = (notes["pitch"], channel.cents(start), channel.wheel(start))
        for at in _alike(steady, *columns):
            yield voice(at, int(start[at[0]]))


def _cut_short(start: np.ndarray, length: np.ndarray, strikes: list[np.ndarray]) -> np.ndarray:
    """Lengths of notes that end as soon as another one of their class begins. int64 [N]."""
    later = np.append(np.unique(np.concatenate(strikes)), 2**62)
    return np.minimum(length, later[np.searchsorted(later, start, side="right")] - start)


def _alike(among: np.ndarray, *columns: np.ndarray) -> Iterator[np.ndarray]:
    """Groups of rows that are the same in all columns, each in order. int64 [n] each."""
    if not len(among):
        return
    kept = [column[among] for column in columns]
    order = np.lexsort(kept)
    is_new = np.zeros(len(order) - 1, dtype=bool)
    for column in kept:
        is_new |= np.diff(column[order]) != 0
    yield from np.split(among[order], np.flatnonzero(is_new) + 1)


def _heard(
    regions: Iterable[Region], track: Track, among: np.ndarray
) -> Iterator[tuple[Region, np.ndarray]]:
    """The regions that play notes of a track, and which ones. among: bool [N]."""
    pitch, velocity = track.notes["pitch"], track.notes["velocity"]
    order = np.argsort(pitch, kind="stable")
    sorted_pitch = pitch[order]
    for region in regions:
        low = np.searchsorted(sorted_pitch, region.keys[0])
        high = np.searchsorted(sorted_pitch, region.keys[1], side="right")
        found = np.sort(order[low:high])
        loudness = velocity[found]
        is_heard = (loudness >= region.velocities[0]) & (loudness <= region.velocities[1])
        found = found[is_heard & among[found]]
        if len(found):
            yield region, found
