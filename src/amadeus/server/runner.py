"""The runner: takes jobs from waiting to their end, and pieces from the composer to the store."""

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
from amadeus.server.composing import JobComposer
from amadeus.server.database import CannotStore
from amadeus.server.engine import Engine, EngineFailed, GivenUp, OutOfTime
from amadeus.server.jobs import Job, State, new_id, now
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.store import Store
from amadeus.server.tasks import Task
from amadeus.server.turns import Turns
from amadeus.server.view import summary_of

_LOG = logging.getLogger(__name__)
STOPPING = models.Fault(
    code="stopping", message="the server stops; ask again when it is back, with the same seed"
)

_DEFECT = models.Fault(code="internal", message="the server failed; its log says more")
_NO_THREAD = models.Fault(
    code="internal", message="the system gives the server no thread; ask for fewer jobs at once"
)
_CODES: dict[type[AmadeusError], str] = {OutOfTime: "timeout", EngineFailed: "internal"}
"""Of what goes wrong in a job; "invalid" for the rest."""
_OVERDUE = models.Fault(
    code="timeout", message="this takes too long; ask for less, or try again later"
)
_LAST_SECONDS = 5.0
"""Until threads that were told to give up have noticed."""
_WATCH_SECONDS = 1.0
_SAVE_SECONDS = 10.0
"""Between attempts to write pieces for which there was no room."""


class Stopping(BusyError):
    """No job is taken any more."""


