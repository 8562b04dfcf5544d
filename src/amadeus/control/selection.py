"""An edit applied to a piece before composing: which rows are removed, kept or resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.control.edit import SHARED, Edit
from amadeus.control.note_range import named_notes
from amadeus.control.passage import GivenBar
from amadeus.control.scope import instrument_values, programs_of
from amadeus.errors import ConfigError
from amadeus.music.grid import GRID, clip_end
from amadeus.music.instruments import everyday_name, program_name
from amadeus.music.score import Score
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_onsets
from amadeus.tokens.tokenizer import chords_and_tempos, encode
from amadeus.tokens.vocabulary import ATTRIBUTES, DRUMS, NUM_ATTRIBUTES, Attribute


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A passage of a piece and what changes in it. Rows are those of `tokens`."""

    edit: Edit
    tokens: np.ndarray
    """The piece, int64 [N, A]."""
    first_bar: int
    """Counted from 0."""
    end_bar: int
    """The bar after the last one."""
    begin: int
    """The first row."""
    end: int
    """The row after the last one."""
    is_open: np.ndarray
    """Which attributes of the rows are resampled, bool [end - begin, A]."""
    stays: np.ndarray
    """Which rows stay, resampled or not, bool [end - begin]."""
    bars: tuple[GivenBar, ...]
    """The same, bar by bar."""
    num_bars: int
    """Bars of the whole piece."""

    @property
    def rows(self) -> np.ndarray:
        """The rows of the passage, int64 [K, A]."""
        return self.tokens[self.begin : self.end]

    @property
    def changed(self) -> np.ndarray:
        """Which rows are removed or resampled, bool [K]."""
        return ~self.stays | self.is_open.any(1)

    @property
    def staying(self) -> frozenset[int]:
        """The instruments of notes that stay, as values."""
        return _instruments(self.rows[self.stays])

    @property
    def leaving(self) -> dict[int, float]:
        """For each instrument whose notes are removed, the share of the bars in which it plays."""
        bar = bar_index(self.rows)
        gone = ~self.stays
        return {
            value: len(set(bar[gone & (self.rows[:, Attribute.INSTRUMENT] == value)].tolist()))
            / len(self.bars)
            for value in sorted(_instruments(self.rows[gone]))
        }

    @property
    def busyness(self) -> dict[int, float]:
        """For each instrument whose notes are removed, its notes per bar in which it plays."""
        players = self.rows[~self.stays, Attribute.INSTRUMENT]
        return {
            value: int((players == value).sum()) / (share * len(self.bars))
            for value, share in self.leaving.items()
        }

    @property
    def frees_harmony(self) -> bool:
        """Whether new notes choose their own chords, because no other notes stay."""
        return self.edit.writes and not self.stays.any()

    @property
    def steps(self) -> np.ndarray | None:
        """Steps of a quarter note that new notes prefer beside other parts, bool [GRID].

        They are the steps that the piece uses, and eighth notes; None if no other parts stay.
        """
        if not self.edit.writes or not self.stays.any():
            return None
        beats = self.tokens[v.has_sound(self.tokens[:, Attribute.TYPE]), Attribute.BEAT]
        used = np.zeros(GRID, dtype=bool)
        used[(beats - 1) % GRID] = used[[0, GRID // 2]] = True
        return used

    def explain(self) -> list[str]:
        """What changes and what stays, in one sentence each."""
        sound = v.has_sound(self.rows[:, Attribute.TYPE])
        changed = int((self.changed & sound).sum())
        bars = f"bars {self.first_bar + 1}-{self.end_bar} of {self.num_bars}"
        notes = f"{changed:,} of {int(sound.sum()):,} notes"
        if self.edit.writes:
            sentences = [
                f"{bars}: {notes} make way for new ones" if changed else f"{bars}: a new part"
            ]
        else:
            drawn = ", ".join(ATTRIBUTES[a] for a in sorted(self.edit.drawn))
            kept = [ATTRIBUTES[a] for a in Attribute if a not in self.edit.drawn]
            locked = f"locked: their {', '.join(kept)}"
            sentences = [f"{bars}: drawn anew: {drawn} of {notes}", locked]
        staying = ", ".join(map(_name, sorted(self.staying)))
        if not self.changed.all() and staying:
            sentences.append(f"locked: the other notes there ({staying})")
        if self.end_bar - self.first_bar < self.num_bars:
            sentences.append("locked: every other bar")
        sentences.append("locked: the time signatures" + (
            "" if Attribute.TEMPO in self.edit.drawn else " and the tempo"
        ))  # fmt: skip
        return sentences


def select(score: Score, edit: Edit, seed: int = 0) -> Selection:
    """Apply an edit to a piece. seed: chooses the notes that a variation changes.

    Raises ConfigError for bars and notes that the piece does not have, and if nothing is left to
    change; ScoreError for a score without notes.
    """
    # The silent bars at the end of a clip can be filled; there is nothing in them to change.
    tokens = encode(score, clip_end(score) if edit.writes else None).astype(np.int64)
    starts = np.flatnonzero(v.opens_bar(tokens[:, Attribute.TYPE]))
    num_bars = len(starts)
    first, end = _bar_range(edit, num_bars)
    named = (
        named_notes(tokens, edit.notes) if edit.notes else v.has_sound(tokens[:, Attribute.TYPE])
    )
    if edit.notes:
        first, end = _bars_of(named, starts, first, end)
    begin = int(starts[first])
    stop = int(starts[end]) if end < num_bars else len(tokens) - 1
    rows, chosen = tokens[begin:stop], named[begin:stop].copy()
    if edit.parts:
        chosen &= np.isin(rows[:, Attribute.INSTRUMENT], list(instrument_values(edit.parts)))
    elif edit.add:
        chosen[:] = False
    is_silent = not v.has_sound(rows[:, Attribute.TYPE]).any()
    fills_silence = is_silent and edit.writes and not (edit.parts or edit.notes)
    if not chosen.any() and not edit.add and not fills_silence:
        raise _nothing_there(edit, first, end, rows)
    if edit.vary is not None:
        chosen = _some(chosen, edit.vary, seed)
    if Attribute.INSTRUMENT in edit.drawn:
        chosen &= rows[:, Attribute.INSTRUMENT] != DRUMS  # whose pitches mean something else
        if not chosen.any():
            raise ConfigError("only drums play there, and drums stay drums; name other bars or "
                              "parts, or keep instrument")  # fmt: skip
    sound = v.has_sound(rows[:, Attribute.TYPE])
    is_open = np.zeros((len(rows), NUM_ATTRIBUTES), dtype=bool)
    for attribute in edit.drawn:
        # Notes of one onset share chord and tempo, so these change for all or for none.
        is_open[:, attribute] = sound if attribute in SHARED else chosen
    stays = sound & ~(chosen & edit.writes)
    bars = _given_bars(score, tokens, (first, end), (rows, is_open, stays), edit)
    return Selection(edit, tokens, first, end, begin, stop, is_open, stays, bars, num_bars)


def _bar_range(edit: Edit, num_bars: int) -> tuple[int, int]:
    """First bar, counted from 0, and the bar after the last one."""
    first, last = edit.bars or (1, None)
    if max(first, last or 1) > num_bars:
        raise ConfigError(f"the piece has {num_bars} bars, so there is no bar "
                          f"{max(first, last or 1)}; name bars from 1 to {num_bars}")  # fmt: skip
    return first - 1, num_bars if last is None else last


def _bars_of(named: np.ndarray, starts: np.ndarray, first: int, end: int) -> tuple[int, int]:
    """The first bar of a range with a named row, bool [N], and the bar after the last one.

    starts: first rows of all bars, [M]. Returns the whole range if it has no named rows.
    """
    bars = np.searchsorted(starts, np.flatnonzero(named), side="right") - 1
    bars = bars[(bars >= first) & (bars < end)]
    return (int(bars[0]), int(bars[-1]) + 1) if len(bars) else (first, end)


def _nothing_there(edit: Edit, first: int, end: int, rows: np.ndarray) -> ConfigError:
    playing = ", ".join(map(_name, sorted(_instruments(rows))))
    who = ", ".join(edit.parts) or "anyone"
    if edit.notes:
        return ConfigError(f"none of the notes named are of {who} in bars {first + 1}-{end}; "
                           "name other notes, or leave out bars and parts")  # fmt: skip
    hint = f"there {playing} play" if playing else "they are empty"
    remedy = "name one of these" if playing and edit.parts else "add a part, or name other bars"
    return ConfigError(f"no notes of {who} begin in bars {first + 1}-{end}; {hint}: {remedy}")


def _some(chosen: np.ndarray, share: float, seed: int) -> np.ndarray:
    """A share of the chosen rows, at least one row. bool [K]."""
    places = np.flatnonzero(chosen)
    count = max(1, round(share * len(places)))
    some = np.zeros_like(chosen)
    some[np.random.default_rng(seed).choice(places, count, replace=False)] = True
    return some


def _given_bars(
    score: Score,
    tokens: np.ndarray,
    bars: tuple[int, int],
    passage: tuple[np.ndarray, np.ndarray, np.ndarray],
    edit: Edit,
) -> tuple[GivenBar, ...]:
    rows, is_open, stays = passage
    onsets = bar_onsets(tokens)[bars[0] : bars[1] + 1]
    chords, tempos = chords_and_tempos(score, np.arange(onsets[0], onsets[-1]))
    opens = np.flatnonzero(v.opens_bar(rows[:, Attribute.TYPE]))
    own_harmony = Attribute.CHORD in edit.drawn or (edit.writes and not stays.any())
    given = []
    for index, (begin, end) in enumerate(zip(opens, [*opens[1:], len(rows)], strict=True)):
        steps = slice(onsets[index] - onsets[0], onsets[index + 1] - onsets[0])
        left = begin + np.flatnonzero(stays[begin:end])
        given.append(
            GivenBar(
                metre=int(v.metre_of(rows[begin, Attribute.TYPE])),
                rows=rows[left],
                is_open=is_open[left],
                tempo=None if Attribute.TEMPO in edit.drawn else tempos[steps],
                chord=None if own_harmony else chords[steps],
            )
        )
    return tuple(given)


def free_programs(names: Sequence[str], taken: frozenset[int]) -> tuple[str, ...]:
    """Full names of instruments for new parts that do not play already.

    taken: values of `instrument`. Raises ConfigError for a name that only means taken instruments.
    """
    free_names: list[str] = []
    for name in names:
        free = [p for p in programs_of(name) if v.instrument_value(p) not in taken]
        free = [p for p in free if program_name(p) not in free_names]
        if not free:
            raise ConfigError(
                f"{name} plays already; name it as a part to be replaced, or add another instrument"
            )
        free_names.append(program_name(free[0]))
    return tuple(free_names)


def _instruments(rows: np.ndarray) -> frozenset[int]:
    return frozenset(rows[:, Attribute.INSTRUMENT].tolist()) - {v.NULL}


def _name(value: int) -> str:
    return everyday_name(v.program_of(value))
