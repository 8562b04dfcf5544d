"""Plays a piece while it is composed: to a MIDI port, or as JSON lines on standard output."""

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
_MAX_AHEAD = 1024
"""Most notes composed ahead of playback."""


@contextmanager
def open_live(name: str) -> Iterator[Play]:
    """A player for "-" (standard output), a MIDI port, or virtual:NAME, a new MIDI port.

    Raises ConfigError if there is no such port, or MIDI support is not installed.
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
    """Composes notes in a separate thread, so that composing does not delay playback."""

    def __init__(self, notes: Notes) -> None:
        self.ended = False
        self._notes = notes
        self._queue: queue.Queue[PlayedNote | BaseException | None] = queue.Queue(_MAX_AHEAD)
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._compose, daemon=True)

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop composing."""
        self._cancelled.set()
        while self._thread.is_alive():
            with suppress(queue.Empty):  # the thread may be waiting for a free slot
                self._queue.get(timeout=0.01)

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float | None) -> PlayedNote | None:
        """The next note, or None if none arrives in time. Raises errors of the composer."""
        try:
            item = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(item, PlayedNote):
            return item
        self.ended = True
        if item is not None:
            raise item
        return None

    def _compose(self) -> None:
        end = None
        try:
            with closing(self._notes):
                for note in self._notes:
                    self._queue.put(note)
                    if self._cancelled.is_set():
                        return
        except BaseException as error:
            end = error
        self._queue.put(end)


def _print(notes: Notes) -> None:
    """Print each note as a line of JSON as soon as it is composed."""
    with closing(notes):
        for note in notes:
            print(json.dumps(asdict(note)), flush=True)


def _open_port(name: str) -> tuple[Any, Any]:
    """An output port, and the class of its messages."""
    try:
        import mido

        if name.startswith(_VIRTUAL):
            return mido.open_output(name.removeprefix(_VIRTUAL), virtual=True), mido.Message
        return mido.open_output(_find(name, mido.get_output_names())), mido.Message
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is not installed; run: pip install 'amadeus-music[live]'"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot open the MIDI port {name!r} ({error}); choose another, or use --live - to "
            "print notes as JSON lines"
        ) from None


def _find(name: str, ports: list[str]) -> str:
    """The port with this name, or the only one whose name contains it."""
    matches = [port for port in ports if name == port] or [p for p in ports if name in p]
    if len(matches) == 1:
        return matches[0]
    problem = "no MIDI port matches" if not matches else f"{len(matches)} MIDI ports match"
    available = ", ".join(map(repr, ports)) or "none"
    raise ConfigError(
        f"{problem} {name!r}; available ports: {available}; choose one, or {_VIRTUAL}NAME for a "
        "new port"
    )
