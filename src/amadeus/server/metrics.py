"""Metrics for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from amadeus.server.jobs import Job

_FIRST_NOTE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_JOB = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600)


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "amadeus_requests", "Requests by route and status.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._jobs = Counter(
            "amadeus_jobs", "Jobs ended.", ("kind", "outcome"), registry=self._registry
        )
        self._notes = Counter("amadeus_notes", "Notes streamed.", registry=self._registry)
        self._first_note = Histogram(
            "amadeus_first_note_seconds", "Time from the request to the first note.",
            buckets=_FIRST_NOTE, registry=self._registry,
        )  # fmt: skip
        self._job_seconds = Histogram(
            "amadeus_job_seconds", "Time from the request to the end of a job.", ("kind",),
            buckets=_JOB, registry=self._registry,
        )  # fmt: skip

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Register a gauge, whose value is read at each scrape."""
        Gauge(name, description, registry=self._registry).set_function(read)

    def request(self, method: str, route: str, status: int) -> None:
        """Count a request. route: the template of its path, to keep the number of labels small."""
        self._requests.labels(method, route, str(status)).inc()

    def note(self, job: Job) -> None:
        """Count a composed note."""
        self._notes.inc()
        if job.progress.notes == 1:
            self._first_note.observe(time.monotonic() - job.began)

    def ended(self, job: Job) -> None:
        """Count a job that has ended."""
        self._jobs.labels(job.task.kind, job.state).inc()
        if job.state == "done":
            self._job_seconds.labels(job.task.kind).observe(time.monotonic() - job.began)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)
