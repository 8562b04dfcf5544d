"""Performing a score: predicts how it is played, or follows rules, and adds that as a layer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.grid import bars_of
from amadeus.music.score import Score
from amadeus.performer.attributes import GENRES, PEDAL_CHANGED, PEDAL_UP
from amadeus.performer.features import DRUM_FAMILY, NoteTable, features_of
from amadeus.performer.groove import Groove, groove_of
from amadeus.performer.layer import KEEP, SUSTAIN, Performance, apply, keep
from amadeus.performer.styles import Style, parse_styles
from amadeus.performer.swing import Swing, parse_swing, swing_positions

if TYPE_CHECKING:
    from amadeus.performer.network import PerformerNetwork
    from amadeus.performer.sampling import Prediction

VARIATION = 0.3
ALL, ACCENTS = "all", "accents"
_PIANOS = range(6)
"""Programs that have a sustain pedal."""
_PIANO_FAMILY = 0
_NEIGHBOURS = 24
"""Notes to both sides whose mean velocity counts as written dynamics."""
_VARIED = 3
"""Fewest different velocities of a part that has dynamics."""
_OTHER_ARTICULATION = 0.5
"""Share of the articulation that other instruments get: the network has learnt it from pianos."""
_DAMPED = 0.2
"""Longest time in quarter notes for which a pedal is up between two harmonies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PerformanceSettings:
    """How to perform."""

    amount: float = 1.0
    """0 for the score as written, 1 for the whole performance."""
    style: Style = Style()  # noqa: RUF009
    keep: tuple[str, ...] = ()
    """What stays as written: names in KEEP, `all`, or `accents`."""
    swing: Swing | None = None
    groove: Groove | None = None
    """Timing and accents to follow; None for those of the network."""
    variation: float = VARIATION
    """0 for the most expected performance, 1 for a random one."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("amount", "variation"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} must be between 0 and 1, got {value:g}")
        for name in self.keep:
            if name not in (*KEEP, ALL, ACCENTS):
                raise ConfigError(
                    f"cannot keep {name!r}; choose from {', '.join((*KEEP, ACCENTS, ALL))}"
                )


def perform(
    score: Score,
    *,
    amount: float = 1.0,
    style: str = "",
    keep: Collection[str] = (),
    swing: str | None = None,
    groove: Score | None = None,
    variation: float = VARIATION,
    seed: int = 0,
) -> Score:
    """The score as a player would play it.

    The score itself does not change; write it for sheet music, and the result for sound.

    amount: 0 gives the score, 1 the whole performance.
    style: names in `styles.STYLES`, separated by commas, such as "swing, laid back".
    keep: what stays as written: velocity, timing, articulation, pedal, tempo, all of them ("all"),
        or the velocity of notes that stand out in their part ("accents").
    swing: share of the first eighth in a pair, such as "62%" or "58% sixteenths".
    groove: a piece whose timing and accents the score gets instead of predicted ones.
    variation: 0 for the most expected performance, 1 for a random one, by `seed`.

    Raises ConfigError for other values.
    """
    settings = settings_of(
        amount=amount, style=style, keep=keep, swing=swing, variation=variation, seed=seed
    )
    return perform_with(score, settings if groove is None else with_groove(settings, groove))


def settings_of(
    *,
    amount: float = 1.0,
    style: str = "",
    keep: Collection[str] = (),
    swing: str | None = None,
    variation: float = VARIATION,
    seed: int = 0,
) -> PerformanceSettings:
    """Settings from words and numbers, as in `perform`. Raises ConfigError."""
    return PerformanceSettings(
        amount=amount,
        style=parse_styles(style),
        keep=tuple(keep),
        swing=None if swing is None else parse_swing(swing),
        variation=variation,
        seed=seed,
    )


def with_groove(settings: PerformanceSettings, piece: Score) -> PerformanceSettings:
    """The settings with the groove of a piece. Raises ConfigError for too few notes."""
    return replace(settings, groove=groove_of(piece))


def perform_with(
    score: Score, settings: PerformanceSettings, network: PerformerNetwork | None = None
) -> Score:
    """The score as it is played. network: the packaged one unless given."""
    table = NoteTable.of(score)
    if settings.amount == 0 or not len(table):
        return score
    performance = plan_performance(score, table, settings, network)
    return apply(score, table, performance, settings.amount)


def plan_performance(
    score: Score,
    table: NoteTable,
    settings: PerformanceSettings,
    network: PerformerNetwork | None = None,
) -> Performance:
    """The layer on a score. table: of the score."""
    kept = KEEP if ALL in settings.keep else settings.keep
    style = settings.style
    performance = Performance.written(table)
    swing = settings.swing or (Swing(style.swing) if style.swing else None)
    if swing is not None:
        performance = replace(
            performance,
            onset=swing_positions(score, table, swing, performance.onset),
            end=swing_positions(score, table, swing, performance.end),
        )
    swung = performance
    if not set(KEEP) <= set(kept):
        prediction = _predict(score, table, settings, network)
        performance = _with_prediction(score, table, performance, prediction, style)
    if settings.groove is not None:
        onset, velocity = settings.groove(score, table)
        moved = swung.onset + onset - table.onset
        performance = replace(
            performance,
            onset=moved,
            end=moved + performance.end - performance.onset,
            velocity=velocity,
            tempo=np.empty(0),
        )
        swung = replace(swung, onset=moved, end=swung.end + moved - swung.onset)
    if style.delay:
        late = np.where(table.family == DRUM_FAMILY, 0.0, style.delay)
        performance, swung = (
            replace(layer, onset=layer.onset + late, end=layer.end + late)
            for layer in (performance, swung)
        )
    performance = keep(performance, replace(swung, velocity=table.velocity.astype(float)), kept)
    if ACCENTS in kept:
        accents = _accents(table)
        velocity = np.where(np.isnan(accents), performance.velocity, accents)
        performance = replace(performance, velocity=velocity)
    return performance


def _predict(
    score: Score,
    table: NoteTable,
    settings: PerformanceSettings,
    network: PerformerNetwork | None,
) -> Prediction:
    from amadeus.performer.sampling import predict
    from amadeus.performer.weights import packaged_network

    known = {}
    if "velocity" in settings.keep:
        known["velocity"] = table.velocity.astype(float)
    elif ACCENTS in settings.keep:
        known["velocity"] = _accents(table)
    return predict(
        network or packaged_network(),
        table,
        features_of(score, table),
        GENRES.index(settings.style.genre),
        known,
        variation=settings.variation,
        seed=settings.seed,
    )


def _accents(table: NoteTable) -> np.ndarray:
    """Velocities that differ from the most frequent one of their part; NaN for others."""
    found = np.full(len(table), np.nan)
    for part in np.unique(table.part).tolist():
        here = table.part == part
        velocity = table.velocity[here]
        usual = np.bincount(velocity).argmax()
        found[here] = np.where(velocity == usual, np.nan, velocity)
    return found


def _with_prediction(
    score: Score, table: NoteTable, performance: Performance, prediction: Prediction, style: Style
) -> Performance:
    is_drum = table.family == DRUM_FAMILY
    onset = performance.onset + style.timing * prediction.offset
    share = np.where(table.family == _PIANO_FAMILY, 1.0, _OTHER_ARTICULATION)
    ratio = np.where(is_drum, 0.0, share * prediction.articulation + style.articulation)
    end = onset + (performance.end - performance.onset) * 2.0**ratio
    rubato = 0.0 if is_drum.any() or _has_rubato(score) else style.rubato
    parts = _pedalled_parts(score, table) if style.pedal and not is_drum.any() else ()
    return replace(
        performance,
        onset=onset,
        end=end,
        velocity=_velocities(table, prediction.velocity, style),
        tempo=rubato * _by_quarter(table, prediction.tempo) if rubato else np.empty(0),
        pedal=_pedal_moves(table, onset, prediction.pedal, parts),
        pedal_parts=parts,
    )


def _velocities(table: NoteTable, predicted: np.ndarray, style: Style) -> np.ndarray:
    """Predicted velocities; written dynamics of a part stay on the scale of bars."""
    velocity = predicted.copy()
    for part in np.unique(table.part).tolist():
        here = table.part == part
        centre = predicted[here].mean()
        if len(np.unique(table.velocity[here])) >= _VARIED:
            centre = _smooth(table.velocity[here])
            velocity[here] += centre - _smooth(predicted[here])
        velocity[here] = centre + style.dynamics * (velocity[here] - centre) + style.loudness
    return velocity.clip(1, 127)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Mean over _NEIGHBOURS to both sides, float64."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low = np.maximum(places - _NEIGHBOURS, 0)
    high = np.minimum(places + _NEIGHBOURS + 1, len(values))
    mean: np.ndarray = (total[high] - total[low]) / (high - low)
    return mean


def _has_rubato(score: Score) -> bool:
    """Whether the tempo changes more often than every other bar."""
    return len(score.tempos) > len(bars_of(score)) / 2 + 1


def _by_quarter(table: NoteTable, tempo: np.ndarray) -> np.ndarray:
    """Tempos of all quarter notes from the start, with those without notes in between. [Q].

    The median is the written tempo.
    """
    quarters, first = np.unique(np.floor(table.onset).astype(np.int64), return_index=True)
    found = np.interp(np.arange(quarters[-1] + 1), quarters, tempo[first])
    return found - np.median(found)


def _pedalled_parts(score: Score, table: NoteTable) -> tuple[int, ...]:
    """Tracks of pianos that have no pedal of their own."""
    return tuple(
        part
        for part, track in enumerate(score.tracks)
        if not track.is_drum
        and track.program in _PIANOS
        and len(track.notes)
        and not np.any(track.controls["number"] == SUSTAIN)
    )


def _pedal_moves(
    table: NoteTable, onset: np.ndarray, state: np.ndarray, parts: tuple[int, ...]
) -> tuple[tuple[float, bool], ...]:
    """Moves of the pedal for the onsets of some parts: legato pedalling, up with an onset."""
    own = np.flatnonzero(np.isin(table.part, parts))
    if not len(own):
        return ()
    first = own[np.flatnonzero(np.diff(table.group[own], prepend=-1))]
    times, states = onset[first].tolist(), state[first].tolist()
    moves: list[tuple[float, bool]] = []
    is_down = False
    for i, (time, now) in enumerate(zip(times, states, strict=True)):
        time = max(0.0, time)
        if is_down and now in (PEDAL_UP, PEDAL_CHANGED):
            moves.append((time, False))
            is_down = False
        if not is_down and now != PEDAL_UP:
            gap = times[i + 1] - time if i + 1 < len(times) else _DAMPED
            moves.append((time + min(_DAMPED, max(gap, 0.0) / 3), True))
            is_down = True
    if is_down:
        last = float(table.onset[own[-1]] + table.duration[own[-1]])
        moves.append((max(last, moves[-1][0]), False))
    return tuple(moves)
