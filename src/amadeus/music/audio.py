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
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np

from amadeus.errors import ScoreError
from amadeus.files import move_folder, temporary_folder
from amadeus.music.audio_files import check_format, write_sound
from amadeus.music.instruments import program_name
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi import write_file
from amadeus.music.score import Score, Track
from amadeus.music.soundfont import SoundFont
from amadeus.music.synthesis import make_tone
from amadeus.music.voices import BLOCK, TAIL_SECONDS, Part, Performance, Voice

_PEAK = 0.9
_CHUNK = 2**18
"""Samples that are written at once; a block is a whole number of chunks."""
_RAMP_SECONDS = 0.005
"""How long a move of volume or pan takes; a jump would click."""


def render_audio(
    score: Score,
    sample_rate: int = 44100,
    limits: Limits = LIMITS,
    soundfont: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Play a score; float32 [samples, 2], left and right, with a peak of 0.9.

    The sound follows pitch bends with their range, volume, expression, pan, modulation, pedals and
    bank changes.

    soundfont: an SF2 file; by default the General MIDI one of pretty_midi.
    Raises ScoreError if there is nothing to play, or more than the limits allow, or if the
    SoundFont cannot be used.
    """
    performance = _performance(score, sample_rate, limits, soundfont)
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
    performance = _performance(score, sample_rate, limits, soundfont)
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
    """Write one sound file for each part of a score, all or none; returns their paths.

    The stems add up to the mix. All files have the same gain, which gives the loudest of them a
    peak of 0.9, so the mix can be softer than the file that `write_audio` writes.

    folder: a folder that does not exist yet, or is empty.
    mix: a file for the sound of the whole score; None writes the stems only.
    suffix: the format of the stems, as in `write_audio`.
    Raises ScoreError as `write_audio` does.
    """
    folder, performance = Path(folder), _performance(score, sample_rate, limits, soundfont)
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


def _performance(
    score: Score, sample_rate: int, limits: Limits, soundfont: str | os.PathLike[str] | None
) -> Performance:
    font = _default_soundfont() if soundfont is None else SoundFont(Path(soundfont), limits)
    return Performance(score, sample_rate, limits, font)


@cache
def _default_soundfont() -> SoundFont:
    return SoundFont(soundfont_path())


def _write(
    performance: Performance, chunks: Iterable[np.ndarray], peak: float, path: Path, suffix: str
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


def _chunks(performance: Performance, parts: Sequence[Part]) -> Iterator[np.ndarray]:
    """The sound of parts from beginning to end. float32 [2, at most _CHUNK] each."""
    for begin in range(0, performance.samples, BLOCK):
        end = min(begin + BLOCK, performance.samples)
        block = np.zeros((2, end - begin), dtype=np.float32)
        for part in parts:
            _mix_part(block, begin, part, performance.sample_rate)
        for at in range(0, block.shape[1], _CHUNK):
            yield block[:, at : at + _CHUNK]


def _mix_part(block: np.ndarray, begin: int, part: Part, sample_rate: int) -> None:
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
    rows: np.ndarray, levels: list[float], voices: Iterable[Voice], begin: int, sample_rate: int
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


def _finish(audio: np.ndarray, begin: int, performance: Performance, peak: float) -> None:
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
