"""Reorchestration: draws other instruments for the notes of a passage, part by part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amadeus.control import Playing
from amadeus.control.edit import Edit
from amadeus.control.revision import Revision
from amadeus.control.selection import Selection
from amadeus.diffusion.unmasking import UnmaskConfig, draw
from amadeus.errors import ConfigError
from amadeus.inference.editing import Frame
from amadeus.inference.likelihood import read
from amadeus.inference.session import Model
from amadeus.inference.splice import change_instruments
from amadeus.music.instruments import program_name
from amadeus.music.score import Score
from amadeus.tokens.vocabulary import ATTRIBUTES, DRUMS, NULL, NUM_ATTRIBUTES, SIZES, Attribute

NOTES_HEARD = 64
"""Maximum notes of a part whose predictions decide its new instrument."""
_PITCHED = (np.arange(SIZES[Attribute.INSTRUMENT]) != DRUMS) & (
    np.arange(SIZES[Attribute.INSTRUMENT]) != NULL
)


def reorchestrate(
    model: Model, score: Score, revision: Revision, config: UnmaskConfig, seed: int
) -> tuple[Score, Edit | None]:
    """The score with new instruments for its open parts, and the rest of the edit.

    Raises ConfigError if the constraints require more instruments than there are parts.
    """
    selection = revision.selection
    players = draw_players(model, selection, revision.players, config, seed)
    score = change_instruments(score, selection, players)
    others = selection.edit.drawn - {Attribute.INSTRUMENT}
    if not others:
        return score, None
    parts = tuple(program_name(value - 1) for value in players.values())
    return score, Edit(
        bars=selection.edit.bars,
        parts=parts if selection.edit.parts else (),
        resample=tuple(ATTRIBUTES[a] for a in sorted(others)),
    )


def draw_players(
    model: Model,
    selection: Selection,
    playing: Sequence[Playing],
    config: UnmaskConfig,
    seed: int,
) -> dict[int, int]:
    """A new instrument, as a value, for each instrument whose notes are open.

    As far as the constraints allow, all parts get different instruments, and none its old one or
    that of a part that stays. Raises ConfigError if they require more instruments than parts.
    """
    is_open = selection.is_open[:, Attribute.INSTRUMENT]
    instruments = selection.rows[:, Attribute.INSTRUMENT]
    parts = list(dict.fromkeys(instruments[is_open].tolist()))
    staying = frozenset(instruments[~is_open].tolist())
    allowed = _PITCHED.copy()
    for one in playing:
        allowed &= one.masks(0, None).get(Attribute.INSTRUMENT, allowed)[: len(allowed)]
    if not allowed.any():
        raise ConfigError(f"{_named(playing)}: no instrument is left to play; allow one")
    wanted = [g for one in playing for g in one.demands if not staying & set(g)]
    if len(wanted) > len(parts):
        raise ConfigError(
            f"{_named(playing)}: {len(wanted)} players are asked for, and {len(parts)} parts are "
            "there to be played; name fewer"
        )
    logits = _logits(model, selection, parts)
    rng = np.random.default_rng(seed)
    settings = config.draws[Attribute.INSTRUMENT]
    players: dict[int, int] = {}
    for part in parts:
        taken = {*players.values(), *staying}
        free = _without(allowed, {*taken, part}, taken)
        if wanted and len(wanted) >= len(parts) - len(players):
            free = _only(free, {value for group in wanted for value in group})
        values = np.flatnonzero(free)
        value = int(values[draw(logits[part][values], settings, rng.random())])
        players[part] = value
        wanted = [group for group in wanted if value not in group]
    return players


def _without(allowed: np.ndarray, *unwanted: set[int]) -> np.ndarray:
    """Without the values of the first unwanted set that leaves any value, bool [V]."""
    values = np.arange(len(allowed))
    for some in unwanted:
        left = allowed & ~np.isin(values, list(some))
        if left.any():
            return left
    return allowed


def _only(free: np.ndarray, wanted: set[int]) -> np.ndarray:
    some = free & np.isin(np.arange(len(free)), list(wanted))
    return some if some.any() else free


def _logits(model: Model, selection: Selection, parts: Sequence[int]) -> dict[int, np.ndarray]:
    """Mean log-probability of every instrument over notes of each part, float64 [V].

    Zero for a part that enters after the end of the context.
    """
    frame = Frame.around(selection, model.config.context)
    tokens = np.concatenate([frame.before, selection.rows])[: model.config.context]
    first = len(frame.before)
    chosen: dict[int, int] = {}  # row -> part
    for part in parts:
        rows = first + np.flatnonzero(tokens[first:, Attribute.INSTRUMENT] == part)
        spread = np.linspace(0, len(rows) - 1, min(len(rows), NOTES_HEARD)).round().astype(int)
        chosen |= dict.fromkeys(rows[spread].tolist(), part)
    heard: dict[int, list[np.ndarray]] = {part: [] for part in parts}
    known = np.arange(NUM_ATTRIBUTES) != Attribute.INSTRUMENT
    for place, (row, predict) in enumerate(read(model, tokens, first), start=first):
        if place in chosen:
            logits = predict(row, known)[Attribute.INSTRUMENT, : len(_PITCHED)].astype(np.float64)
            logits -= logits.max()
            heard[chosen[place]].append(logits - np.log(np.exp(logits).sum()))
    return {
        p: np.mean(some, axis=0) if some else np.zeros(len(_PITCHED)) for p, some in heard.items()
    }


def _named(playing: Sequence[Playing]) -> str:
    return ", ".join(one.described for one in playing)
