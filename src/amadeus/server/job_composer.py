"""A composer for one job, which sends its requests to the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from amadeus.errors import AmadeusError
from amadeus.inference.composer import Composer
from amadeus.inference.composition import OnRow
from amadeus.inference.request import Request
from amadeus.inference.settings import OnProgress
from amadeus.server.engine import Cancelled, Engine, RowStream
from amadeus.server.limits import Limits
from amadeus.tokens.vocabulary import Attribute, opens_bar


class JobComposer(Composer):
    """Composes in the engine's shared batch, and can be cancelled from another thread."""

    def __init__(self, composer: Composer, engine: Engine, limits: Limits) -> None:
        """composer: shares its model and text encoder. The job's time limit starts now."""
        super().__init__(composer.model, name=composer.name)
        self.context, self.planner = composer.context, composer.planner
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

    def compose(
        self,
        requests: Sequence[Request],
        *,
        progress: OnProgress | None = None,
        on_row: OnRow | None = None,
    ) -> list[np.ndarray]:
        rows: list[list[np.ndarray]] = [[*request.prompt] for request in requests]
        bars = count = 0
        for index, row in self._arrivals(requests):
            rows[index].append(row)
            bars, count = bars + int(opens_bar(row[Attribute.TYPE])), count + 1
            if on_row is not None:
                on_row(index, row)
            if progress is not None:
                progress(bars, count)
        return [np.stack(piece) for piece in rows]

    def _rows(self, request: Request) -> Iterator[np.ndarray]:
        return (row for _, row in self._arrivals([request]))

    def _arrivals(self, requests: Sequence[Request]) -> Iterator[tuple[int, np.ndarray]]:
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
