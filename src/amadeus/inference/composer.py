"""The composer: scores in, scores out.

composer = amadeus.load_model("amadeus-small")
score = composer.generate("a slow piano waltz in A minor", bars=16, seed=1)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.control import Constraints, Control, Playing
from amadeus.control.edit import Edit
from amadeus.control.exact_tempo import with_exact_tempos
from amadeus.control.piece import plan_piece
from amadeus.control.plan import Plan
from amadeus.control.revision import Revision
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.composition import OnRow, compose, stream
from amadeus.inference.continuation import append_bars
from amadeus.inference.editing import Frame, best, drafts, frame_requests
from amadeus.inference.native import NativeNetwork, fits, log_if_missing
from amadeus.inference.openings import ChosenOpening, NewPiece
from amadeus.inference.orchestration import reorchestrate
from amadeus.inference.profile_plan import ProfilePlan, ProfilePlanner, one_for_each
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.inference.splice import splice
from amadeus.inference.streaming import NoteReader, OnBar, OnCut, OnNote, notes_of
from amadeus.model.checkpoint_files import read_sizes, read_weights
from amadeus.model.packaged import DEFAULT_MODEL, find_checkpoint
from amadeus.music.performance import PlayedNote
from amadeus.music.score import Score
from amadeus.profile import Profile
from amadeus.text.encoder import EncodePrompts, load_prompt_encoder
from amadeus.text.prompt import PromptFacts, parse_prompt
from amadeus.tokens import decode, encode
from amadeus.tokens.vocabulary import Attribute, opens_bar

if TYPE_CHECKING:
    import torch

    from amadeus.inference.session import Model

OnProgress = Callable[[int, int], None]
"""Called with the bars and the rows composed so far, of all pieces together, after every row."""


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    device: str | torch.device = "cpu",
    words: bool = True,
) -> Composer:
    """A composer with the weights of a packaged model, or of a checkpoint folder.

    On the CPU it runs in the compiled core, with weights of a byte each, where there is one; on a
    GPU in CUDA graphs, in bfloat16; elsewhere in torch. A missing core is logged once.
    words: load the text encoder now rather than with the first prompt.

    Raises CheckpointError for a name that is neither, ConfigError for a device that is not here.
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
        self._profiles = ProfilePlanner(model, name)
        self._encode_text: EncodePrompts | None = None

    @property
    def has_profiles(self) -> bool:
        """Whether the model was trained with profiles."""
        return self._profiles.has_profiles

    def load_text_encoder(self) -> EncodePrompts:
        """What reads the prompts, loaded once.

        Raises ConfigError where a package that it needs is missing.
        """
        if self._encode_text is None:
            config = self.model.config
            self._encode_text = load_prompt_encoder(
                config.text_encoder, config.max_text, config.text_width
            )
        return self._encode_text

    def generate(self, prompt: str = "", **settings: Any) -> Score:
        """A new piece; the settings are those of `generate_many`."""
        return self.generate_many([prompt], **settings)[0]

    def generate_many(
        self,
        prompts: Sequence[str],
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        guidance: float = 1.0,
        prompt_constraints: bool = True,
        constraints: Constraints | Sequence[Constraints] | None = None,
        tries: int = DEFAULT_CANDIDATES,
        profile: Profile | Sequence[Profile] | None = None,
        fill_profile: bool = True,
        leave_open: Sequence[str] = (),
        guided_by: Sequence[str] = (),
        progress: OnProgress | None = None,
        **sampling: Any,
    ) -> list[Score]:
        """New pieces, several at once; piece i is `generate(prompts[i], seed=seed + i)`.

        prompts: what each should be, in words; "" leaves it to the model. What they state exactly
        (tempo, key, metre, instruments, bars) holds, unless prompt_constraints is False; the rest
        is the model's reading.
        bars: exact length; by default the prompt's, or 16, or with `notes`, the model's.
        notes: most notes, which ends a piece before its last bar if need be.
        seed: equal seeds give equal pieces.
        guidance: above 1 the model follows the words more closely than it learned to, at twice
        the work; 0 ignores them.
        constraints: what holds besides what the prompts state: in every piece, or in each its own.
        tries: beginnings that are composed, of 2 bars; the one that is most like what people write
        (`inference.typicality`) goes on. 1 takes the model's as it comes.
        profile: what the music should be like, of all pieces or of each, beside what the prompts
        say; the model follows it, nothing enforces it.
        fill_profile: what prompt, constraints and profile leave open is taken from a real piece
        near to them.
        leave_open: values of the profile that stay open, whatever is stated or filled in.
        guided_by: the values of the profile that guidance is about; all of it, and the words, if
        left out.
        sampling: steps, threshold, temperature, top_p, order, fixed_order: see `sampling_config`.

        Raises ConfigError for a setting that cannot work, for a profile given to a model without
        profiles, and before anything is composed, for prompts and constraints that contradict
        themselves or each other.
        """
        asked = self._new_pieces(
            prompts, bars=bars, notes=notes, seed=seed, guidance=guidance,
            prompt_constraints=prompt_constraints, constraints=constraints, tries=tries,
            profile=profile, fill_profile=fill_profile, leave_open=leave_open, guided_by=guided_by,
            **sampling,
        )  # fmt: skip
        begun = self._begin(asked, progress)
        left = [one.rest for one in begun if one.rest]
        rests = iter(self.compose(left, progress=_going_on_from(begun, progress)))
        rows = [next(rests) if one.rest else one.rows for one in begun]
        return [
            with_exact_tempos(decode(r), piece.plan) for r, piece in zip(rows, asked, strict=True)
        ]

    def profile_of(self, prompt: str = "", **settings: Any) -> ProfilePlan | None:
        """The profile that `generate` would compose with; None for a model without profiles.

        settings: those of `generate`. Raises ConfigError as that does.
        """
        (piece,) = self._new_pieces([prompt], **settings)
        return ProfilePlan(piece.profile, piece.stated) if self.has_profiles else None

    def stream(
        self,
        prompt: str = "",
        *,
        on_bar: OnBar | None = None,
        on_cut: OnCut | None = None,
        **settings: Any,
    ) -> Generator[PlayedNote, None, Score]:
        """The notes of `generate`, in order, as they are composed; returns the score.

        Composes no more than is asked for; closing the generator gives up the rest.
        on_bar: called where a bar begins; on_cut: with what there is, where the rest is given up.
        settings: those of `generate`, without `progress`. Raises ConfigError as that does, at once.
        """
        (piece,) = self._new_pieces([prompt], **settings)
        return notes_of(
            piece.request.prompt, self._new_rows(piece), NoteReader(piece.plan, on_bar),
            lambda rows: with_exact_tempos(decode(rows), piece.plan), on_cut,
        )  # fmt: skip

    def _new_rows(self, piece: NewPiece) -> Iterator[np.ndarray]:
        (begun,) = self._begin([piece])
        yield from begun.rows[1:]
        if begun.rest is not None:
            yield from self._rows(begun.rest)

    def stream_continuation(
        self, score: Score, *, on_bar: OnBar | None = None, **settings: Any
    ) -> Generator[PlayedNote, None, Score]:
        """The new notes of `continue_score`, timed within the whole piece; returns the score.

        on_bar, settings: as in `stream`, those of `continue_score`.
        """
        request, plan = self._going_on(score, **settings)
        reader = NoteReader.after(score, request.prompt, plan, on_bar)
        return notes_of(
            request.prompt, self._rows(request), reader,
            lambda rows: _longer(score, request, plan, rows),
        )  # fmt: skip

    def _rows(self, request: Request) -> Iterator[np.ndarray]:
        """The rows of a piece as they are composed, int64 [A] each."""
        return stream(self.model, request, context=self.context)

    def _new_pieces(
        self,
        prompts: Sequence[str],
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        guidance: float = 1.0,
        prompt_constraints: bool = True,
        constraints: Constraints | Sequence[Constraints] | None = None,
        tries: int = DEFAULT_CANDIDATES,
        profile: Profile | Sequence[Profile] | None = None,
        fill_profile: bool = True,
        leave_open: Sequence[str] = (),
        guided_by: Sequence[str] = (),
        **sampling: Any,
    ) -> list[NewPiece]:
        """What `generate_many` asks for."""
        if not prompts:
            raise ConfigError("there is nothing to compose; give at least one prompt")
        facts = [parse_prompt(p) if prompt_constraints else PromptFacts() for p in prompts]
        held = _one_for_each(constraints, len(facts))
        plans = [
            plan_piece(stated, one, bars, notes) for stated, one in zip(facts, held, strict=True)
        ]
        texts = self._text_states(prompts)
        unmask = sampling_config(**sampling)
        asked = one_for_each(profile, len(plans))
        self._profiles.check(asked, (*leave_open, *guided_by))
        profiles = [
            self._profiles.plan(
                prompts[i], held[i], asked[i], texts[i],
                bars=plan.num_bars, seed=seed + i, fill=fill_profile, leave_open=leave_open,
            )
            for i, plan in enumerate(plans)
        ]  # fmt: skip
        requests = [
            Request(
                num_bars=plan.num_bars, max_notes=notes, seed=seed + i, unmask=unmask,
                text=self._profiles.prefix(profiles[i].profile, texts[i]),
                contrast=self._profiles.contrast(profiles[i].profile, texts[i], guided_by),
                guidance=guidance,
            )
            for i, plan in enumerate(plans)
        ]  # fmt: skip
        return [
            NewPiece(request, plan, tries, planned.profile, planned.stated)
            for request, plan, planned in zip(requests, plans, profiles, strict=True)
        ]

    def _begin(
        self, pieces: Sequence[NewPiece], progress: OnProgress | None = None
    ) -> list[ChosenOpening]:
        """Choose the opening of every piece."""
        asked = [one for piece in pieces for one in piece.openings]
        tries = pieces[0].tries  # of all: they count once

        def on_try(bars: int, rows: int) -> None:
            if progress is not None:
                progress(bars // tries, rows // tries)

        tried = iter(self.compose(asked, progress=on_try))
        return [piece.begin([next(tried) for _ in piece.openings]) for piece in pieces]

    def continue_score(
        self, score: Score, *, progress: OnProgress | None = None, **settings: Any
    ) -> Score:
        """The score with new bars after the bar of its last onset; what is given stays as it is.

        bars: how many, 8 by default.
        prompt: words that the model hears; it is held to none of them. A model with profiles goes
        on with the profile of the score, but for what they state.
        constraints: what holds in the new bars, of which bar 1 is the first.
        The other settings are those of `generate_many`. Where a grid step is no whole number of
        ticks, all ticks are made shorter, which changes no time. Raises ScoreError for a score
        without notes, ConfigError for constraints that contradict each other.
        """
        request, plan = self._going_on(score, **settings)
        return _longer(score, request, plan, self.compose([request], progress=progress)[0])

    def _going_on(
        self,
        score: Score,
        *,
        bars: int = 8,
        notes: int | None = None,
        seed: int = 0,
        prompt: str = "",
        guidance: float = 1.0,
        constraints: Constraints | None = None,
        **sampling: Any,
    ) -> tuple[Request, Plan]:
        """What `continue_score` asks for, and what the new bars are held to."""
        given = encode(score)[:-1]
        held = constraints or Constraints()
        plan = Plan([*held], bars, notes, is_passage=True)
        text = self._profiles.prefix_within(
            given, prompt, held, self._text_states([prompt])[0], bars=_bars_in(given) + bars
        )
        request = Request(
            prompt=given, num_bars=bars, max_notes=notes, seed=seed,
            unmask=sampling_config(**sampling), text=text, guidance=guidance,
            constrain=Control(plan, _bars_in(given)),
        )  # fmt: skip
        return request, plan

    def edit(
        self,
        score: Score,
        *,
        bars: tuple[int, int | None] | None = None,
        parts: Sequence[str] = (),
        add: Sequence[str] = (),
        notes: Sequence[str] = (),
        resample: Sequence[str] = (),
        keep: Sequence[str] = (),
        vary: float | None = None,
        seed: int = 0,
        prompt: str = "",
        guidance: float = 1.0,
        constraints: Constraints | None = None,
        tries: int = DEFAULT_CANDIDATES,
        progress: OnProgress | None = None,
        on_note: OnNote | None = None,
        **sampling: Any,
    ) -> Score:
        """The score with some of it composed anew; everything else stays as it is.

        bars, parts, add, notes, resample, keep, vary: what changes, as in `control.edit.Edit`.
        prompt: words that the model hears; it is held to none of them. A model with profiles
        composes with the profile of the score, but for what they state.
        constraints: what holds for what is composed, in bars of the piece.
        tries: passages that are composed where something follows; the one after which that is
        likeliest is kept.
        on_note: called with what the first try brings, as it is composed; another may be kept.
        The other settings are those of `generate_many`. Raises ConfigError for an edit that changes
        nothing, bars that the piece lacks, and constraints that contradict it or each other;
        ScoreError for a score without notes.
        """
        edit = Edit(
            bars=bars, parts=tuple(parts), add=tuple(add), notes=tuple(notes),
            resample=tuple(resample), keep=tuple(keep), vary=vary,
        )  # fmt: skip
        config, held = sampling_config(**sampling), constraints or Constraints()
        revision = Revision(select(score, edit, seed), held)
        if Attribute.INSTRUMENT in edit.drawn:
            score, rest = reorchestrate(self.model, score, revision, config, seed)
            if rest is None:
                return score
            held = Constraints(*(one for one in held if not isinstance(one, Playing)))
            revision = Revision(select(score, rest, seed), held)
        frame = Frame.around(revision.selection, self.context)
        text = self._profiles.prefix_within(
            revision.selection.tokens, prompt, held, self._text_states([prompt])[0],
            bars=revision.selection.num_bars, joining=sorted(revision.newcomers),
        )  # fmt: skip
        asked = frame_requests(
            revision, frame, seed=seed, tries=tries, unmask=config, text=text, guidance=guidance
        )
        on_row = drafts(score, revision, on_note) if on_note else None
        composed = self.compose(asked, progress=progress, on_row=on_row)
        passages = [tokens[len(asked[0].prompt) : -1].astype(np.int64) for tokens in composed]
        edited = splice(score, revision.selection, best(self.model, frame, passages))
        return with_exact_tempos(edited, revision.plan, revision.selection.first_bar)

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

        return compose(self.model, requests, context=self.context, on_row=count)

    def _text_states(self, prompts: Sequence[str]) -> list[np.ndarray | None]:
        """Token states of each prompt, [S, text_width]; None for an empty one."""
        worded = list(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))
        if not worded:
            return [None] * len(prompts)
        states = dict(zip(worded, self.load_text_encoder()(worded), strict=True))
        return [states.get(prompt) for prompt in prompts]


