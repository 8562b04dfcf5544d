"""Playing a piece while it is composed: into a MIDI port, or as JSON lines on standard output."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from typing import Any

from amadeus.errors import ConfigError
from amadeus.music.performance import PlayedNote, perform

Notes = Generator[PlayedNote, None, None]
Play = Callable[[Notes], None]
"""Plays notes until they end."""

STDOUT = "-"
_VIRTUAL = "virtual:"
_MOST_AHEAD = 1024
"""Notes that are composed before they sound."""


@contextmanager
def open_live(name: str) -> Iterator[Play]:
    """What plays into "-" (standard output), into a MIDI port, or into a new one, virtual:NAME.

    Raises ConfigError where there is no such port, or nothing to reach it with.
    """
    if name == STDOUT:
        yield _print
        return
    port, message = _open_port(name)

    def play(notes: Notes) -> None:
        with Ahead(notes) as arrivals:
            perform(arrivals, lambda data: port.send(message.from_bytes(data)))

    with closing(port):
        yield play


class Ahead:
    """Draws notes in a thread of its own, so that composing holds up no note that is due."""

    def __init__(self, notes: Notes) -> None:
        self.ended = False
        self._notes = notes
        self._queue: queue.Queue[PlayedNote | BaseException | None] = queue.Queue(_MOST_AHEAD)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give up what is still to be composed."""
        self._given_up.set()
        while self._thread.is_alive():
            with suppress(queue.Empty):  # it may be waiting for room
                self._queue.get(timeout=0.01)

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float | None) -> PlayedNote | None:
        """The next note, or None if none arrives in time. Raises what composing raised."""
        try:
            arrived = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(arrived, PlayedNote):
            return arrived
        self.ended = True
        if arrived is not None:
            raise arrived
        return None

    def _draw(self) -> None:
        end = None
        try:
            with closing(self._notes):
                for note in self._notes:
                    self._queue.put(note)
                    if self._given_up.is_set():
                        return
        except BaseException as error:
            end = error
        self._queue.put(end)


def _print(notes: Notes) -> None:
    """Write every note as a line of JSON as soon as it is composed."""
    with closing(notes):
        for note in notes:
            print(json.dumps(asdict(note)), flush=True)


def _open_port(name: str) -> tuple[Any, Any]:
    """A port to send to, and the class of its messages."""
    try:
        import mido

        if name.startswith(_VIRTUAL):
            return mido.open_output(name.removeprefix(_VIRTUAL), virtual=True), mido.Message
        return mido.open_output(_find(name, mido.get_output_names())), mido.Message
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"playing into MIDI ports needs {error.name}; run: pip install 'amadeus-music[live]'"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"MIDI port {name!r} cannot be opened ({error}); choose another, or --live - for "
            "notes as JSON lines"
        ) from None


def _find(name: str, ports: list[str]) -> str:
    """The port of this name, or the only one with the name in its own."""
    fitting = [port for port in ports if name == port] or [p for p in ports if name in p]
    if len(fitting) == 1:
        return fitting[0]
    problem = "no MIDI port is" if not fitting else f"{len(fitting)} MIDI ports are"
    there = ", ".join(map(repr, ports)) or "none"
    raise ConfigError(
        f"{problem} named {name!r}; there are: {there}; name one of them, or {_VIRTUAL}NAME "
        "for a new one"
    )
