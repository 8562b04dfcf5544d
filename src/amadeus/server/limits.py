"""How much anybody may ask for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from amadeus.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """All of them are at least 1."""

    bars: int = 512
    """Of a piece that is composed, or added to one."""
    notes: int = 8192
    """That one passage may get; a job that composes more fails."""
    job_seconds: int = 600
    """That a job may run."""
    running: int = 16
    """Jobs at once."""
    waiting: int = 64
    """Jobs that wait, of all clients together."""
    waiting_each: int = 8
    """Jobs that wait, of one client."""
    remembered: int = 256
    """Jobs that have ended and can still be asked for."""
    replayed: int = 16
    """Of these, how many with all of their events."""
    followers: int = 8
    """Who follow the events of one job."""
    body_bytes: int = 64 * 2**10
    body_seconds: int = 30
    """Until a request has begun, and from then until it has been sent whole."""
    midi_bytes: int = 4 * 2**20
    midi_notes: int = 50_000
    midi_seconds: int = 3600
    """Of music in a MIDI file."""
    making: int = 32
    """Files, captions and evaluations that wait to be made."""
    making_seconds: int = 120
    """That one of them may take."""
    making_memory: int = 2 * 2**30
    """Bytes of memory that one of them may take; where the system can limit it, as Linux can."""
    cache_bytes: int = 2**30
    """Of files that have been made and are kept."""
    pieces: int = 10_000
    """That are kept."""
    connections: int = 1000

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 1:
                raise ConfigError(f"the limit on {field.name} must be at least 1, got {value}")
