"""Editing: composes a passage towards what follows it, and keeps the best candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.control.revision import Revision
from amadeus.control.selection import Selection
from amadeus.inference.candidates import check_candidates, seed_of_candidate
from amadeus.inference.composition import OnRow
from amadeus.inference.likelihood import nats_of_rows
from amadeus.inference.request import Request
from amadeus.inference.session import Model
from amadeus.inference.streaming import NoteReader, OnNote
from amadeus.music.score import Score
from amadeus.tokens.rows import count_bars
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import FIRST_REST, Attribute, RowType, opens_bar

HEARD_AFTER = 128
"""Rows after the passage that are used to compare candidates."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The bars around a passage that the model sees."""

    before: np.ndarray
    """Rows from START or RESUME to the passage, int64 [N, A]."""
    after: np.ndarray
    """Rows of the bars after the passage, and END if it is among them, [M, A]."""

    @classmethod
    def around(cls, selection: Selection, context: int) -> Frame:
        """context: maximum rows that the network sees at once."""
        tokens = selection.tokens
        after = tokens[selection.end :] if selection.end_bar < selection.num_bars else tokens[:0]
        if len(after) > 1 and after[-2, Attribute.TYPE] >= FIRST_REST:
            after = after[:-1]  # an empty bar, which END may not follow
        return cls(
            _last_bars(tokens[: selection.begin], context // 2),
            _first_bars(after, context // 4 - 1),
        )

    def prompt(self, look_ahead: bool) -> np.ndarray:
        """Rows to compose the passage after, [N, A]."""
        if not look_ahead or not len(self.after):
            return self.before
        return np.concatenate([mark(RowType.FUTURE), self.after, self.before]).astype(np.int64)


def _last_bars(rows: np.ndarray, most: int) -> np.ndarray:
    """The last bars that fit into `most` rows, after START, or RESUME if bars are left out."""
    if len(rows) <= most:
        return rows
    starts = np.flatnonzero(opens_bar(rows[:, Attribute.TYPE]))
    fitting = starts[starts > len(rows) - most]
    first = int(fitting[0]) if len(fitting) else len(rows)
    return np.concatenate([mark(RowType.RESUME), rows[first:]]).astype(np.int64)


def _first_bars(rows: np.ndarray, most: int) -> np.ndarray:
    """The first bars that fit into `most` rows; a longer bar is left out."""
    if len(rows) <= most:
        return rows
    starts = np.flatnonzero(opens_bar(rows[:, Attribute.TYPE]))
    return rows[: int(starts[starts <= most][-1])]


def frame_requests(
    revision: Revision,
    frame: Frame,
    *,
    seed: int,
    tries: int,
    look_ahead: bool = True,
    **settings: object,
) -> list[Request]:
    """A request for each candidate; a single request if nothing follows the passage.

    look_ahead: whether the model sees what follows. settings: fields of `Request`.
    Raises ConfigError for an invalid number of tries.
    """
    check_candidates(tries)
    prompt = frame.prompt(look_ahead)
    seen = len(prompt) > len(frame.before)
    first_bar = count_bars(frame.before)
    return [
        Request(
            prompt=prompt,
            num_bars=len(revision.selection.bars),
            seed=seed_of_candidate(seed, try_),
            ends_with=RowType.JOIN if seen else RowType.END,
            constrain=revision.control(first_bar),
            **settings,  # type: ignore[arg-type]
        )
        for try_ in range(tries if len(frame.after) else 1)
    ]


def drafts(score: Score, revision: Revision, on_note: OnNote) -> OnRow:
    """A hook for the first candidate: reports its new notes, or those with a redrawn attribute."""
    selection = revision.selection
    reader = NoteReader.after(score, selection.tokens[: selection.begin], revision.plan)
    is_open = (bool(row.any()) for row in selection.is_open)

    def on_row(index: int, row: np.ndarray) -> None:
        if index:
            return
        note, writes = reader.read(row), selection.edit.writes
        is_new = row[Attribute.INSTRUMENT] in revision.newcomers if writes else next(is_open, False)
        if note is not None and is_new:
            on_note(note)

    return on_row


def nats_after(model: Model, frame: Frame, passage: np.ndarray, seed: int = 0) -> float:
    """Nats per row of what follows a passage [K, A]; low if the passage leads to it well.

    Returns nan if nothing follows. The orders of unmasking depend on the seed alone.
    """
    after = frame.after[:HEARD_AFTER]
    if not len(after):
        return np.nan
    tokens = np.concatenate([frame.before, passage, after])
    nats = nats_of_rows(model, tokens, first=len(tokens) - len(after), seed=seed)
    return float(nats.sum() / len(after))


def best(model: Model, frame: Frame, passages: Sequence[np.ndarray]) -> np.ndarray:
    """The passage [K, A] that makes what follows most likely; the first one if nothing follows."""
    if len(passages) == 1 or not len(frame.after):
        return passages[0]
    return min(passages, key=lambda passage: nats_after(model, frame, passage))
