"""What a listener would compare in two recordings: level, balance and pitch over time."""

from __future__ import annotations

import numpy as np

WINDOW_SECONDS = 0.1
_FLOOR_DB = -50.0
_CENTS_STEP = 5
_MOST_STEPS = 30


def levels(audio: np.ndarray, rate: int) -> np.ndarray:
    """Level of each tenth of a second, in dB. audio: [n, channels]; float64 [windows]."""
    windows = _windows(audio, rate)
    return 10 * np.log10((windows.astype(np.float64) ** 2).mean((1, 2)) + 1e-12)


def audible(audio: np.ndarray, rate: int) -> np.ndarray:
    """Which windows are at most 50 dB below the loudest one. bool [windows]."""
    level = levels(audio, rate)
    return level > level.max() + _FLOOR_DB


def balance(audio: np.ndarray, rate: int) -> np.ndarray:
    """By how many dB the left side is louder than the right one. float64 [windows]."""
    return levels(audio[:, :1], rate) - levels(audio[:, 1:], rate)


def level_differences(a: np.ndarray, b: np.ndarray, rate: int) -> np.ndarray:
    """By how many dB the audible windows of a are louder, once both are equally loud in all."""
    differences = (levels(a, rate) - levels(b, rate))[audible(b, rate)]
    return differences - np.median(differences)


def pitch_differences(a: np.ndarray, b: np.ndarray, rate: int) -> np.ndarray:
    """By how many cents each audible window of a is sharper than that of b, within 150 cents.

    It is the shift that makes the spectra most alike, on an axis of logarithmic frequency.
    """
    heard = audible(b, rate) & audible(a, rate)
    pairs = zip(_windows(a, rate)[heard], _windows(b, rate)[heard], strict=True)
    return np.array([_pitch_difference(*pair, rate) for pair in pairs])


def _pitch_difference(a: np.ndarray, b: np.ndarray, rate: int) -> int:
    ours, theirs = _log_spectrum(a, rate), _log_spectrum(b, rate)[_MOST_STEPS:-_MOST_STEPS]
    shifted = np.lib.stride_tricks.sliding_window_view(ours, len(theirs))
    likeness = shifted @ theirs / (np.linalg.norm(shifted, axis=1) + 1e-12)
    return (int(likeness.argmax()) - _MOST_STEPS) * _CENTS_STEP


def fundamental(audio: np.ndarray, rate: int, low: float = 60.0, high: float = 2000.0) -> float:
    """The fundamental of a single tone in hertz, by autocorrelation. audio: [n]."""
    centred = audio - audio.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred)]
    first, last = int(rate / high), int(rate / low)
    lags = np.arange(first, last)
    peaks = (correlation[lags] >= correlation[lags - 1]) & (
        correlation[lags] > correlation[lags + 1]
    )
    # The shortest period that repeats nearly as well as any.
    lag = lags[peaks & (correlation[lags] > 0.85 * correlation[lags].max())][0]
    before, here, after = correlation[lag - 1 : lag + 2]
    return rate / (lag + (before - after) / (2 * (before - 2 * here + after)))


def _windows(audio: np.ndarray, rate: int) -> np.ndarray:
    size = round(WINDOW_SECONDS * rate)
    count = len(audio) // size
    return audio[: count * size].reshape(count, size, -1)


def _log_spectrum(window: np.ndarray, rate: int) -> np.ndarray:
    """Roots of magnitudes from 100 to 4000 Hz, at steps of five cents."""
    size = 4 * len(window)
    magnitude = np.abs(np.fft.rfft(window.mean(1) * np.hanning(len(window)), size))
    frequency = 100 * 2 ** (np.arange(0, 1200 * np.log2(40), _CENTS_STEP) / 1200)
    return np.interp(frequency, np.fft.rfftfreq(size, 1 / rate), np.sqrt(magnitude))
