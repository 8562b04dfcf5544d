"""The training loop. On several devices, start it with `torchrun`."""

from __future__ import annotations

import atexit
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Subset

from amadeus.corpus.dataset import Batch, Excerpts, Openings, count_rows
from amadeus.corpus.shards import Shards
from amadeus.errors import ConfigError, CorpusError, TrainingError
from amadeus.model import Amadeus
from amadeus.model.checkpoint import save_checkpoint
from amadeus.text.pretrained import CaptionTokenizer, TextEncoder, find_encoder
from amadeus.tokens.vocabulary import Attribute, RowType
from amadeus.training.average import WeightAverage
from amadeus.training.beginning import first_objective
from amadeus.training.config import TrainConfig
from amadeus.training.loss import Losses, Noise, Objective
from amadeus.training.optimizer import build_optimizers, rate, set_rate
from amadeus.training.precision import choose_precision, peak_flops
from amadeus.training.state import load_state, save_state
from amadeus.training.utilization import UpdateFlops
from amadeus.training.validation import Nats, validate

REPORT_EVERY = 20
"""Steps between reports; the first so many steps are reported one by one."""
REPORT_SECONDS = 60.0
"""Slower runs report after this long."""
Build = Callable[[TrainConfig], Objective]


@dataclass(slots=True)
class Progress:
    """What `on_step` is told."""

    step: int
    steps: int
    loss: float
    """Training loss in nats per note, the mean since the last report."""
    gradient_norm: float
    """Mean norm of the gradient before clipping."""
    notes_per_second: float
    utilization: float | None
    """Share of the speed of large matrix products that the updates reach, from 0 to 1; None for a
    model whose arithmetic is not known."""
    nats: Nats | None = None
    """Validation, where it is its turn."""


