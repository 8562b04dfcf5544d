"""Rows as they are composed to notes with times: what `decode` and `finish` make of all of them."""

from __future__ import annotations

import numpy as np

from amadeus.control.finish import exact_tempo
from amadeus.control.plan import Plan
from amadeus.music.grid import GRID
from amadeus.music.performance import PlayedNote
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import DRUMS, FIRST_DRUM_PITCH, Attribute


class NoteReader:
    """Follows a piece from its first row."""

    def __init__(self, plan: Plan) -> None:
        """plan: what the piece is held to, tempos that are exact among it."""
        self._plan = plan
        self._bars = 0
        self._bar_onset = self._next_bar = 0  # in ticks
        self._tempo_value = 0
        self._bpm = 0.0
        self._tempo_ticks, self._tempo_seconds = 0, 0.0  # where the tempo at hand began

    def read(self, row: np.ndarray) -> PlayedNote | None:
        """Take the next row, [A]. Returns the note that it is; None for marks and empty bars."""
        row_type, beat, _, tempo, instrument, pitch, duration, velocity = row.tolist()
        if v.opens_bar(row_type):
            self._open_bar(int(v.METRE_TICKS[v.metre_of(row[Attribute.TYPE])]))
        onset = self._bar_onset + max(0, beat - 1)
        if tempo:
            self._hear_tempo(tempo, onset)
        if not v.has_sound(row_type):
            return None
        is_drum = instrument == DRUMS
        return PlayedNote(
            onset_seconds=self._seconds(onset),
            duration_seconds=duration * self._seconds_per_tick,
            onset_ticks=onset,
            duration_ticks=duration,
            pitch=pitch - (FIRST_DRUM_PITCH if is_drum else 1),
            velocity=int(v.velocity_of(velocity)),
            program=0 if is_drum else instrument - 1,
            is_drum=is_drum,
            bar=self._bars,
            bpm=self._bpm,
        )

    def _open_bar(self, ticks: int) -> None:
        self._bar_onset, self._next_bar = self._next_bar, self._next_bar + ticks
        self._bars += 1
        if (exact := exact_tempo(self._plan, self._bars - 1)) is not None:
            self._set_tempo(exact, self._bar_onset)

    def _hear_tempo(self, value: int, onset: int) -> None:
        """A tempo that tokens change, in a bar in which none is exact."""
        is_first, changes = not self._tempo_value, value != self._tempo_value
        self._tempo_value = value
        if changes and exact_tempo(self._plan, self._bars - 1) is None:
            # The first tempo holds from the very start, before the first onset too.
            self._set_tempo(float(v.TEMPOS[value - 1]), 0 if is_first else onset)

    def _set_tempo(self, bpm: float, onset: int) -> None:
        if bpm != self._bpm:
            seconds = self._seconds(onset) if self._bpm else 0.0
            self._bpm, self._tempo_ticks, self._tempo_seconds = bpm, onset, seconds

    @property
    def _seconds_per_tick(self) -> float:
        return 60.0 / self._bpm / GRID

    def _seconds(self, ticks: int) -> float:
        """Where a position is that no later tempo concerns."""
        return self._tempo_seconds + (ticks - self._tempo_ticks) * self._seconds_per_tick
