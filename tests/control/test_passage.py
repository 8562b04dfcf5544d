"""Edits of real pieces, whatever the values that are drawn: what is to stay stays."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_pieces import draw_constraints, revise_at_random

from amadeus.control import Constraint, Constraints
from amadeus.control.revision import Revision
from amadeus.control.selection import select
from amadeus.errors import AmadeusError, ConfigError
from amadeus.inference.editing import Frame
from amadeus.inference.splice import splice
from amadeus.music.midi import read_midi
from amadeus.music.score import Score
from amadeus.tokens.vocabulary import Attribute
from random_edits import (
    assert_closed_notes_are_untouched,
    assert_locked_is_untouched,
    assert_others_are_untouched,
    assert_rest_is_untouched,
    draw_edit,
)

CORPORA = Path(os.environ.get("AMADEUS_DATA", ""))


def edit_at_random(score: Score, seed: int) -> bool:
    """Draw an edit, apply it with random values; whether it was possible at all."""
    rng = np.random.default_rng(seed)
    try:
        edit = draw_edit(rng, score)
        selection = select(score, edit, seed)
        count = int(rng.integers(4))
        drawn = Constraints(*draw_constraints(rng, len(selection.bars))[:count])
        revision = Revision(selection, [_later(one, selection.first_bar) for one in drawn])
    except ConfigError:
        return False
    if Attribute.INSTRUMENT in edit.drawn:
        return False  # drawn by the model: tests/inference
    frame = Frame.around(selection, 960)
    rows = revise_at_random(revision, frame, seed)
    after = splice(score, selection, rows)
    assert_rest_is_untouched(score, after, selection)
    if edit.writes:
        assert_others_are_untouched(score, after, selection)
    else:
        assert_locked_is_untouched(score, after, selection)
        assert_closed_notes_are_untouched(score, after, selection)
    return True


def _later(one: Constraint, bars: int) -> Constraint:
    """The constraint, so many bars later."""
    if one.scope.bars is None:
        return one
    first, last = one.scope.bars
    return replace(one, scope=replace(one.scope, bars=(first + bars, last and last + bars)))


def test_edits_of_real_pieces_leave_the_rest_alone(fixtures):
    for number, path in enumerate(sorted(fixtures.glob("*.mid"))):
        score = read_midi(path)
        done = [edit_at_random(score, 100 * number + seed) for seed in range(20)]
        assert sum(done) >= 5, path.name


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("AMADEUS_DATA"), reason="needs the corpora")
def test_edits_leave_the_rest_alone_in_every_corpus():
    done = 0
    for corpus in sorted(path for path in CORPORA.iterdir() if path.is_dir()):
        files = sorted(corpus.glob("*.mid"))
        for path in random.Random(corpus.name).sample(files, min(4, len(files))):
            try:
                score = read_midi(path)
            except AmadeusError:
                continue
            done += sum(edit_at_random(score, seed) for seed in range(8))
    assert done > 200
