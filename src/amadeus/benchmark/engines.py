"""Our own engines as systems to be timed, and what they are given to go on from."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from amadeus.benchmark.networks import Network
from amadeus.benchmark.timing import Load, System, Tick
from amadeus.inference.composition import compose
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.music.score import NOTE_DTYPE, Score, Track
from amadeus.tokens import encode

if TYPE_CHECKING:
    from amadeus.inference.composition import Model

_BARS = 2**20
"""More than any piece has, so that none ends early."""
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


@cache
def scales(rows: int) -> np.ndarray:
    """The first rows of a piece of scales in eighths, [N, A]."""
    notes = np.zeros(rows, dtype=NOTE_DTYPE)
    notes["onset_ticks"], notes["duration_ticks"] = 240 * np.arange(rows), 240
    notes["pitch"], notes["velocity"] = np.resize(_SCALE, rows), 80
    return encode(Score(ticks_per_quarter=480, tracks=(Track(0, notes),)))[:rows]


def engines(network: Network, device: str | None = None) -> list[System]:
    """The compiled core where there is one, and torch, on the CPU and on a device besides."""
    systems = [] if network.native is None else [_engine("compiled core", network, network.native)]
    systems.append(_engine("torch", network, network.torch))
    return systems if device is None else [_on_device(network, device), *systems]


def fastest(network: Network, device: str | None = None) -> System:
    """What `amadeus generate` would run it in, on the CPU or on a device."""
    if device is not None:
        return _on_device(network, device)
    if network.native is None:
        return _engine("torch", network, network.torch)
    return _engine("compiled core", network, network.native)


def _on_device(network: Network, device: str) -> System:
    from copy import deepcopy

    from amadeus.inference.device.engine import DeviceEngine

    model = deepcopy(network.torch).to_device(device)
    return replace(_engine(f"graphs, {device}", network, model), at_once=DeviceEngine.most_ahead)


def naive(network: Network) -> System:
    """Composing one piece without a cache: `inference.naive`."""
    from amadeus.inference.naive import compose_naively

    def play(load: Load, events: int, tick: Tick) -> None:
        # Before each row but after its contexts are read: from call to call it is a whole note.
        request = replace(_requests(load, events)[0], constrain=lambda _: tick())
        compose_naively(network.torch, request, load.context + events + 2)

    return System("torch without a cache", network.parameters, play)


def _engine(name: str, network: Network, model: Model) -> System:
    def play(load: Load, events: int, tick: Tick) -> None:
        def on_row(index: int, _: np.ndarray) -> None:
            if index == load.batch - 1:
                tick()

        context = load.context + events + 2
        requests = _requests(load, events)
        compose(model, requests, max_pieces=load.batch, context=context, on_row=on_row)

    return System(name, network.parameters, play)


def _requests(load: Load, events: int) -> list[Request]:
    return [
        Request(
            prompt=scales(load.context), num_bars=_BARS, max_notes=events, seed=seed,
            unmask=sampling_config(steps=load.steps),
        )
        for seed in range(load.batch)
    ]  # fmt: skip
