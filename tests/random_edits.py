"""Edits drawn at random, and what must be the same before and after."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np

from amadeus.control.edit import Edit
from amadeus.control.selection import Selection
from amadeus.music.grid import bars_of, snap
from amadeus.music.instruments import program_name
from amadeus.music.score import Score, Track
from amadeus.tokens import encode
from amadeus.tokens.rows import bar_onsets
from amadeus.tokens.tokenizer import rows_of_notes
from amadeus.tokens.vocabulary import Attribute

RESAMPLED = ("chord", "tempo", "instrument", "pitch", "duration", "velocity")
COLUMNS = {
    Attribute.BEAT: "onset_ticks",
    Attribute.PITCH: "pitch",
    Attribute.DURATION: "duration_ticks",
    Attribute.VELOCITY: "velocity",
}


def draw_edit(rng: np.random.Generator, score: Score, most_bars: int = 4) -> Edit:
    """Any edit, of a few bars, that makes sense at first sight."""
    num_bars = len(bar_onsets(encode(score))) - 1
    first = int(rng.integers(1, num_bars + 1))
    bars = (first, min(num_bars, first + int(rng.integers(most_bars))))
    names = sorted({program_name(128 if t.is_drum else t.program) for t in score.tracks})
    parts = tuple(rng.choice(names, int(rng.integers(len(names))), replace=False).tolist())
    parts = parts if rng.random() < 0.6 else ()
    kind = rng.integers(6)
    if kind == 0:
        return Edit(bars=bars, parts=parts)
    if kind == 1:
        added = ("drums", "electric bass (finger)", "flute", "string ensemble 1")
        return Edit(bars=bars, parts=parts, add=(str(rng.choice(added)),))
    if kind == 2:
        return Edit(bars=bars, parts=parts, vary=float(rng.uniform(0.05, 1)))
    if kind == 3:
        return Edit(bars=bars, keep=tuple(rng.choice(RESAMPLED, 2, replace=False).tolist()))
    if kind == 4:
        share = float(rng.uniform(0.05, 1)) if rng.random() < 0.5 else None
        return Edit(notes=draw_notes(rng, score), vary=share)
    resample = tuple(rng.choice(RESAMPLED, int(rng.integers(1, 4)), replace=False).tolist())
    return Edit(bars=bars, parts=parts, resample=resample)


def draw_notes(rng: np.random.Generator, score: Score, most: int = 6) -> tuple[str, ...]:
    """A few neighbouring notes of a piece, each by its name."""
    played = [(track, note) for track in score.tracks for note in track.notes.tolist()]
    played.sort(key=lambda one: one[1])
    first = int(rng.integers(len(played)))
    return tuple(
        name_note(score, track, onset, pitch)
        for track, (onset, _, pitch, _) in played[first : first + int(rng.integers(1, most))]
    )


def name_note(score: Score, track: Track, onset_ticks: int, pitch: int) -> str:
    """A note and no other, as `note_range` reads it: "60 for program 0 at 9:2.5"."""
    bars = bars_of(score)
    bar = int(bars.index_at(np.array(onset_ticks)))
    quarters = (onset_ticks - int(bars.onset_ticks[bar])) / score.ticks_per_quarter
    beat = 1 + quarters * bars.time_signatures[bars.metre[bar]].denominator / 4
    program = 128 if track.is_drum else track.program
    return f"{pitch} for program {program} at {bar + 1}:{beat:.3f}"


def assert_closed_notes_are_untouched(before: Score, after: Score, selection: Selection) -> None:
    """A note of which nothing is drawn anew is there as it was; none comes and none goes."""
    is_open = np.zeros(len(selection.tokens), dtype=bool)
    is_open[selection.begin : selection.end] = selection.is_open.any(1)
    closed: Counter = Counter()
    for track, rows in zip(before.tracks, rows_of_notes(before, selection.tokens), strict=True):
        closed += _counted(track, track.notes[~is_open[rows]], list(COLUMNS.values()), before)
    assert not closed - _values(after, list(COLUMNS.values()))
    assert before.num_notes == after.num_notes


def assert_rest_is_untouched(before: Score, after: Score, selection: Selection) -> None:
    """Outside of the edited bars every note is the same; so is all that is no note."""
    assert _notes_outside(before, selection) == _notes_outside(after, selection)
    assert _events(before.time_signatures, before) == _events(after.time_signatures, after)
    assert _events(before.key_signatures, before) == _events(after.key_signatures, after)
    if Attribute.TEMPO not in selection.edit.drawn:
        assert _events(before.tempos, before) == _events(after.tempos, after)


def assert_locked_is_untouched(before: Score, after: Score, selection: Selection) -> None:
    """Of notes that only change, what is locked stays; of the others, everything."""
    drawn = selection.edit.drawn
    locked = [c for a, c in COLUMNS.items() if a not in drawn]
    same = Attribute.INSTRUMENT not in drawn
    assert _values(before, locked, same) == _values(after, locked, same)


def assert_others_are_untouched(before: Score, after: Score, selection: Selection) -> None:
    """Where new notes are written, those that stay are all still there."""
    staying = selection.staying
    kept = [t for t in before.tracks if _value(t) in staying]
    found = _values(after, list(COLUMNS.values()))
    assert not _values(Score(before.ticks_per_quarter, tuple(kept)), list(COLUMNS.values())) - found


def _notes_outside(score: Score, selection: Selection) -> Counter:
    onsets = bar_onsets(selection.tokens)
    found: Counter = Counter()
    for track in score.tracks:
        grid = snap(track.notes["onset_ticks"], score.ticks_per_quarter)
        outside = (grid < onsets[selection.first_bar]) | (grid >= onsets[selection.end_bar])
        found += _counted(track, track.notes[outside], list(COLUMNS.values()), score)
    return found


def _values(score: Score, columns: list[str], with_players: bool = True) -> Counter:
    found: Counter = Counter()
    for track in score.tracks:
        found += _counted(track if with_players else None, track.notes, columns, score)
    return found


def _counted(track, notes, columns, score) -> Counter:
    player = None if track is None else (track.name, _value(track))
    ticks = Fraction(1, score.ticks_per_quarter)
    rows = zip(*(notes[c].tolist() for c in columns), strict=True) if columns else [()] * len(notes)
    timed = [c.endswith("ticks") for c in columns]
    return Counter(
        (player, *(x * ticks if t else x for x, t in zip(row, timed, strict=True))) for row in rows
    )


def _events(events, score):
    return [(Fraction(e.onset_ticks, score.ticks_per_quarter), str(e)[str(e).find(",") :])
            for e in events]  # fmt: skip


def _value(track) -> int:
    return 129 if track.is_drum else track.program + 1