class Trainer:
    """One process of a training run."""

    def __init__(
        self, config: TrainConfig, *, device: str | None = None, build: Build | None = None
    ) -> None:
        """build: makes the model and its loss; those of Amadeus if left out."""
        self.config = config
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if config.batch_size % self.world:
            raise ConfigError(f"batch_size {config.batch_size} must be divisible by {self.world}")
        self.device = _device(device)
        on_cuda = self.device.type == "cuda"
        self.precision = choose_precision(config.precision, self.device)
        self.voters: Any = None
        if self.world > 1:
            if not dist.is_initialized():
                dist.init_process_group("nccl" if on_cuda else "gloo")
                # Its threads would outlive the interpreter, which sometimes aborts the process.
                atexit.register(dist.destroy_process_group)
            self.voters = dist.new_group(backend="gloo")  # votes do not wait for the device

        torch.manual_seed(config.seed)
        self.objective = (build or first_objective)(config).to(self.device)
        self.model = self.objective.model
        self.average = WeightAverage(self.objective, config.average) if config.average else None
        self.optimizers = build_optimizers(
            self.model, kind=config.optimizer, lr=config.lr, matrix_lr=config.matrix_lr,
            weight_decay=config.weight_decay, profile_lr=config.profile_lr,
        )  # fmt: skip
        step: Any = self.objective
        if self.world > 1:
            step = DistributedDataParallel(step, find_unused_parameters=True)
        compiled = on_cuda if config.compile is None else config.compile
        self.forward = torch.compile(step) if compiled else step
        self.flops = UpdateFlops(self.model) if build is None else None
        self.peak = peak_flops(self.precision, self.device)

        self.tokenizer = self.encode_text = None
        if config.text:
            folder = find_encoder(config.text_encoder)
            self.tokenizer = CaptionTokenizer(folder, self.model.config.max_text)
            self.encode_text = TextEncoder(folder, self.device)
        self._open_data()

    def _open_data(self) -> None:
        config = self.config
        self.train_shards = Shards(config.shards, "train")
        if not len(self.train_shards):
            raise CorpusError(f"{config.shards} holds no training pieces; build a larger corpus")
        seed = config.seed * 1_000_003 + self.rank
        excerpts = config.excerpt_config(config.batch_size // self.world, seed)
        self.excerpts = Excerpts(self.train_shards, excerpts, self.tokenizer)
        self.openings = Openings(
            Shards(config.shards, "validation"), config.rows, 16, self.tokenizer,
            config.validation_pieces, profile=config.profile,
        )  # fmt: skip

    @property
    def best(self) -> Objective:
        """What is validated, sampled from and saved: the averaged weights where there are any."""
        return self.objective if self.average is None else self.average.objective

    def run(
        self,
        *,
        resume: bool = False,
        max_minutes: float | None = None,
        on_step: Callable[[Progress], None] | None = None,
        on_validation: Callable[[Amadeus, int], None] | None = None,
    ) -> int:
        """Train to the last step, for so many minutes, or until SIGINT or SIGTERM, and save.

        on_step is told of the progress now and then; on_validation is given the model and the step,
        to compose samples for example. Both are called by the first process only.

        Returns the step reached. Raises TrainingError when the loss or the gradient is not a
        number; the last checkpoint stays as it was.
        """
        config = self.config
        start = load_state(config.output, self.models, self.optimizers) if resume else 0
        loader = DataLoader(
            Subset(self.excerpts, range(start, config.steps)), batch_size=None,
            num_workers=config.workers, prefetch_factor=8 if config.workers else None,
            pin_memory=self.device.type == "cuda", worker_init_fn=_use_one_thread,
        )  # fmt: skip
        logs = closing(_Log(config.output / "logs" if self.rank == 0 else None))
        began = saved = time.monotonic()
        meter = _Meter(self.world, self.peak)
        step = start
        with _StopSignals() as signals, logs as log:
            for step, batch in enumerate(loader, start=start + 1):
                losses, norm = self.update(step - 1, batch)
                meter.add(losses, norm, count_rows(batch), self._count_flops(batch))
                now = time.monotonic()
                out_of_time = max_minutes is not None and now - began > 60 * max_minutes
                last = step == config.steps or self._any_wants(out_of_time or signals.received)
                saving = last or now - saved > 60 * config.checkpoint_minutes
                validating = step % config.validate_every == 0 or step == config.steps
                reporting = (
                    step % REPORT_EVERY == 0
                    or step - start < REPORT_EVERY
                    or now - meter.since >= REPORT_SECONDS
                )
                if validating or saving or reporting:
                    progress = meter.read(step, config.steps)
                    self._check(progress)
                    log.progress(progress)
                    if validating:
                        progress.nats = self._validate(step, log)
                    if self.rank == 0:
                        if on_step is not None:
                            on_step(progress)
                        if validating and on_validation is not None:
                            on_validation(self.best.model, step)
                if saving:
                    saved = now
                    if self.rank == 0:
                        self.save(step)
                if last:
                    break
        return step

    def save(self, step: int) -> None:
        """Write the training state and the model's own checkpoint."""
        save_state(self.config.output, self.models, self.optimizers, step)
        save_checkpoint(self.best.model, self.config.output, step=step, steps=self.config.steps)

    @property
    def models(self) -> dict[str, Amadeus]:
        """The networks that a run goes on with, by the names they are saved under."""
        averaged = {} if self.average is None else {"average": self.average.objective.model}
        return {"model": self.model, **averaged}

    def update(self, step: int, batch: Batch) -> tuple[Losses, torch.Tensor]:
        """One step of gradient descent. Returns the losses and the norm of the gradient."""
        config = self.config
        set_rate(self.optimizers, rate(step, config.steps, config.warmup, config.schedule))
        tokens = batch.tokens.to(self.device, non_blocking=True).long()
        lengths = batch.text_lengths.to(self.device, non_blocking=True)
        text = None
        if self.encode_text is not None:
            ids = batch.text_ids
            if self.device.type == "cpu":  # compiled steps want one shape, here padding costs
                ids = ids[:, : max(1, int(batch.text_lengths.max()))]
            text = self.encode_text(ids.to(self.device, non_blocking=True), lengths)
        seed = (config.seed * 1_000_003 + step) * 4096 + self.rank
        generator = torch.Generator(self.device).manual_seed(seed)
        places = max(1, round(config.decoder_share * (tokens.shape[1] - 1)))
        noise = Noise.draw(len(tokens), places, generator, config.opening_rows)
        with torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        ):
            losses = self.forward(
                tokens, text, lengths, noise,
                batch.profile.to(self.device, non_blocking=True),
                batch.profile_lengths.to(self.device, non_blocking=True),
            )  # fmt: skip
        total = losses.nats_per_note + config.dispersion * losses.dispersion
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.objective, step)
        return losses, norm

    def _count_flops(self, batch: Batch) -> float | None:
        """Floating-point operations of an update on this batch, by this process, if known."""
        if self.flops is None:
            return None
        rows = int((batch.tokens[..., Attribute.TYPE] != RowType.PAD).sum())
        prefix = int(batch.profile_lengths.sum() + batch.text_lengths.sum())
        return self.flops(len(batch.tokens), rows, prefix, round(self.config.decoder_share * rows))

    def _validate(self, step: int, log: _Log) -> Nats | None:
        """Nats per note of held-out pieces, None if there are none. Every process computes it."""
        if not len(self.openings):
            return None
        nats = validate(
            self.best, self.openings, self.encode_text, self.device, precision=self.precision
        )
        log.scalars({"validation/nats per note": nats.per_note}, step)
        log.scalars({f"validation/{k}": x for k, x in nats.per_attribute.items()}, step)
        return nats

    def _any_wants(self, wish: bool) -> bool:
        """Whether any process wants to stop: then all do, or the others would wait for it."""
        if self.voters is None:
            return wish
        votes = torch.tensor(float(wish))
        dist.all_reduce(votes, dist.ReduceOp.MAX, group=self.voters)
        return bool(votes)

    def _check(self, progress: Progress) -> None:
        for name, value in (("loss", progress.loss), ("gradient", progress.gradient_norm)):
            if not math.isfinite(value):
                raise TrainingError(
                    f"the {name} is {value} at step {progress.step}; the last checkpoint is kept "
                    f"in {self.config.output}: lower lr and matrix_lr, then continue with --resume"
                )


