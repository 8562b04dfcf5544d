"""Pieces whose every value is drawn from what is allowed, and constraints drawn at random."""

from __future__ import annotations

import numpy as np

from amadeus.control import Control, Plan
from amadeus.control.revision import Revision
from amadeus.inference.editing import Frame
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType, opens_bar

KEYS = ("A minor", "C major", "D dorian", "F# harmonic minor", "E blues", "C whole tone",
        "G chromatic", "C E G A", "Bb major pentatonic")  # fmt: skip
INSTRUMENTS = ("piano", "bass", "drums", "violin", "guitar", "electric guitar", "flute", "strings")
CHORDS = ("Am", "F", "C", "G", "E7", "Dm7", "Bdim", "Em", "N.C.")
DURATIONS = ("1/8", "1/4", "1/4.", "1/8t", "1/2", "1/16")


def compose_at_random(
    plan: Plan, seed: int, max_notes: int | None = None, *, close_chords: bool = True
) -> np.ndarray:
    """A piece drawn in random orders. close_chords: also end chords at random."""
    grammar = Grammar(num_bars=plan.num_bars, max_notes=max_notes)
    return _draw_rows(grammar, mark(RowType.START), Control(plan), seed, close_chords)


def revise_at_random(revision: Revision, frame: Frame, seed: int) -> np.ndarray:
    """The rows of a passage drawn in random orders, [K, A]."""
    prompt = frame.prompt(look_ahead=True)
    ends_with = RowType.JOIN if len(frame.after) else RowType.END
    num_bars = int(opens_bar(frame.before[:, Attribute.TYPE]).sum())
    grammar = Grammar(ends_with=ends_with, num_bars=num_bars + len(revision.selection.bars))
    tokens = _draw_rows(grammar, prompt, revision.control(num_bars), seed)
    return tokens[len(prompt) : -1]


def _draw_rows(grammar, prompt, constrain, seed, close_chords=False):
    rng = np.random.default_rng(seed)
    rows = list(prompt.astype(np.int64))
    for row in rows:
        grammar.advance(row)
    grammar.close_bar()
    while not grammar.ended:
        if close_chords and rng.random() < 0.2:
            grammar.close_chord()
        bias = constrain(grammar)
        values, known = np.zeros(NUM_ATTRIBUTES, dtype=np.int64), np.zeros(NUM_ATTRIBUTES, bool)
        for attribute in rng.permutation(NUM_ATTRIBUTES):
            legal = np.flatnonzero(grammar.allowed(values, known)[attribute])
            if attribute == Attribute.BEAT and rng.random() < 0.7:
                legal = legal[: 1 + len(legal) // 4]
            values[attribute], known[attribute] = rng.choice(legal), True
            if bias is not None:
                assert np.isfinite(bias(values, known)).all()
        grammar.advance(values)
        rows.append(values)
        assert len(rows) < len(prompt) + 5000
    return np.stack(rows)


def draw_constraints(rng: np.random.Generator, num_bars: int) -> list[str]:
    """One to six constraints, as text."""
    makers = [_key, _pitch, _instruments, _instruments, _tempo, _metre, _chords, _velocity,
              _durations, _density, _repeats, _end]  # fmt: skip
    return [makers[rng.integers(len(makers))](rng, num_bars) for _ in range(rng.integers(1, 7))]


def _one(rng, choices):
    return str(choices[rng.integers(len(choices))])


def _some(rng, choices, most=3):
    count = rng.integers(1, most + 1)
    return [str(c) for c in rng.choice(choices, count, replace=False)]


def _in_bars(rng, num_bars):
    if rng.random() < 0.5:
        return ""
    first, last = np.sort(rng.integers(1, num_bars + 1, 2))
    return f" in bars {first}-{last if rng.random() < 0.8 else ''}"


def _scope(rng, num_bars):
    players = f" for {', '.join(_some(rng, INSTRUMENTS, 2))}" if rng.random() < 0.5 else ""
    return players + _in_bars(rng, num_bars)


def _key(rng, num_bars):
    return f"key: {_one(rng, KEYS)}{_scope(rng, num_bars)}"


def _pitch(rng, num_bars):
    low = rng.integers(0, 100)
    return f"pitch: {low}-{low + rng.integers(3, 28)}{_scope(rng, num_bars)}"


def _instruments(rng, num_bars):
    kind = rng.integers(6)
    names = ", ".join(_some(rng, INSTRUMENTS))
    if kind == 0:
        return f"instruments: none in bars 1-{rng.integers(1, num_bars + 1)}"
    share = f" in {rng.integers(1, 101)}% of the bars" if rng.random() < 0.4 else ""
    share += f" in {rng.integers(1, 34)}% of the notes" if rng.random() < 0.2 else ""
    mode = ("at least ", "at least ", "", "", "no ")[kind - 1]
    return f"instruments: {mode}{names}{'' if mode == 'no ' else share}{_in_bars(rng, num_bars)}"


def _tempo(rng, num_bars):
    first, last = rng.integers(20, 341, 2)
    form = (f"{first}", f"{min(first, last)}-{max(first, last)}", f"{first}->{last}")
    return f"tempo: {_one(rng, form)}{_in_bars(rng, num_bars)}"


def _metre(rng, num_bars):
    return f"metre: {_one(rng, ('3/4', '4/4', '7/8', '2/2', '1/16'))}{_in_bars(rng, num_bars)}"


def _chords(rng, num_bars):
    bars = [" ".join(_some(rng, CHORDS, 1 if rng.random() < 0.7 else 3)) for _ in range(3)]
    text = " | ".join(bars[: rng.integers(1, 4)])
    return f"chords: {text}{'' if '|' in text else ' |'}{_in_bars(rng, num_bars)}"


def _velocity(rng, num_bars):
    low, high, last_low, last_high = (*np.sort(rng.integers(1, 128, 2)),
                                      *np.sort(rng.integers(1, 128, 2)))  # fmt: skip
    to = f"->{last_low}-{last_high}" if rng.random() < 0.5 else ""
    return f"velocity: {low}-{high}{to}{_scope(rng, num_bars)}"


def _durations(rng, num_bars):
    return f"durations: {' '.join(_some(rng, DURATIONS))}{_scope(rng, num_bars)}"


def _density(rng, num_bars):
    form = (f"{rng.integers(1, 9)}", f"at most {rng.integers(1, 9)}", "4 at most 6")
    return f"density: {_one(rng, form)}{_scope(rng, num_bars)}"


def _repeats(rng, num_bars):
    return f"repeats: {_one(rng, ('none', 'at most 1'))}{_in_bars(rng, num_bars)}"


def _end(rng, num_bars):
    return f"end: {_one(rng, ('tonic', *CHORDS))}"