class Runner:
    """Belongs to the event loop; every job that runs has a thread, in which it waits for notes."""

    def __init__(
        self, composer: Composer, engine: Engine, store: Store, limits: Limits, metrics: Metrics
    ) -> None:
        self._composer, self._engine, self._store = composer, engine, store
        self._limits, self._metrics = limits, metrics
        self._loop = asyncio.get_running_loop()
        self._turns: Turns[Job] = Turns(limits.waiting, limits.waiting_each)
        self._composers: dict[Job, JobComposer] = {}
        self._jobs: dict[str, Job] = {}
        self._ended: deque[Job] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self.is_stopping = False

    @property
    def is_alive(self) -> bool:
        """Whether anything can be composed."""
        return self._engine.fault() is None

    @property
    def running(self) -> int:
        return self._turns.running

    @property
    def waiting(self) -> int:
        return len(self._turns)

    def check_room(self, client: str) -> None:
        """Raises Stopping, EngineFailed or BusyError where a job would be refused."""
        if self.is_stopping:
            raise Stopping(STOPPING.message)
        if (error := self._engine.fault()) is not None:
            raise error
        self._turns.check_room(client)

    def submit(self, task: Task, client: str) -> Job:
        """Take a job. Raises as `check_room` does."""
        self.check_room(client)
        job = Job(task, client)
        self._turns.add(client, job)
        self._jobs[job.id] = job
        job.set_state("queued", self.position(job))
        self._fill()
        return job

    def get(self, id: str) -> Job | None:
        return self._jobs.get(id)

    def jobs(self) -> list[Job]:
        """Those that wait, run or have ended lately, newest first."""
        return list(reversed(self._jobs.values()))

    def position(self, job: Job) -> int:
        """How many jobs begin before it; 0 unless it waits."""
        order = self._turns.order() if job.state == "queued" else []
        return order.index(job) if job in order else 0

    def cancel(self, job: Job) -> None:
        """Give a job up, unless it has ended or its piece is being written."""
        self._give_up(job, "cancelled")

    def leave(self, job: Job) -> None:
        """A follower has left."""
        if job.task.request.cancel_on_disconnect and not job.followers:
            self.cancel(job)

    async def watch(self) -> None:
        """End jobs that are stuck, until cancelled."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            self.end_stuck(time.monotonic())

    async def save(self) -> None:
        """Write the pieces that are held in memory as soon as there is room, until cancelled."""
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            with suppress(CannotStore):
                await asyncio.to_thread(self._store.save_held)

    def end_stuck(self, now: float) -> None:
        """End the jobs that would never end by themselves. now: by `time.monotonic`."""
        if (error := self._engine.fault()) is not None:
            fault = models.Fault(code="internal", message=str(error))
            for job in [*self._turns.order(), *self._composers]:
                self._give_up(job, "failed", fault)
        for job, composer in list(self._composers.items()):
            if now > composer.deadline + _LAST_SECONDS:
                job.claim()  # so that its piece is not kept, if it still comes
                composer.give_up()
                self._finish(job, None, _OVERDUE)

    async def stop(self, seconds: float) -> None:
        """Refuse new jobs, give jobs that run so many seconds, and give up the rest."""
        self.is_stopping = True
        for job in self._turns.order():
            self._give_up(job, "failed", STOPPING)
        if not await self._is_idle_within(seconds):
            for job in list(self._composers):
                self._give_up(job, "failed", STOPPING)
            await self._is_idle_within(_LAST_SECONDS)

    async def _is_idle_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def _fill(self) -> None:
        """Let jobs begin, as far as there is room."""
        while len(self._turns) and self._turns.running < self._limits.running:
            job = self._turns.take()
            composer = JobComposer(self._composer, self._engine, self._limits)
            self._composers[job] = composer
            self._idle.clear()
            job.set_state("running")
            thread = threading.Thread(
                target=self._work, args=(job, composer), name=job.id, daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the system gives no more of them
                self._finish(job, None, _NO_THREAD)

    def _work(self, job: Job, composer: JobComposer) -> None:
        """Do a job, in its thread."""

        def tell(event: str, data: BaseModel) -> None:
            self._loop.call_soon_threadsafe(self._hear, job, event, data)

        fault: models.Fault | None = None
        piece: str | None = None
        try:
            score = job.task.run(composer, tell)
            midi, summary = encode_midi(score), summary_of(score, job.task.profile)
            if job.claim():
                piece, fault = self._keep(job.task, midi, summary)
        except GivenUp:
            pass
        except AmadeusError as error:
            fault = models.Fault(code=_CODES.get(type(error), "invalid"), message=str(error))
        except BaseException:  # whatever ends the thread ends the job
            _LOG.exception("job %s failed", job.id)
            fault = _DEFECT
        self._loop.call_soon_threadsafe(self._finish, job, piece, fault)

    def _keep(
        self, task: Task, midi: bytes, summary: models.Summary
    ) -> tuple[str, models.Fault | None]:
        """The identifier of a piece, and what keeps it from being written; it is in memory then."""
        id = new_id()
        try:
            self._store.add(
                id=id, created=now(), title=task.title, kind=task.kind, parent=task.parent,
                settings=task.settings, summary=summary, midi=midi, hold=True,
            )  # fmt: skip
        except CannotStore as error:
            _LOG.warning("piece %s is held in memory: %s", id, error)
            message = f"{error}; until then piece {id} is held in memory, and can be downloaded"
            return id, models.Fault(code="full", message=message)
        return id, None

    def _hear(self, job: Job, event: str, data: BaseModel) -> None:
        """Something has been composed."""
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
        """A job's thread has ended, or is waited for no longer."""
        if self._composers.pop(job, None) is None:
            return
        job.task.forget()
        self._turns.end(job.client)
        if not self._composers:
            self._idle.set()
        job.piece = piece
        if piece is not None and fault is None:
            self._close(job, "done")
        elif not job.has_ended:
            job.error = fault or _DEFECT
            self._close(job, "failed")
        self._fill()

    def _give_up(self, job: Job, state: State, fault: models.Fault | None = None) -> None:
        if job.has_ended or not job.claim():
            return
        if job.state == "queued":
            self._turns.remove(job)
            job.task.forget()
        else:
            self._composers[job].give_up()
        job.error = fault
        self._close(job, state)

    def _close(self, job: Job, state: State) -> None:
        job.set_state(state)
        self._metrics.ended(job)
        self._ended.append(job)
        if len(self._ended) > self._limits.replayed:
            self._ended[-self._limits.replayed - 1].forget()
        if len(self._ended) > self._limits.remembered:
            del self._jobs[self._ended.popleft().id]
