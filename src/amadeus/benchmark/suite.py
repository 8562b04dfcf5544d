"""What is timed against what: one table for each question."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from amadeus.benchmark import floors, starting
from amadeus.benchmark.engines import engines, fastest, naive
from amadeus.benchmark.networks import Network, load_network, preset_network
from amadeus.benchmark.timing import Load, Measured, Progress, System, measure
from amadeus.errors import ConfigError
from amadeus.inference.device.fusing import Fuser
from amadeus.inference.native import default_threads
from amadeus.model.config import PRESETS
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

TABLES = ("systems", "batch", "steps", "contexts", "presets", "start")
EXTRA = ("miditok", "transformers", "pyarrow")
"""What the baselines need, besides what Amadeus needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What to time. Raises ConfigError for what cannot be."""

    model: str
    only: Sequence[str] = TABLES
    presets: Sequence[str] = ("nano", "small", "base", "large")
    batches: Sequence[int] = (1, 4, 16)
    steps: Sequence[int] = (1, 2, 4, 8)
    contexts: Sequence[int] = (256, 1024, 4096)
    rounds: int = 5
    seconds: float = 1.0
    """Of a take."""
    device: str | None = None
    """Where torch runs besides the CPU."""

    def __post_init__(self) -> None:
        for name, given, known in (("table", self.only, TABLES), ("preset", self.presets, PRESETS)):
            for one in given:
                if one not in known:
                    raise ConfigError(f"there is no {name} {one!r}; choose of {', '.join(known)}")
        if min(*self.batches, *self.contexts, *self.steps, self.rounds) < 1:
            raise ConfigError("batches, contexts, steps and rounds must be at least 1")
        if max(self.steps) > NUM_ATTRIBUTES:
            raise ConfigError(f"steps must be 1 to {NUM_ATTRIBUTES}, got {max(self.steps)}")

    @property
    def preset_loads(self) -> list[Load]:
        """What every preset is asked to do: more than one piece on a GPU, which is made for it."""
        return [Load()] if self.device is None else [Load(batch=batch) for batch in self.batches]


@dataclass(slots=True)
class Results:
    """Everything that was found; what was not asked for is empty."""

    settings: Settings
    networks: dict[str, Network] = field(default_factory=dict)
    """By preset, or the name of the model."""
    timed: dict[str, list[Measured]] = field(default_factory=dict)
    """By table."""
    starts: list[starting.Start] = field(default_factory=list)
    machine: floors.Machine | None = None
    """Measured along with the presets."""
    computer: dict[str, Any] = field(default_factory=dict)


def missing_extra() -> list[str]:
    """The packages that the baselines need and that are not installed."""
    return [name for name in EXTRA if find_spec(name) is None]


def find_device(name: str | None) -> str | None:
    """The device of this name, or a GPU where there is one; None for the CPU, which runs anyway.

    Raises ConfigError for a device that is not here.
    """
    if name is None:
        return "cuda" if torch.cuda.is_available() else None
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(
            f"torch cannot run on device {name!r} here ({problem}); leave --device out, or install "
            "a torch for it"
        ) from None
    return None if name == "cpu" else name


def run(settings: Settings, progress: Progress) -> Results:
    """Time all that was asked for."""
    results = Results(settings)
    before = load_average()
    with _threads(default_threads()):
        if "start" in settings.only:
            results.starts = starting.measure_starts(settings.model, settings.rounds, progress)
        network = load_network(settings.model)
        results.networks[settings.model] = network
        systems = _systems(network, settings)
        for table, pairs in _pairs(settings, systems, network).items():
            if table in settings.only:
                results.timed[table] = measure(
                    pairs, rounds=settings.rounds, seconds=settings.seconds, progress=progress
                )
        if "presets" in settings.only:
            _time_presets(results, progress)
        results.computer = describe_computer(settings.device)
    results.computer |= {"load_average": {"before": before, "after": load_average()}}
    return results


def _systems(network: Network, settings: Settings) -> list[System]:
    """Our engines, and the baselines that there are; the first is what others are compared with."""
    if set(settings.only) <= {"presets", "start"}:
        return []
    systems = engines(network, settings.device)
    if not missing_extra():
        from amadeus.benchmark.autoregressive import autoregressive
        from amadeus.benchmark.flat import flat

        systems += [autoregressive(network), flat(network)]
    return systems


def _pairs(
    settings: Settings, systems: list[System], network: Network
) -> dict[str, list[tuple[System, Load]]]:
    """What is timed in each table of systems."""
    ours = systems[: len(systems) - (0 if missing_extra() else 2)]
    alone = [naive(network)] if systems else []
    return {
        "systems": [(system, Load()) for system in [*systems, *alone]],
        "batch": [(s, Load(batch=batch)) for s in systems for batch in settings.batches],
        "steps": [(s, Load(steps=steps)) for s in ours for steps in settings.steps],
        "contexts": [(s, Load(context=context)) for s in systems for context in settings.contexts],
    }


def _time_presets(results: Results, progress: Progress) -> None:
    """The fastest engine on every preset, and the machine's own pace before and after."""
    settings = results.settings
    networks = {preset: preset_network(preset) for preset in settings.presets}
    before = floors.measure_machine(settings.device)
    systems = [fastest(network, settings.device) for network in networks.values()]
    results.timed["presets"] = measure(
        [(system, load) for system in systems for load in settings.preset_loads],
        rounds=settings.rounds, seconds=settings.seconds, progress=progress,
    )  # fmt: skip
    results.machine = before.or_faster(floors.measure_machine(settings.device))
    results.networks |= networks


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As many threads in torch as the compiled core takes."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe_computer(device: str | None) -> dict[str, Any]:
    """What was timed on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": default_threads(),
        "torch_threads": torch.get_num_threads(),
        "device": None if device is None else _device_name(device),
        "fused": device is not None and Fuser(torch.device(device)).works,
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def load_average() -> list[float] | None:
    """Runnable processes over 1, 5 and 15 minutes; None where the system has no such count."""
    return [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None
