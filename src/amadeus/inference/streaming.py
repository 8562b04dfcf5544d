"""Rows to timed notes as they are composed, as `decode` and `with_exact_tempos` do for a piece."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

import numpy as np

from amadeus.control.exact_tempo import exact_tempo
from amadeus.control.plan import Plan
from amadeus.music.chords import chord_name
from amadeus.music.grid import GRID
from amadeus.music.performance import BarLine, PlayedNote
from amadeus.music.score import Chord, Score
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_onsets, count_bars
from amadeus.tokens.vocabulary import DRUMS, Attribute

OnBar = Callable[[BarLine], None]
"""Called at the beginning of each bar, before its first note."""
OnNote = Callable[[PlayedNote], None]
"""Called with every note when it is composed."""
OnCut = Callable[[Score], None]
"""Called with the piece so far, if it has a note, when composing is stopped."""


def notes_of(
    given: np.ndarray,
    rows: Iterable[np.ndarray],
    reader: NoteReader,
    end: Callable[[np.ndarray], Score],
    on_cut: OnCut | None = None,
) -> Generator[PlayedNote, None, Score]:
    """Yields the notes of rows as they are composed; returns the result of `end` for all rows.

    given: rows that come before, [N, A]; rows: [A] each.
    on_cut: called if the generator is closed, or stopped with Ctrl-C, after the first note.
    """
    done, heard = [*given], False
    try:
        for row in rows:
            done.append(row)
            if (note := reader.read(row)) is not None:
                heard = True
                yield note
    except (GeneratorExit, KeyboardInterrupt):
        if on_cut is not None and heard:
            on_cut(end(np.stack(done)))
        raise
    return end(np.stack(done))


class NoteReader:
    """Follows a piece from its first row."""

    def __init__(self, plan: Plan, on_bar: OnBar | None = None, first_bar: int = 0) -> None:
        """plan: the constraints on the piece, including exact tempos.

        first_bar: number of given bars; the plan begins after them.
        """
        self._plan, self._on_bar, self._first_bar = plan, on_bar, first_bar
        self._bars = 0
        self._bar_onset = self._next_bar = 0  # in ticks
        self._tempo_value = 0
        self._bpm = 0.0
        self._tempo_ticks, self._tempo_seconds = 0, 0.0  # where the current tempo began

    @classmethod
    def after(
        cls, score: Score, given: np.ndarray, plan: Plan, on_bar: OnBar | None = None
    ) -> NoteReader:
        """A reader of the rows after a score; given: its rows without END, int64 [N, A]."""
        given = given.astype(np.int64)
        reader = cls(plan, on_bar, first_bar=count_bars(given))
        reader._bars = count_bars(given)
        reader._next_bar = int(bar_onsets(given)[-1])
        tempos = given[given[:, Attribute.TEMPO] > 0, Attribute.TEMPO]
        reader._tempo_value = int(tempos[-1]) if len(tempos) else 0
        reader._go_on_from(score)
        return reader

    def _go_on_from(self, score: Score) -> None:
        """Start with the exact tempo of a given score; its tokens are only close to it."""
        join = self._next_bar * score.ticks_per_quarter / GRID
        in_force = [t for t in sorted(score.tempos) if t.onset_ticks < join] or score.tempos[:1]
        self._bpm = in_force[-1].bpm if in_force else 120.0
        self._tempo_ticks = self._next_bar
        self._tempo_seconds = float(score.ticks_to_seconds(np.array([join]))[0])

    def read(self, row: np.ndarray) -> PlayedNote | None:
        """Read the next row, [A]. Returns its note; None for marks and empty bars."""
        row_type, beat, chord, tempo, instrument, pitch, duration, velocity = row.tolist()
        if v.opens_bar(row_type):
            self._open_bar(int(v.METRE_TICKS[v.metre_of(row[Attribute.TYPE])]))
        onset = self._bar_onset + max(0, beat - 1)
        if tempo:
            self._hear_tempo(tempo, onset)
        if self._on_bar is not None and v.opens_bar(row_type):
            self._on_bar(self._bar_line(row[Attribute.TYPE]))
        if not v.has_sound(row_type):
            return None
        is_drum = instrument == DRUMS
        return PlayedNote(
            onset_seconds=self._seconds(onset),
            duration_seconds=duration * self._seconds_per_tick,
            onset_ticks=onset,
            duration_ticks=duration,
            pitch=pitch - int(v.first_pitch(instrument)),
            velocity=int(v.velocity_of(velocity)),
            program=0 if is_drum else v.program_of(instrument),
            is_drum=is_drum,
            bar=self._bars,
            bpm=self._bpm,
            chord=_chord_name(chord),
        )

    def _bar_line(self, row_type: np.ndarray) -> BarLine:
        return BarLine(
            bar=self._bars,
            onset_seconds=self._seconds(self._bar_onset),
            onset_ticks=self._bar_onset,
            metre="{}/{}".format(*v.METRES[int(v.metre_of(row_type))]),
            bpm=self._bpm,
        )

    def _open_bar(self, ticks: int) -> None:
        self._bar_onset, self._next_bar = self._next_bar, self._next_bar + ticks
        self._bars += 1
        if (exact := self._exact_tempo()) is not None:
            self._set_tempo(exact, self._bar_onset)

    def _exact_tempo(self) -> float | None:
        """The tempo that a constraint states for the current bar."""
        bar = self._bars - 1 - self._first_bar
        return None if bar < 0 else exact_tempo(self._plan, bar)

    def _hear_tempo(self, value: int, onset: int) -> None:
        """Apply the tempo of a row, unless a constraint states an exact tempo."""
        is_first, changes = not self._tempo_value, value != self._tempo_value
        self._tempo_value = value
        if changes and self._exact_tempo() is None:
            # The first tempo also applies before the first onset.
            self._set_tempo(float(v.TEMPOS[value - 1]), 0 if is_first else onset)

    def _set_tempo(self, bpm: float, onset: int) -> None:
        if bpm != self._bpm:
            seconds = self._seconds(onset) if self._bpm else 0.0
            self._bpm, self._tempo_ticks, self._tempo_seconds = bpm, onset, seconds

    @property
    def _seconds_per_tick(self) -> float:
        return 60.0 / self._bpm / GRID

    def _seconds(self, ticks: int) -> float:
        """The time of a position after the last change of tempo."""
        return self._tempo_seconds + (ticks - self._tempo_ticks) * self._seconds_per_tick


def _chord_name(value: int) -> str:
    root, quality = v.chord_of(value)
    return "" if root is None else chord_name(Chord(0, root, quality))
