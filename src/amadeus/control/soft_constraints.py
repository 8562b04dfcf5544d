"""Soft constraints: what is added to the logits of the values that the masks leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amadeus.control.constraint import Constraint, Guide, Moment, no_bias
from amadeus.control.kinds import KINDS
from amadeus.control.tonality import CHORD_NOTES, CHORDS, PITCH_CLASSES, PITCHES
from amadeus.diffusion.unmasking import Link, LogitBias
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.vocabulary import Attribute, RowType

CHORD_BIAS = 1.0
"""Nats added to pitches of the current chord, once it is drawn."""


_CHORD_TONES = np.zeros((v.SIZES[Attribute.CHORD], VALUES.shape[1]), dtype=np.float32)
"""Which pitches belong to each chord, both as values, 1 or 0."""
_CHORD_TONES[CHORDS[:, None], PITCHES] = CHORD_NOTES[:, PITCH_CLASSES] > 0
_BY_CHORD = Link(Attribute.CHORD, Attribute.PITCH, CHORD_BIAS * _CHORD_TONES)


class SoftConstraints:
    """The logit biases of the constraints on one piece, as it grows."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        # Sums of floats depend on their order, which should not be that of the request.
        ordered = sorted(constraints, key=lambda c: KINDS.index(type(c)))
        self.trackers = [(c.scope, t) for c in ordered if (t := c.tracker()) is not None]
        self._chords = [c.scope for c in ordered if c.favours_chord_tones]
        self.first = frozenset(a for c in ordered for a in c.decided_first)
        """Attributes that have to be decided before others, which would leave them no choice."""

    def update(self, row: np.ndarray, bar: int) -> None:
        """Take the next row, [A], and its bar, counted from 0."""
        for _, tracker in self.trackers:
            tracker.update(row, bar)

    def guide(self) -> Guide | None:
        """What should come next, if a constraint says so."""
        guides = (tracker.guide() for _, tracker in self.trackers)
        return next((guide for guide in guides if guide is not None), None)

    def bias(self, moment: Moment) -> LogitBias | None:
        """The bias on the logits of the next row, if there is any."""
        here = [tracker for scope, tracker in self.trackers if scope.covers(moment.bar)]
        by_chord = any(
            scope.covers(moment.bar + ahead) for scope in self._chords for ahead in (0, 1)
        )
        if not (here or by_chord):
            return None
        total = np.sum([t.bias(moment) for t in here], axis=0) if here else no_bias()
        beats = [b for t in here if (b := t.beat_bias(moment)) is not None]
        links = [_BY_CHORD] if by_chord else []
        if beats:
            table = np.sum(beats, axis=0)[None]
            links.append(Link(Attribute.TYPE, Attribute.BEAT, table, RowType.NOTE))
        return LogitBias(total, tuple(links))
