"""Start-up: time from the shell to a piece and from a loaded model to a note, and peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from amadeus.benchmark.timing import Progress, Spread
from amadeus.errors import ConfigError
from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.composer import Composer, load_model

WORDS = "a calm waltz for piano"
_LONG = 256
_PIECES = 4
"""Pieces to average over, because the number of notes at the start varies."""
_PROGRAM = """
import sys
from amadeus.cli.main import run
try:
    run()
finally:
    try:  # of this process only; getrusage would include its parent
        status = open("/proc/self/status").read()
        print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
    except (OSError, IndexError):
        print(0, file=sys.stderr)
"""
"""Runs `amadeus`, then prints its peak memory in KiB."""


@dataclass(frozen=True, slots=True)
class Start:
    """A task, and how long it takes."""

    what: str
    seconds: Spread
    peak_mib: float | None
    """Peak memory of the process; None if unknown."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "seconds": self.seconds.to_dict(),
            "peak_mib": self.peak_mib,
        }


def measure_starts(model: str, rounds: int, progress: Progress) -> list[Start]:
    """Time commands, until they exit, and a loaded composer, in turns."""
    composer = load_model(model)
    commands = {
        "`amadeus generate --notes 1`": ["--notes", "1"],
        f'`amadeus generate --prompt "{WORDS}" --notes 1`': ["--prompt", WORDS, "--notes", "1"],
        f"`amadeus generate --notes {_LONG}`": ["--notes", str(_LONG)],
    }
    loaded: dict[str, dict[str, Any]] = {
        "first note, loaded": {"tries": 1},
        "first note, loaded, with words": {"prompt": WORDS, "tries": 1},
        f"first note, loaded, with words, the best of {DEFAULT_CANDIDATES} openings": {
            "prompt": WORDS
        },
    }
    times: dict[str, list[float]] = {what: [] for what in (*commands, *loaded)}
    peaks: dict[str, float] = dict.fromkeys(commands, 0)
    for settings in loaded.values():
        _first_note(composer, turn=0, **settings)  # warms up
    for turn in range(rounds):
        progress("starting", turn, rounds)
        for what, arguments in commands.items():
            seconds, peak = _run([*arguments, "--model", model])
            times[what].append(seconds)
            peaks[what] = max(peaks[what], peak)
        for what, settings in loaded.items():
            times[what].append(_first_note(composer, turn=turn, **settings))
    return [Start(w, Spread(t), peaks.get(w) or None) for w, t in times.items()]


def _first_note(composer: Composer, *, turn: int, **settings: Any) -> float:
    """Mean seconds over several pieces, different ones in every turn."""
    start = perf_counter()
    for number in range(_PIECES):
        next(composer.stream(seed=turn * _PIECES + number, **settings))
    return (perf_counter() - start) / _PIECES


def _run(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds and MiB of `amadeus generate`, run as a process."""
    with tempfile.TemporaryDirectory() as folder:
        output = ["--seed", "0", "--output", str(Path(folder) / "piece.mid")]
        start = perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, "generate", *arguments, *output],
            capture_output=True, text=True,
        )  # fmt: skip
        seconds = perf_counter() - start
    if done.returncode:
        raise ConfigError(f"`amadeus generate` failed: {done.stderr.strip()}")
    return seconds, int(done.stderr.split()[-1]) / 1024
