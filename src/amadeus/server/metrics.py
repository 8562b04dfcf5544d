"""Counters for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from amadeus.server.jobs import Job

_FIRST_NOTE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_JOB = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "amadeus_requests", "Requests by route and status.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._jobs = Counter(
            "amadeus_jobs", "Jobs that have ended.", ("kind", "outcome"), registry=self._registry
        )
        self._notes = Counter("amadeus_notes", "Notes that were streamed.", registry=self._registry)
        self._first_note = Histogram(
            "amadeus_first_note_seconds", "From the request to the first note.",
            buckets=_FIRST_NOTE, registry=self._registry,
        )  # fmt: skip
        self._job_seconds = Histogram(
            "amadeus_job_seconds", "From the request to the end of a job.", ("kind",),
            buckets=_JOB, registry=self._registry,
        )  # fmt: skip

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Ask for a value whenever all of them are asked for."""
        Gauge(name, meaning, registry=self._registry).set_function(read)

    def request(self, method: str, route: str, status: int) -> None:
        """A request was answered. route: its template, so that there are not too many of them."""
        self._requests.labels(method, route, str(status)).inc()

    def note(self, job: Job) -> None:
        """A note of a job was composed."""
        self._notes.inc()
        if job.progress.notes == 1:
            self._first_note.observe(time.monotonic() - job.began)

    def ended(self, job: Job) -> None:
        """A job has ended."""
        self._jobs.labels(job.task.kind, job.state).inc()
        if job.state == "done":
            self._job_seconds.labels(job.task.kind).observe(time.monotonic() - job.began)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
