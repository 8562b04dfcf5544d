"""The scheduler: starts waiting jobs, streams their events, and stores the pieces they compose."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from contextlib import suppress

from pydantic import BaseModel

from amadeus.errors import AmadeusError, BusyError
from amadeus.inference.composer import Composer
from amadeus.music.midi import encode_midi
from amadeus.server import models
from amadeus.server.database import CannotStore
from amadeus.server.engine import Cancelled, Engine, EngineFailed, OutOfTime
from amadeus.server.fair_queue import FairQueue
from amadeus.server.job_runner import JobRunner
from amadeus.server.jobs import Job, State, new_id, now
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.store import Store
from amadeus.server.tasks import Task
from amadeus.server.view import summary_of

_LOG = logging.getLogger(__name__)
STOPPING = models.Fault(
    code="stopping", message="the server is stopping; try again when it is back, with the same seed"
)

_DEFECT = models.Fault(code="internal", message="the server failed; see its log")
_NO_THREAD = models.Fault(
    code="internal", message="the system has no threads left; run fewer jobs at once"
)
_CODES: dict[type[AmadeusError], str] = {OutOfTime: "timeout", EngineFailed: "internal"}
"""Codes of the errors that end a job; all others have the code "invalid"."""
_OVERDUE = models.Fault(
    code="timeout", message="this takes too long; ask for fewer bars, or try again later"
)
_CANCEL_SECONDS = 5.0
"""Time for the threads of cancelled jobs to end."""
_WATCH_SECONDS = 1.0
_SAVE_SECONDS = 10.0
"""Time between attempts to store pieces that did not fit on the disk."""


class Stopping(BusyError):
    """The server is stopping and accepts no more jobs."""


class Scheduler:
    """Used on the event loop. Each running job has a thread, which waits for its notes."""

    def __init__(
        self, composer: Composer, engine: Engine, store: Store, limits: Limits, metrics: Metrics
    ) -> None:
        self._composer, self._engine, self._store = composer, engine, store
        self._limits, self._metrics = limits, metrics
        self._loop = asyncio.get_running_loop()
        self._queue: FairQueue[Job] = FairQueue(limits.waiting, limits.waiting_each)
        self._runners: dict[Job, JobRunner] = {}
        self._jobs: dict[str, Job] = {}
        self._ended: deque[Job] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self.is_stopping = False

    @property
    def is_alive(self) -> bool:
        """Whether the engine can compose."""
        return self._engine.fault() is None

    @property
    def running(self) -> int:
        return self._queue.running

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def check_capacity(self, client: str) -> None:
        """Raises Stopping, EngineFailed or BusyError if a new job would be refused."""
        if self.is_stopping:
            raise Stopping(STOPPING.message)
        if (error := self._engine.fault()) is not None:
            raise error
        self._queue.check_capacity(client)

    def submit(self, task: Task, client: str) -> Job:
        """Queue a job. Raises the errors of `check_capacity`."""
        self.check_capacity(client)
        job = Job(task, client)
        self._queue.add(client, job)
        self._jobs[job.id] = job
        job.set_state("queued", self.position(job))
        self._start_waiting()
        return job

    def get(self, id: str) -> Job | None:
        return self._jobs.get(id)

    def jobs(self) -> list[Job]:
        """Waiting, running and recently ended jobs, newest first."""
        return list(reversed(self._jobs.values()))

    def position(self, job: Job) -> int:
        """Number of jobs that start before it; 0 unless it is waiting."""
        order = self._queue.order() if job.state == "queued" else []
        return order.index(job) if job in order else 0

    def cancel(self, job: Job) -> None:
        """Cancel a job, unless it has ended or its piece is being stored."""
        self._abort(job, "cancelled")

    def follower_left(self, job: Job) -> None:
        """A client has stopped following a job's events."""
        if job.task.request.cancel_on_disconnect and not job.followers:
            self.cancel(job)

    async def watch(self) -> None:
        """Background task: end jobs that are stuck."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            self.end_stuck(time.monotonic())

    async def save(self) -> None:
        """Background task: store the pieces held in memory once there is disk space."""
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            with suppress(CannotStore):
                await asyncio.to_thread(self._store.save_unsaved)

    def end_stuck(self, now: float) -> None:
        """End jobs that would never end on their own. now: by `time.monotonic`."""
        if (error := self._engine.fault()) is not None:
            fault = models.Fault(code="internal", message=str(error))
            for job in [*self._queue.order(), *self._runners]:
                self._abort(job, "failed", fault)
        for job, runner in list(self._runners.items()):
            if now > runner.deadline + _CANCEL_SECONDS:
                job.claim()  # its piece is not stored if it arrives later
                runner.cancel()
                self._finish(job, None, _OVERDUE)

    async def stop(self, seconds: float) -> None:
        """Refuse new jobs, wait up to `seconds` for running jobs, and cancel the rest."""
        self.is_stopping = True
        for job in self._queue.order():
            self._abort(job, "failed", STOPPING)
        if not await self._is_idle_within(seconds):
            for job in list(self._runners):
                self._abort(job, "failed", STOPPING)
            await self._is_idle_within(_CANCEL_SECONDS)

    async def _is_idle_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def _start_waiting(self) -> None:
        """Start waiting jobs, up to the limit on running jobs."""
        while len(self._queue) and self._queue.running < self._limits.running:
            job = self._queue.take()
            runner = self._runners[job] = JobRunner(self._engine, self._limits)
            self._idle.clear()
            job.set_state("running")
            thread = threading.Thread(
                target=self._run_job, args=(job, runner), name=job.id, daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the system's limit on threads
                self._finish(job, None, _NO_THREAD)

    def _run_job(self, job: Job, runner: JobRunner) -> None:
        """The thread of a job."""

        def emit(event: str, data: BaseModel) -> None:
            self._loop.call_soon_threadsafe(self._handle_event, job, event, data)

        fault: models.Fault | None = None
        piece: str | None = None
        try:
            score = job.task.run(self._composer.with_runner(runner), emit)
            midi, summary = encode_midi(score), summary_of(score, job.task.profile)
            if job.claim():
                piece, fault = self._store_piece(job.task, midi, summary)
        except Cancelled:
            pass
        except AmadeusError as error:
            fault = models.Fault(code=_CODES.get(type(error), "invalid"), message=str(error))
        except BaseException:  # the job must not outlive its thread
            _LOG.exception("job %s failed", job.id)
            fault = _DEFECT
        self._loop.call_soon_threadsafe(self._finish, job, piece, fault)

    def _store_piece(
        self, task: Task, midi: bytes, summary: models.Summary
    ) -> tuple[str, models.Fault | None]:
        """Store a piece. Returns its id, and an error if it could only be held in memory."""
        id = new_id()
        try:
            self._store.add(
                id=id, created=now(), title=task.title, kind=task.kind, parent=task.parent,
                settings=task.settings, summary=summary, midi=midi, keep_in_memory=True,
            )  # fmt: skip
        except CannotStore as error:
            _LOG.warning("piece %s is held in memory: %s", id, error)
            message = f"{error}; until then, piece {id} is held in memory and can be downloaded"
            return id, models.Fault(code="full", message=message)
        return id, None

    def _handle_event(self, job: Job, event: str, data: BaseModel) -> None:
        """Update the job's progress, and publish an event."""
        if job.has_ended:
            return
        if isinstance(data, models.Progress):
            job.progress = data
        elif isinstance(data, models.Bar):
            job.progress.bars += 1
        elif event == "note":
            job.progress.notes += 1
            self._metrics.note(job)
        job.publish(event, data.model_dump())

    def _finish(self, job: Job, piece: str | None, fault: models.Fault | None) -> None:
        """A job's thread has ended, or has been abandoned."""
        if self._runners.pop(job, None) is None:
            return
        job.task.release_score()
        self._queue.end(job.client)
        if not self._runners:
            self._idle.set()
        job.piece = piece
        if piece is not None and fault is None:
            self._end(job, "done")
        elif not job.has_ended:
            job.error = fault or _DEFECT
            self._end(job, "failed")
        self._start_waiting()

    def _abort(self, job: Job, state: State, fault: models.Fault | None = None) -> None:
        if job.has_ended or not job.claim():
            return
        if job.state == "queued":
            self._queue.remove(job)
            job.task.release_score()
        else:
            self._runners[job].cancel()
        job.error = fault
        self._end(job, state)

    def _end(self, job: Job, state: State) -> None:
        job.set_state(state)
        self._metrics.ended(job)
        self._ended.append(job)
        if len(self._ended) > self._limits.replayed:
            self._ended[-self._limits.replayed - 1].discard_history()
        if len(self._ended) > self._limits.remembered:
            del self._jobs[self._ended.popleft().id]