class _Meter:
    """Loss and speed since the last reading, without waiting for the device in between."""

    def __init__(self, processes: int, peak: float) -> None:
        """peak: floating-point operations a second of each process's device."""
        self.processes, self.peak = processes, peak
        self.totals = torch.zeros(2)
        self.count = self.rows = 0
        self.flops: float | None = 0.0
        self.since = time.monotonic()

    def add(self, losses: Losses, norm: torch.Tensor, rows: int, flops: float | None) -> None:
        readings = torch.stack([losses.nats_per_note.detach(), norm.detach()])
        self.totals = readings + self.totals.to(readings.device)
        self.count += 1
        self.rows += rows * self.processes
        self.flops = None if self.flops is None or flops is None else self.flops + flops

    def read(self, step: int, steps: int) -> Progress:
        loss, norm = (self.totals / max(1, self.count)).tolist()
        now = time.monotonic()
        seconds = max(1e-9, now - self.since)
        speed = self.rows / seconds
        utilization = None if self.flops is None else self.flops / seconds / self.peak
        self.totals, self.since = torch.zeros(2), now
        self.count, self.rows, self.flops = 0, 0, 0.0
        return Progress(step, steps, loss, norm, speed, utilization)


class _StopSignals:
    """Turns SIGINT and SIGTERM into a wish to stop after the step at hand."""

    def __init__(self) -> None:
        self.received = False

    def __enter__(self) -> _StopSignals:
        self._previous = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, *_: object) -> None:
        self.received = True


class _Log:
    """TensorBoard, where it is installed and this is the first process."""

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return
            self.writer = SummaryWriter(str(folder))

    def progress(self, progress: Progress) -> None:
        values = {"loss": progress.loss, "notes/s": progress.notes_per_second}
        if progress.utilization is not None:
            values["utilization"] = progress.utilization
        self.scalars(values, progress.step)

    def scalars(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            if self.writer is not None:
                self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def _use_one_thread(_: int) -> None:
    """In processes that prepare batches: there are as many of them as are wanted to compute."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _device(name: str | None) -> torch.device:
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        index = int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(index)
        torch.set_float32_matmul_precision("high")
        return torch.device("cuda", index)
    return torch.device(name)
