"""Sound files: WAV, FLAC, Ogg Vorbis and MP3."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np

from amadeus.errors import ScoreError

_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
AUDIO_SUFFIXES = tuple(_FORMATS)
"""How the names of sound files end; the ending chooses the format."""

_MOST_SAMPLES = 2**30 - 2**10
"""What fits into a WAV file of 16 bits and two channels."""
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_SETTINGS: dict[str, dict[str, object]] = {
    ".flac": {},
    ".ogg": {"compression_level": 0.4},  # about 160 kbit/s
    ".mp3": {"compression_level": 0.2, "bitrate_mode": "VARIABLE"},  # the same
}
"""For libsndfile; compression goes from 0 to 1."""


def check_format(path: Path, samples: int, sample_rate: int) -> None:
    """Raise ScoreError if a path names no format, or the sound does not fit into it.

    samples: for each of two channels.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise ScoreError(f"{path}: the name must end in {_listed(AUDIO_SUFFIXES)}; rename it")
    if suffix == ".wav" and samples > _MOST_SAMPLES:
        raise ScoreError(
            f"{samples / sample_rate / 3600:.1f} hours of sound do not fit into a WAV file; "
            f"shorten the piece to {_MOST_SAMPLES / sample_rate / 3600:.1f}"
        )
    if suffix == ".mp3" and sample_rate not in _MP3_RATES:
        raise ScoreError(
            f"sample rate {sample_rate} does not fit into MP3; choose {_listed(_MP3_RATES)}"
        )


def write_sound(
    path: Path, suffix: str, sample_rate: int, samples: int, chunks: Iterable[np.ndarray]
) -> None:
    """Write sound in two channels, 16 bits each; what exceeds -1 to 1 is clipped.

    suffix: of the format, as the path may be that of a temporary file. samples: how many there are
    for each channel. chunks: float32 [n, 2]. Raises OSError if the file cannot be written.
    """
    if suffix == ".wav":
        _write_wav(path, sample_rate, samples, chunks)
    else:
        _encode(path, suffix, sample_rate, chunks)


def _write_wav(path: Path, sample_rate: int, samples: int, chunks: Iterable[np.ndarray]) -> None:
    # Not by soundfile, so that a full disk is reported as one, and WAV needs no library.
    with closing(wave.open(os.fspath(path), "wb")) as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.setnframes(samples)
        for chunk in chunks:
            file.writeframesraw(_to_pcm(chunk).tobytes())


def _encode(path: Path, suffix: str, sample_rate: int, chunks: Iterable[np.ndarray]) -> None:
    import soundfile

    options = {"format": _FORMATS[suffix], **_SETTINGS[suffix]}
    try:
        with soundfile.SoundFile(path, "w", sample_rate, channels=2, **options) as file:
            for chunk in chunks:
                # libsndfile 1.2.2 turns 16-bit samples into noise when it encodes MP3.
                file.write(_to_pcm(chunk) if suffix == ".flac" else np.clip(chunk, -1.0, 1.0))
    except (soundfile.LibsndfileError, AssertionError) as error:
        # libsndfile says too little to tell a full disk from other failures.
        raise OSError(None, f"the encoder failed: {error or 'is the disk full?'}", path) from None


def _to_pcm(audio: np.ndarray) -> np.ndarray:
    """Sound between -1 and 1 as 16-bit samples."""
    return np.round(np.clip(audio, -1.0, 1.0) * 32767).astype("<i2")


def _listed(values: Iterable[object]) -> str:
    *rest, last = map(str, values)
    return f"{', '.join(rest)} or {last}"
