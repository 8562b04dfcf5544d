"""No bar repeats an earlier one, however few notes the other constraints leave."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from random_pieces import compose_at_random, draw_constraints

from amadeus.control import Constraints, violations
from amadeus.control.edit import Edit
from amadeus.control.revision import Revision
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.music.midi import read_midi
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import Attribute

NARROW = ("metre: 1/4", "pitch: 60-60", "instruments: piano", "durations: 1/16")
"""Bars of twelve grid steps on one pitch; the first seven steps are sure to remain possible."""


def most_alike(tokens):
    """How many bars of a piece are the same, at most."""
    sound = v.has_sound(tokens[:, Attribute.TYPE])
    bars = bar_index(tokens)
    columns = [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]
    contents = [tokens[sound & (bars == bar)][:, columns] for bar in np.unique(bars[sound])]
    return max(Counter(content.tobytes() for content in contents).values())


@pytest.mark.parametrize("seed", range(20))
def test_bars_with_few_possible_notes_still_differ(seed):
    plan = Constraints(*NARROW, "density: at most 1", "repeats: none").plan(7)
    assert most_alike(compose_at_random(plan, seed)) == 1


@pytest.mark.parametrize("seed", range(10))
def test_bars_may_be_repeated_as_often_as_allowed(seed):
    plan = Constraints(*NARROW, "density: at most 1", "repeats: at most 2").plan(16)
    tokens = compose_at_random(plan, seed)
    assert most_alike(tokens) <= 3
    assert violations(tokens, plan.constraints) == []
    assert violations(tokens, Constraints("repeats: none"))


def test_too_few_possible_bars_are_refused():
    Constraints(*NARROW, "repeats: none").plan(7)
    with pytest.raises(ConfigError, match=r"'repeats: none'.* too few notes for bar 8"):
        Constraints(*NARROW, "repeats: none").plan(8)
    with pytest.raises(ConfigError, match="say how many bars"):
        Constraints("repeats: none").plan(None)


def test_edits_keep_bars_that_may_repeat(fixtures):
    selection = select(read_midi(fixtures / "string_quartet.mid"), Edit(bars=(1, 2)))
    with pytest.raises(ConfigError, match="'repeats: none': an edit keeps"):
        Revision(selection, Constraints("repeats: none"))


def repeats_beside_others(seed: int) -> bool:
    """Draw other constraints that leave little choice; whether all can hold together."""
    rng = np.random.default_rng(seed)
    num_bars = int(rng.integers(1, 12))
    max_notes = int(rng.integers(1, 30)) if rng.random() < 0.3 else None
    texts = [t for t in draw_constraints(rng, num_bars) if rng.random() < 0.7]
    pitch = rng.integers(30, 90)
    texts += [f"pitch: {pitch}-{pitch + rng.integers(3)}", "instruments: no drums",
              f"metre: {rng.choice(['1/4', '1/8', '3/16', '2/4'])}"]  # fmt: skip
    texts += ["density: at most 2"] if rng.random() < 0.5 else []
    texts += [f"repeats: {rng.choice(['none', 'at most 1'])}"]
    try:
        plan = Constraints(*texts).plan(num_bars, max_notes)
    except ConfigError:
        return False
    tokens = compose_at_random(plan, seed, max_notes)
    assert violations(tokens, plan.constraints, num_bars) == [], texts
    return True


def test_repeats_hold_beside_other_constraints_or_are_refused():
    held = [repeats_beside_others(seed) for seed in range(150)]
    assert sum(held) > 30


@pytest.mark.slow
def test_repeats_hold_beside_many_other_constraints():
    held = [repeats_beside_others(seed) for seed in range(150, 3000)]
    assert sum(held) > 500
