"""Log-mel spectrograms as musicnn computes them (librosa's, with its default mel scale)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

SAMPLE_RATE = 16_000
"""Hertz."""
FFT_SIZE, HOP, NUM_BANDS = 512, 256, 96
_LINEAR_UP_TO = 1000.0
"""Hertz up to which Slaney's mel scale is linear."""
_HERTZ_PER_MEL = 200 / 3
_LOG_STEP = np.log(6.4) / 27


def log_mel(audio: np.ndarray) -> Tensor:
    """log10(10000 m + 1) of the power m in each band and frame.

    audio: mono at SAMPLE_RATE, float32 [samples], more than FFT_SIZE / 2 of them.
    Returns float32 [1 + samples // HOP, NUM_BANDS].
    """
    spectrum = torch.stft(
        torch.from_numpy(np.ascontiguousarray(audio)), FFT_SIZE, HOP,
        window=torch.hann_window(FFT_SIZE), center=True, pad_mode="reflect", return_complex=True,
    )  # fmt: skip
    power = spectrum.abs().square().T  # [frames, FFT_SIZE / 2 + 1]
    return torch.log10(10_000 * (power @ mel_bands()) + 1)


@cache
def mel_bands() -> Tensor:
    """Triangular filters of equal area, float32 [FFT_SIZE / 2 + 1, NUM_BANDS].

    Source: Slaney, "Auditory Toolbox", 1998, as in librosa.filters.mel.
    """
    edges = _to_hertz(np.linspace(0, _to_mel(SAMPLE_RATE / 2), NUM_BANDS + 2))
    frequencies = np.fft.rfftfreq(FFT_SIZE, 1 / SAMPLE_RATE)[:, None]
    rising = (frequencies - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return torch.from_numpy(filters.astype(np.float32))


def _to_mel(hertz: float) -> float:
    """Slaney's mel scale above _LINEAR_UP_TO."""
    return _LINEAR_UP_TO / _HERTZ_PER_MEL + np.log(hertz / _LINEAR_UP_TO) / _LOG_STEP


def _to_hertz(mels: np.ndarray) -> np.ndarray:
    """The inverse, for the whole scale."""
    above = mels - _LINEAR_UP_TO / _HERTZ_PER_MEL
    logarithmic = _LINEAR_UP_TO * np.exp(_LOG_STEP * np.maximum(above, 0))
    return np.where(above < 0, mels * _HERTZ_PER_MEL, logarithmic)
