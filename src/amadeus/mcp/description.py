"""A textual description of a piece, for AI assistants."""

from __future__ import annotations

from amadeus.music.grid import clip_bars
from amadeus.music.score import Score
from amadeus.text.captioner import write_captions
from amadeus.text.facts import measure


def describe_score(score: Score) -> str:
    """A caption, followed by the measured facts and what had to be repaired, one per line."""
    facts = measure(score)
    time_signatures = dict.fromkeys(map(str, score.time_signatures))
    lines = {
        "key": "no clear key" if facts.key is None else str(facts.key),
        "tempo": _tempo(score),
        "time signature": ", ".join(time_signatures) or "4/4",
        "bars": str(len(clip_bars(score))),
        "length": f"{facts.seconds:g} seconds, {score.num_notes} notes",
        "instruments": ", ".join(facts.instruments) or "none",
        "chords": " ".join(facts.chords),
        "form": facts.form,
    }
    (caption,) = write_captions(facts, 1, seed=0)
    facts_in_words = [f"{name}: {value}" for name, value in lines.items() if value]
    return "\n".join([caption, *facts_in_words, *(f"warning: {n}" for n in score.notices)])


def _tempo(score: Score) -> str:
    bpm = [tempo.bpm for tempo in score.tempos] or [120.0]
    low, high = round(min(bpm)), round(max(bpm))
    return f"{low} BPM" if low == high else f"{low} to {high} BPM"