def _longer(score: Score, request: Request, plan: Plan, rows: np.ndarray) -> Score:
    """The score and the new bars among the rows, [N, A]."""
    return with_exact_tempos(
        append_bars(score, request.prompt, rows), plan, _bars_in(request.prompt)
    )


def _going_on_from(
    begun: Sequence[ChosenOpening], progress: OnProgress | None
) -> OnProgress | None:
    """Progress that counts what has been composed of the pieces already."""
    if progress is None:
        return None
    bars, rows = sum(_bars_in(one.rows) for one in begun), sum(len(one.rows) - 1 for one in begun)
    return lambda more_bars, more_rows: progress(bars + more_bars, rows + more_rows)


def _bars_in(rows: np.ndarray) -> int:
    return int(opens_bar(rows[:, Attribute.TYPE]).sum())


def _one_for_each(
    constraints: Constraints | Sequence[Constraints] | None, pieces: int
) -> Sequence[Constraints]:
    if constraints is None or isinstance(constraints, Constraints):
        return [constraints or Constraints()] * pieces
    if isinstance(constraints, str):
        raise ConfigError(f"{constraints!r} is text; write Constraints({constraints!r})")
    if len(constraints) != pieces:
        raise ConfigError(
            f"{len(constraints)} constraints do not go with {pieces} prompts; "
            "give one set for all, or one for each"
        )
    return constraints
