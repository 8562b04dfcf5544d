"""How much a client may ask for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from amadeus.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of a server; each is at least 1."""

    bars: int = 512
    """Bars that one job composes."""
    notes: int = 8192
    """Notes of one passage; a job that composes more fails."""
    job_seconds: int = 600
    """Running time of a job."""
    running: int = 16
    """Jobs running at once."""
    waiting: int = 64
    """Jobs waiting, of all clients together."""
    waiting_each: int = 8
    """Jobs waiting, per client."""
    remembered: int = 256
    """Ended jobs that clients can still query."""
    replayed: int = 16
    """Ended jobs whose events can still be replayed."""
    followers: int = 8
    """Clients following the events of one job."""
    body_bytes: int = 64 * 2**10
    body_seconds: int = 30
    """Time to start a request, and again to send its whole body."""
    midi_bytes: int = 4 * 2**20
    midi_notes: int = 50_000
    midi_seconds: int = 3600
    """Length of the music in a MIDI file."""
    making: int = 32
    """Calls that wait for the worker process or run in it: files, captions and evaluations."""
    making_seconds: int = 120
    """Running time of one such call."""
    making_memory: int = 2 * 2**30
    """Bytes of memory that one such call may use; enforced on Linux."""
    cache_bytes: int = 2**30
    """Size of all cached files."""
    pieces: int = 10_000
    """Stored pieces."""
    connections: int = 1000

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 1:
                raise ConfigError(f"the limit on {field.name} must be at least 1, got {value}")
