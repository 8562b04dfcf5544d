"""Sound: a score played with a SoundFont, by default the General MIDI one of pretty_midi.

A small sampler in numpy, so that nothing needs to be installed on the system. Each pitch of an
instrument is resampled once; a note is then that wave under the envelope of its own length. Notes
whose pitch is bent while they sound are resampled one by one. A long piece is mixed block by block,
so that its memory is bounded.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np

from amadeus.errors import ScoreError
from amadeus.files import move_folder, temporary_folder
from amadeus.music.audio_files import check_format, write_sound
from amadeus.music.controllers import Channel, channel_of, pedalled_ends
from amadeus.music.instruments import program_name
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi import write_file
from amadeus.music.score import Score, Track
from amadeus.music.soundfont import DRUM_BANK, Region, SoundFont
from amadeus.music.synthesis import Motion, make_tone, release_samples

TAIL_SECONDS = 1.5
"""Silence into which the last notes die away."""

_PEAK = 0.9
_LONGEST_NOTE = 30.0
_BLOCK = 2**24
"""Samples that are mixed at once: 128 MiB, and 6 minutes at 44100 Hz."""
_CHUNK = 2**18
"""Samples that are written at once; a block is a whole number of chunks."""
_RAMP_SECONDS = 0.005
"""How long a move of volume or pan takes; a jump would click."""
_TONE_COST = 150
"""Making a second of a tone takes as long as mixing this many seconds of notes."""
_BENT_COST = 400
"""The same for a tone whose pitch moves."""
_LEAST_TONE_SECONDS = 0.1
"""What the shortest tone costs."""
_BUS_COST = 4
"""Moving the level of a second of sound takes as long as mixing this many seconds of notes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Voice:
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
        """What mixing it costs, in samples of notes."""
        blocks = len(np.unique(self.start // _BLOCK))
        tone = int(self.length.max()) + self.release
        tone = max(tone, round(_LEAST_TONE_SECONDS * sample_rate))
        cost = _TONE_COST if len(self.motion.at) == 1 else _BENT_COST
        return int((self.length + self.release).sum()) + cost * blocks * tone


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What a track of the score plays."""

    track: Track
    channel: Channel
    voices: tuple[_Voice, ...]

    def by_pan(self) -> dict[tuple[float, float], list[_Voice]]:
        """The voices by the pan of their regions, and how far the controller moves that."""
        found: dict[tuple[float, float], list[_Voice]] = {}
        for voice in self.voices:
            found.setdefault((voice.region.pan, voice.region.pan_reach), []).append(voice)
        return found


class _Performance:
    """A score that is ready to be played: nothing that follows can be refused."""

    def __init__(
        self,
        score: Score,
        sample_rate: int,
        limits: Limits,
        soundfont: str | os.PathLike[str] | None,
    ) -> None:
        if not 8000 <= sample_rate <= 192_000:
            raise ScoreError(f"sample rate {sample_rate} is out of reach; choose 8000 to 192000")
        if score.num_notes == 0:
            raise ScoreError("there is nothing to play: the score has no notes")
        limits.check("sound_seconds", score.seconds)
        self.sample_rate = sample_rate
        self.samples = round((score.seconds + TAIL_SECONDS) * sample_rate)
        self._score = score
        self._soundfont = (
            _default_soundfont() if soundfont is None else SoundFont(Path(soundfont), limits)
        )
        self.parts: list[_Part] = []
        work = 0
        for track in score.tracks:
            if not len(track.notes):
                continue
            channel = channel_of(track, self._at)
            part = _Part(track, channel, tuple(self._voices(track, channel)))
            self.parts.append(part)
            work += sum(voice.work(sample_rate) for voice in part.voices)
            if not channel.is_level:
                work += _BUS_COST * self.samples * len(part.by_pan())
            limits.check("tone_seconds", work / sample_rate)

    def _at(self, ticks: np.ndarray) -> np.ndarray:
        """Positions in samples of positions in ticks, int64; at most far behind the end."""
        seconds = self._score.ticks_to_seconds(ticks)
        return np.round(seconds * self.sample_rate).clip(0, 2**40).astype(np.int64)

    def _voices(self, track: Track, channel: Channel) -> Iterator[_Voice]:
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
    ) -> Iterator[_Voice]:
        """The voices of the notes that a region plays; all columns are [N]."""
        velocity = notes["velocity"].astype(np.float64)
        if region.fixed_velocity >= 0:
            velocity[:] = region.fixed_velocity
        gain = (velocity / 127) ** 2 * region.gain
        release = release_samples(region, self.sample_rate)

        def voice(at: np.ndarray, stop: int) -> _Voice:
            motion = channel.motion(int(start[at[0]]), stop)
            pitch = int(notes["pitch"][at[0]])
            return _Voice(region, pitch, motion, start[at], length[at], gain[at], release)

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


def render_audio(
    score: Score,
    sample_rate: int = 44100,
    limits: Limits = LIMITS,
    soundfont: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Play a score; float32 [samples, 2], left and right, with a peak of 0.9.

    Pitch bends with their range, volume, expression, pan, modulation, pedals and banks are played.

    soundfont: an SF2 file; by default the General MIDI one of pretty_midi.
    Raises ScoreError if there is nothing to play, or more than the limits allow, or if the
    SoundFont cannot be used.
    """
    performance = _Performance(score, sample_rate, limits, soundfont)
    audio = np.empty((2, performance.samples), np.float32)
    at = 0
    for chunk in _chunks(performance, performance.parts):
        audio[:, at : at + chunk.shape[1]] = chunk
        at += chunk.shape[1]
    _finish(audio, 0, performance, _peak(audio))
    return audio.T


def write_audio(
    score: Score,
    path: str | os.PathLike[str],
    sample_rate: int = 44100,
    limits: Limits = LIMITS,
    soundfont: str | os.PathLike[str] | None = None,
) -> Path:
    """Play a score into a sound file, whole or not at all; returns its path.

    The suffix chooses the format: .wav, .flac, .ogg (Vorbis) or .mp3. What is written is what
    `render_audio` returns, in 16 bits, but a piece of any length takes less than 1 GiB of memory.
    While it is written, the folder has a temporary file of 8 bytes a sample, too.

    Raises ScoreError as `render_audio` does, and if the path cannot be written.
    """
    path = Path(path)
    performance = _Performance(score, sample_rate, limits, soundfont)
    check_format(path, performance.samples, sample_rate)

    def write(temporary: Path) -> None:
        peak = 0.0
        with tempfile.TemporaryFile(dir=temporary.parent) as mix:
            for chunk in _chunks(performance, performance.parts):
                peak = max(peak, _peak(chunk))
                mix.write(chunk.tobytes())
            mix.seek(0)
            chunks = _read_back(mix, performance.samples)
            _write(performance, chunks, peak, temporary, path.suffix)

    return write_file(path, write)


def write_stems(
    score: Score,
    folder: str | os.PathLike[str],
    mix: str | os.PathLike[str] | None = None,
    sample_rate: int = 44100,
    limits: Limits = LIMITS,
    soundfont: str | os.PathLike[str] | None = None,
    suffix: str = ".wav",
) -> list[Path]:
    """Play each part of a score into a file of its own, all of them or none; returns their paths.

    The stems add up to the sound of the whole score, which `mix` names a file for. The loudest of
    all these files has a peak of 0.9, so the mix may be softer than without stems.

    folder: one that does not exist yet, or is empty. suffix: as of `write_audio`.
    Raises ScoreError as `write_audio` does.
    """
    folder, performance = Path(folder), _Performance(score, sample_rate, limits, soundfont)
    limits.check("stem_seconds", len(performance.parts) * performance.samples / sample_rate)
    names = [
        f"{number:02d}-{_file_name(part.track)}{suffix}"
        for number, part in enumerate(performance.parts, start=1)
    ]
    for path in (*map(Path, names), *([] if mix is None else [Path(mix)])):
        check_format(path, performance.samples, sample_rate)
    selections = [performance.parts, *([part] for part in performance.parts)]
    peak = max(_peak(chunk) for parts in selections for chunk in _chunks(performance, parts))
    try:
        with temporary_folder(folder.parent) as temporary:
            for name, part in zip(names, performance.parts, strict=True):
                chunks = _chunks(performance, [part])
                _write(performance, chunks, peak, temporary / name, suffix)
            if mix is not None:
                path = Path(mix)
                chunks = _chunks(performance, performance.parts)
                write_file(path, lambda t: _write(performance, chunks, peak, t, path.suffix))
            move_folder(temporary, folder)
            temporary.mkdir()  # so that there is one to remove
    except OSError as error:
        raise ScoreError(
            f"{folder}: cannot be written ({error.strerror}); choose a new or empty folder"
        ) from None
    return [folder / name for name in names]


def _file_name(track: Track) -> str:
    """What a track is called, in lower-case letters, digits and hyphens."""
    name = track.name or ("drums" if track.is_drum else program_name(track.program))
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:40].strip("-") or "part"


def soundfont_path() -> Path:
    """The General MIDI SoundFont of pretty_midi. Raises ScoreError if it is missing."""
    spec = find_spec("pretty_midi")
    if spec is None or not spec.submodule_search_locations:
        raise ScoreError("the SoundFont of pretty_midi is missing; pip install pretty_midi")
    return Path(spec.submodule_search_locations[0]) / "TimGM6mb.sf2"


@cache
def _default_soundfont() -> SoundFont:
    return SoundFont(soundfont_path())


def _write(
    performance: _Performance, chunks: Iterable[np.ndarray], peak: float, path: Path, suffix: str
) -> None:
    """Write a sound file at the level of a peak. chunks: float32 [2, n], not yet at any level."""

    def finished() -> Iterator[np.ndarray]:
        at = 0
        for chunk in chunks:
            _finish(chunk, at, performance, peak)
            at += chunk.shape[1]
            yield chunk.T

    write_sound(path, suffix.lower(), performance.sample_rate, performance.samples, finished())


def _read_back(mix: IO[bytes], samples: int) -> Iterator[np.ndarray]:
    """Chunks as they were written to a file. float32 [2, at most _CHUNK] each."""
    for begin in range(0, samples, _CHUNK):
        count = min(_CHUNK, samples - begin)
        yield np.frombuffer(bytearray(mix.read(8 * count)), np.float32).reshape(2, count)


def _chunks(performance: _Performance, parts: Sequence[_Part]) -> Iterator[np.ndarray]:
    """The sound of parts from beginning to end. float32 [2, at most _CHUNK] each."""
    for begin in range(0, performance.samples, _BLOCK):
        end = min(begin + _BLOCK, performance.samples)
        block = np.zeros((2, end - begin), dtype=np.float32)
        for part in parts:
            _mix_part(block, begin, part, performance.sample_rate)
        for at in range(0, block.shape[1], _CHUNK):
            yield block[:, at : at + _CHUNK]


def _mix_part(block: np.ndarray, begin: int, part: _Part, sample_rate: int) -> None:
    """Add what a part plays from sample `begin` on. block: float32 [2, n]."""
    size = block.shape[1]
    ramp = round(_RAMP_SECONDS * sample_rate)
    for pan, voices in part.by_pan().items():
        voices = [voice for voice in voices if len(voice.heard(begin, begin + size))]
        if not voices:
            continue
        sides = part.channel.sides(*pan)
        if part.channel.is_level:
            _add_notes(block, [side.values[0] for side in sides], voices, begin, sample_rate)
            continue
        bus = np.zeros((1, size), dtype=np.float32)
        _add_notes(bus, [1.0], voices, begin, sample_rate)
        for at in range(0, size, _CHUNK):
            here = slice(at, min(at + _CHUNK, size))
            for row, side in zip(block, sides, strict=True):
                row[here] += bus[0, here] * side.ramped(begin + at, begin + here.stop, ramp)


def _add_notes(
    rows: np.ndarray, levels: list[float], voices: Iterable[_Voice], begin: int, sample_rate: int
) -> None:
    """Add notes to each row at its level. rows: float32 [R, n], from sample `begin` on."""
    end = begin + rows.shape[1]
    for voice in voices:
        # As long in each block as in the whole piece, so that it is the same in each.
        longest = int(voice.length.max())
        tone = make_tone(voice.region, voice.pitch, sample_rate, longest, voice.motion)
        heard = voice.heard(begin, end)
        columns = (voice.start, voice.length, voice.gain)
        for start, length, gain in zip(*(c[heard].tolist() for c in columns), strict=True):
            note = tone.note(length)[max(0, begin - start) : end - start]
            at = max(0, start - begin)
            for row, level in zip(rows, levels, strict=True):
                row[at : at + len(note)] += note * np.float32(gain * level)


def _peak(audio: np.ndarray) -> float:
    return max(float(audio.max()), -float(audio.min()))


def _finish(audio: np.ndarray, begin: int, performance: _Performance, peak: float) -> None:
    """Bring a passage to its level, and fade the end of the piece out.

    audio: [2, n], from sample `begin` on. peak: of the whole piece.
    """
    samples = performance.samples
    audio *= _PEAK / max(peak, 1e-9)
    length = round(0.5 * TAIL_SECONDS * performance.sample_rate)
    fade = np.linspace(1, 0, length, dtype=np.float32)
    faded = max(0, samples - length - begin)  # where the fade begins in the passage
    rest = audio[:, faded:]
    first = begin + faded - (samples - length)
    rest *= fade[first : first + rest.shape[1]]
