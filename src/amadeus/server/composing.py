"""A composer for one job: what it does is what any composer does, but the engine does the work."""

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
from amadeus.server.engine import Engine, GivenUp, Passages
from amadeus.server.limits import Limits
from amadeus.tokens.vocabulary import Attribute, opens_bar


class JobComposer(Composer):
    """Composes beside the pieces of others, and can be told to give up from another thread."""

    def __init__(self, composer: Composer, engine: Engine, limits: Limits) -> None:
        """composer: whose model and text encoder are shared. The job's time begins now."""
        super().__init__(composer.model, name=composer.name)
        self.context, self.planner = composer.context, composer.planner
        self._engine, self._limits = engine, limits
        self.deadline = time.monotonic() + limits.job_seconds
        """By `time.monotonic`; composing ends then at the latest."""
        self._lock = threading.Lock()
        self._passages: Passages | None = None
        self._given_up = False

    def give_up(self) -> None:
        """Have whatever is being composed, or asked for later, raise GivenUp."""
        with self._lock:
            self._given_up = True
            if self._passages is not None:
                self._engine.give_up(self._passages)

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
            if self._given_up:
                raise GivenUp
            passages = self._passages = self._engine.compose(requests)
        counts = [0] * len(requests)
        try:
            for index, row in passages.rows(self.deadline):
                counts[index] += 1
                if counts[index] > self._limits.notes:
                    raise AmadeusError(
                        f"more than {self._limits.notes:,} notes; ask for fewer bars, or set notes"
                    )
                yield index, row
        finally:
            self._engine.give_up(passages)
