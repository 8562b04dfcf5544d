"""The runner of one job, which composes its requests in the engine's shared batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from amadeus.errors import AmadeusError
from amadeus.inference.request import Request
from amadeus.server.engine import Cancelled, Engine, RowStream
from amadeus.server.limits import Limits


class JobRunner:
    """A `Runner` that has a time limit and can be cancelled from another thread."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        """The job's time limit starts now."""
        self._engine, self._limits = engine, limits
        self.deadline = time.monotonic() + limits.job_seconds
        """Latest time to compose until, by `time.monotonic`."""
        self._lock = threading.Lock()
        self._stream: RowStream | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """Make current and later requests raise Cancelled."""
        with self._lock:
            self._cancelled = True
            if self._stream is not None:
                self._engine.cancel(self._stream)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, np.ndarray]]:
        """See `Runner`. Raises AmadeusError for a piece that is too long."""
        with self._lock:
            if self._cancelled:
                raise Cancelled
            stream = self._stream = self._engine.compose(requests)
        counts = [0] * len(requests)
        try:
            for index, row in stream.rows(self.deadline):
                counts[index] += 1
                if counts[index] > self._limits.notes:
                    raise AmadeusError(
                        f"the piece has more than {self._limits.notes:,} notes; ask for fewer "
                        "bars, or set a maximum number of notes"
                    )
                yield index, row
        finally:
            self._engine.cancel(stream)
