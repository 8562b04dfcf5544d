"""The composer: scores in, scores out.

composer = amadeus.load_model("amadeus-small")
score = composer.generate("a slow piano waltz in A minor", bars=16, seed=1)
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from amadeus.control import Constraints, Playing
from amadeus.control.edit import Edit
from amadeus.control.exact_tempo import with_exact_tempos
from amadeus.control.prompted import constraints_on_edit
from amadeus.control.revision import Revision
from amadeus.control.section_markers import with_section_markers
from amadeus.control.selection import select
from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.composition import LocalRunner, OnRow, Runner, collect
from amadeus.inference.continuation import append_bars, before_bar
from amadeus.inference.editing import Frame, best, drafts, frame_requests
from amadeus.inference.native import NativeNetwork, fits, log_if_missing
from amadeus.inference.orchestration import reorchestrate
from amadeus.inference.phrases import PieceInProgress, PiecePlan
from amadeus.inference.planner import Planner
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.inference.request import Request
from amadeus.inference.sampling import SamplingSettings, sampling_config
from amadeus.inference.session import Model
from amadeus.inference.settings import OnProgress
from amadeus.inference.splice import splice
from amadeus.inference.streaming import NoteReader, OnBar, OnCut, OnNote, notes_of
from amadeus.model.checkpoint_files import read_sizes, read_weights
from amadeus.model.packaged import DEFAULT_MODEL, find_checkpoint
from amadeus.music.performance import PlayedNote
from amadeus.music.score import Score
from amadeus.tokens import decode
from amadeus.tokens.rows import count_bars
from amadeus.tokens.vocabulary import Attribute, opens_bar

if TYPE_CHECKING:
    import torch
    from typing_extensions import Unpack

    from amadeus.inference.settings import (
        ContinuationSettings,
        EditSettings,
        PieceSettings,
    )


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    device: str | torch.device = "cpu",
    words: bool = True,
) -> Composer:
    """A composer with the weights of a packaged model, or of a checkpoint folder.

    It runs on the CPU in the compiled core with 8-bit weights, or else in torch, and on a GPU in
    bfloat16 with CUDA graphs. A missing core is logged once.
    words: load the text encoder now rather than with the first prompt.

    Raises CheckpointError for an unknown name, ConfigError for a device that does not exist.
    """
    folder = find_checkpoint(name)
    on_cpu = str(device) == "cpu"
    if on_cpu:
        log_if_missing()
    if on_cpu and fits(sizes := read_sizes(folder)):
        from safetensors.numpy import load_file

        network = NativeNetwork(sizes, read_weights(folder, sizes, load_file))
        composer = Composer(network, name=str(name))
    else:
        from amadeus.model.checkpoint import load_checkpoint

        composer = Composer(load_checkpoint(folder).to_device(device), name=str(name))
    if words:
        composer.load_text_encoder()
    return composer


class Composer:
    """A model that composes."""

    def __init__(self, model: Model, *, name: str = "this model") -> None:
        """A piece longer than the model's context forgets its beginning.

        name: what messages call the model.
        """
        self.model, self.context, self.name = model, model.config.context, name
        self.runner: Runner = LocalRunner(model)
        self.planner = Planner(model, name)

    def with_runner(self, runner: Runner) -> Composer:
        """This composer, with another runner for its requests."""
        other = copy(self)
        other.runner = runner
        return other

    @property
    def has_profiles(self) -> bool:
        """Whether the model was trained with profiles."""
        return self.planner.profiles.has_profiles

    def load_text_encoder(self) -> None:
        """Load the text encoder now rather than with the first prompt.

        Raises ConfigError if it needs a package that is missing.
        """
        self.planner.load_text_encoder()

    def generate(
        self,
        prompt: str = "",
        *,
        progress: OnProgress | None = None,
        **settings: Unpack[PieceSettings],
    ) -> Score:
        """A new piece.

        prompt: description of the music; "" leaves it to the model. progress: called after every
        row. settings: those of `generate_many`.
        """
        return self.generate_many([prompt], progress=progress, **settings)[0]

    def generate_many(
        self,
        prompts: Sequence[str],
        *,
        progress: OnProgress | None = None,
        **settings: Unpack[PieceSettings],
    ) -> list[Score]:
        """New pieces, several at once; piece i is `generate(prompts[i], seed=seed + i)`.

        settings: bars, notes, seed, guidance, prompt_constraints, constraints, tries, profile,
        fill_profile, leave_open, guided_by, as described in `inference.settings.PieceSettings`,
        and those of sampling, in `inference.sampling`.

        Raises ConfigError, before composing, for an invalid setting, for a profile if the model has
        no profiles, and for contradictions in or between prompts and constraints.
        """
        return self.compose_pieces(self.plan_many(prompts, **settings), progress=progress)

    def plan(self, prompt: str = "", **settings: Unpack[PieceSettings]) -> PiecePlan:
        """The plan of `generate`: the prompt, constraints and profile as understood.

        `compose_pieces` and `stream_piece` compose it. Raises ConfigError as `generate_many`.
        """
        return self.plan_many([prompt], **settings)[0]

    def plan_many(
        self, prompts: Sequence[str], **settings: Unpack[PieceSettings]
    ) -> list[PiecePlan]:
        """The plans of `generate_many`. Raises ConfigError as that does."""
        return self.planner.new_pieces(prompts, **settings)

    def compose_pieces(
        self, pieces: Sequence[PiecePlan], *, progress: OnProgress | None = None
    ) -> list[Score]:
        """Compose planned pieces, several at once."""
        both = zip(self._compose_rows(pieces, progress), pieces, strict=True)
        return [_finished(decode(rows), piece) for rows, piece in both]

    def _compose_rows(
        self, pieces: Sequence[PiecePlan], progress: OnProgress | None
    ) -> list[np.ndarray]:
        """The tokens of planned pieces, given ones included, int64 [N, A] each."""
        growing = [piece.begin() for piece in pieces]
        forward = _never_back(progress) if progress else None
        while any(not piece.is_complete for piece in growing):
            self._compose_phrases(growing, forward)
        return [piece.rows for piece in growing]

    def profile_of(self, prompt: str = "", **settings: Unpack[PieceSettings]) -> ProfilePlan | None:
        """The profile that `generate` aims for; None for a model without profiles.

        Raises ConfigError as `generate_many`.
        """
        piece = self.plan(prompt, **settings)
        return piece.profile if self.has_profiles else None

    def stream(
        self,
        prompt: str = "",
        *,
        on_bar: OnBar | None = None,
        on_cut: OnCut | None = None,
        **settings: Unpack[PieceSettings],
    ) -> Generator[PlayedNote, None, Score]:
        """The notes of `generate`, in order, as they are composed; returns the score.

        Composes as far as notes are requested; closing the generator stops it.
        on_bar: called at the beginning of each bar; on_cut: called with the score so far if it is
        stopped. Raises ConfigError as `generate_many`, before the first note is requested.
        """
        return self.stream_piece(self.plan(prompt, **settings), on_bar=on_bar, on_cut=on_cut)

    def stream_piece(
        self, piece: PiecePlan, *, on_bar: OnBar | None = None, on_cut: OnCut | None = None
    ) -> Generator[PlayedNote, None, Score]:
        """The notes of a planned piece; see `stream`."""
        return notes_of(
            piece.request.prompt, self._rows_of_piece(piece), NoteReader(piece.plan, on_bar),
            lambda rows: _finished(decode(rows), piece), on_cut,
        )  # fmt: skip

    def _rows_of_piece(self, piece: PiecePlan) -> Iterator[np.ndarray]:
        growing = piece.begin()
        if piece.tries == 1:
            yield from self._stream(*growing.candidates())
            return
        while not growing.is_complete:
            known = len(growing.rows)
            self._compose_phrases([growing])
            yield from growing.rows[known:]

    def _compose_phrases(
        self, pieces: Sequence[PieceInProgress], progress: OnProgress | None = None
    ) -> None:
        """Compose the next phrase of every piece that is not complete."""
        growing = [piece for piece in pieces if not piece.is_complete]
        requests = [piece.candidates() for piece in growing]
        bars = sum(piece.bars for piece in pieces)
        rows = sum(piece.num_new for piece in pieces)
        tries = len(requests[0])  # the same for all; they count once

        def on_row(new_bars: int, new_rows: int) -> None:
            if progress is not None:
                progress(bars + new_bars // tries, rows + new_rows // tries)

        flat = [request for candidates in requests for request in candidates]
        composed = iter(self.compose(flat, progress=on_row))
        for piece, candidates in zip(growing, requests, strict=True):
            piece.choose([next(composed) for _ in candidates])

    def continue_score(
        self,
        score: Score,
        *,
        from_bar: int | None = None,
        progress: OnProgress | None = None,
        **settings: Unpack[ContinuationSettings],
    ) -> Score:
        """The score with new bars after its last bar; what is given stays as it is.

        The last bar is the last one that sounds, or that the file of the score has. from_bar: the
        first new bar instead, counted from 1; notes from there on are replaced. settings: bars,
        notes, seed, prompt, guidance, constraints, tries, and those of sampling, as described in
        `inference.settings.ContinuationSettings`.

        Raises ScoreError for a score without notes, ConfigError for constraints that contradict
        each other, and for a `from_bar` that the score cannot be continued from.
        """
        score = before_bar(score, from_bar)
        piece = self.planner.continuation(score, **settings)
        return _longer(score, piece, self._compose_rows([piece], progress)[0])

    def stream_continuation(
        self,
        score: Score,
        *,
        from_bar: int | None = None,
        on_bar: OnBar | None = None,
        **settings: Unpack[ContinuationSettings],
    ) -> Generator[PlayedNote, None, Score]:
        """The new notes of `continue_score`, timed within the whole piece; returns the score.

        on_bar: as in `stream`; from_bar, settings: those of `continue_score`.
        """
        score = before_bar(score, from_bar)
        piece = self.planner.continuation(score, **settings)
        given = piece.request.prompt
        reader = NoteReader.after(score, given, piece.plan, on_bar)
        return notes_of(
            given, self._rows_of_piece(piece), reader, lambda rows: _longer(score, piece, rows)
        )

    def edit(
        self,
        score: Score,
        change: Edit | None = None,
        *,
        bars: tuple[int, int | None] | None = None,
        parts: Sequence[str] = (),
        add: Sequence[str] = (),
        notes: Sequence[str] = (),
        resample: Sequence[str] = (),
        keep: Sequence[str] = (),
        vary: float | None = None,
        progress: OnProgress | None = None,
        on_note: OnNote | None = None,
        **settings: Unpack[EditSettings],
    ) -> Score:
        """The score with part of it rewritten; the rest stays as it is.

        change: what changes; or give its fields bars, parts, add, notes, resample, keep and vary.
        on_note: called with the notes of the first candidate as they are composed; another
        candidate may be kept.
        settings: seed, prompt, guidance, constraints, tries, and those of sampling, as described
        in `inference.settings.EditSettings`.

        Raises ConfigError for an edit that changes nothing, bars that the piece lacks, and
        constraints that contradict it or each other; ScoreError for a score without notes.
        """
        if change is None:
            change = Edit(
                bars=bars, parts=tuple(parts), add=tuple(add), notes=tuple(notes),
                resample=tuple(resample), keep=tuple(keep), vary=vary,
            )  # fmt: skip
        return self._edit(score, change, progress, on_note, **settings)

    def _edit(
        self,
        score: Score,
        edit: Edit,
        progress: OnProgress | None,
        on_note: OnNote | None,
        *,
        seed: int = 0,
        prompt: str = "",
        guidance: float = 1.0,
        constraints: Constraints | None = None,
        prompt_constraints: bool = True,
        tries: int = DEFAULT_CANDIDATES,
        **sampling: Unpack[SamplingSettings],
    ) -> Score:
        config, held = sampling_config(**sampling), constraints or Constraints()
        selection = select(score, edit, seed)
        if prompt_constraints:
            held, _ = constraints_on_edit(prompt, held, selection)
        revision = Revision(selection, held)
        if Attribute.INSTRUMENT in edit.drawn:
            score, rest = reorchestrate(self.model, score, revision, config, seed)
            if rest is None:
                return score
            held = Constraints(*(c for c in held if not isinstance(c, Playing)))
            revision = Revision(select(score, rest, seed), held)
        frame = Frame.around(revision.selection, self.context)
        text = self.planner.prefix_within(
            revision.selection.tokens, prompt, held,
            bars=revision.selection.num_bars, joining=sorted(revision.newcomers),
        )  # fmt: skip
        requests = frame_requests(
            revision, frame, seed=seed, tries=tries, unmask=config, text=text, guidance=guidance
        )
        on_row = drafts(score, revision, on_note) if on_note else None
        composed = self.compose(requests, progress=progress, on_row=on_row)
        passages = [tokens[len(requests[0].prompt) : -1].astype(np.int64) for tokens in composed]
        edited = splice(score, revision.selection, best(self.model, frame, passages))
        return with_exact_tempos(edited, revision.plan, revision.selection.first_bar)

    def _stream(self, request: Request) -> Iterator[np.ndarray]:
        """The rows of a piece as they are composed, int64 [A] each."""
        for _, row in self.runner.run([request]):
            yield row

    def compose(
        self,
        requests: Sequence[Request],
        *,
        progress: OnProgress | None = None,
        on_row: OnRow | None = None,
    ) -> list[np.ndarray]:
        """The tokens of every request, uint16 [N, A] each, a few at a time."""
        bars = rows = 0

        def count(index: int, row: np.ndarray) -> None:
            nonlocal bars, rows
            bars, rows = bars + int(opens_bar(row[Attribute.TYPE])), rows + 1
            if on_row is not None:
                on_row(index, row)
            if progress is not None:
                progress(bars, rows)

        return collect(requests, self.runner.run(requests), count)


def _longer(score: Score, piece: PiecePlan, rows: np.ndarray) -> Score:
    """The score and the new bars among the rows, [N, A]."""
    given = piece.request.prompt
    return _finished(append_bars(score, given, rows), piece, count_bars(given))


def _finished(score: Score, piece: PiecePlan, first_bar: int = 0) -> Score:
    """The score with exact tempos and names of sections. first_bar: the first new bar."""
    score = with_exact_tempos(score, piece.plan, first_bar)
    return with_section_markers(score, piece.plan, first_bar)


def _never_back(progress: OnProgress) -> OnProgress:
    """Progress that stays where it is when a candidate is chosen that is shorter than others."""
    most = 0, 0

    def forward(bars: int, rows: int) -> None:
        nonlocal most
        most = max(most[0], bars), max(most[1], rows)
        progress(*most)

    return forward
