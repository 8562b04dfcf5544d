"""Notes that are streamed are those of the score that comes of them."""

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.control.exact_tempo import with_exact_tempos
from amadeus.errors import ConfigError
from amadeus.inference import composition
from amadeus.inference.composer import Composer
from amadeus.inference.streaming import NoteReader
from amadeus.music.grid import GRID, bars_of
from amadeus.music.midi import read_midi
from amadeus.tokens import NUM_ATTRIBUTES, RowType, decode
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.tokenizer import mark


def of_score(score):
    """Its notes as a stream has them, in order; how long they sound is checked elsewhere."""
    bars = bars_of(score)
    found = []
    for track in score.tracks:
        onsets = track.notes["onset_ticks"]
        tempo = np.searchsorted([t.onset_ticks for t in score.tempos], onsets, side="right") - 1
        found += zip(
            onsets.tolist(), [track.is_drum] * len(onsets),
            [0 if track.is_drum else track.program] * len(onsets), track.notes["pitch"].tolist(),
            track.notes["duration_ticks"].tolist(), track.notes["velocity"].tolist(),
            score.ticks_to_seconds(onsets).tolist(), (bars.index_at(onsets) + 1).tolist(),
            [score.tempos[i].bpm for i in tempo], strict=True,
        )  # fmt: skip
    return sorted(found)


def of_stream(notes):
    return [
        (n.onset_ticks, n.is_drum, n.program, n.pitch, n.duration_ticks, n.velocity,
         n.onset_seconds, n.bar, n.bpm)
        for n in notes
    ]  # fmt: skip


def drained(stream):
    """The notes of a stream, and what it returns."""
    notes = []
    while True:
        try:
            notes.append(next(stream))
        except StopIteration as end:
            return notes, end.value


@pytest.mark.parametrize(
    "constraints",
    [[], ["tempo: 90->120"], ["tempo: 97 in bars 2-3"], ["tempo: 61 in bars 1-1", "metre: 5/8"]],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 1])
def test_streamed_notes_are_those_of_the_score(tiny_model, constraints, seed):
    settings = {
        "bars": 12, "notes": 60, "seed": seed, "constraints": Constraints(*constraints)
    }  # fmt: skip
    composer = Composer(tiny_model)
    score = composer.generate("a bright tune", **settings)
    notes, streamed = drained(composer.stream("a bright tune", **settings))
    assert streamed == score
    assert notes
    assert of_stream(notes) == of_score(score)
    for note in notes:
        assert note.duration_seconds == pytest.approx(note.duration_ticks * 60 / note.bpm / GRID)


@pytest.mark.parametrize("texts", [[], ["tempo: 70->140 in bars 3-6"], ["tempo: 55 in bars 2-2"]])
def test_times_are_exact_however_wild_the_piece(texts):
    """Rows at random, with tempos and metres that change all the time, and empty bars."""
    for seed in range(15):
        rng = np.random.default_rng(seed)
        plan = Constraints(*texts).plan(9)
        reader, grammar, rows = NoteReader(plan), Grammar(num_bars=9), [mark(RowType.START)[0]]
        grammar.advance(rows[0])
        notes = []
        while not grammar.ended:
            row, known = np.zeros(NUM_ATTRIBUTES, int), np.zeros(NUM_ATTRIBUTES, bool)
            for attribute in grammar.choices or range(NUM_ATTRIBUTES):
                row[attribute] = rng.choice(np.flatnonzero(grammar.allowed(row, known)[attribute]))
                known[attribute] = True
            for attribute in np.flatnonzero(~known):
                row[attribute] = rng.choice(np.flatnonzero(grammar.allowed(row, known)[attribute]))
                known[attribute] = True
            grammar.advance(row)
            rows.append(row)
            notes += [note] if (note := reader.read(row)) else []
        score = with_exact_tempos(decode(np.stack(rows)), plan)
        assert sorted(of_stream(notes)) == of_score(score)


def test_a_stream_composes_no_more_than_is_asked_for(tiny_model, monkeypatch):
    steps = []
    monkeypatch.setattr(
        composition.Session, "step",
        lambda self, step=composition.Session.step: steps.append(1) or step(self),
    )  # fmt: skip
    notes = Composer(tiny_model).stream(bars=4, seed=1)
    assert not steps
    next(notes)
    next(notes)
    assert len(steps) < 6
    notes.close()
    assert list(notes) == []


def test_what_cannot_work_is_refused_before_the_first_note(tiny_model):
    with pytest.raises(ConfigError, match="contradict"):
        Composer(tiny_model).stream(constraints=Constraints("metre: 3/4", "metre: 4/4"))


@pytest.mark.parametrize("texts", [[], ["tempo: 97"], ["tempo: 70->140 in bars 2-3"]])
@pytest.mark.parametrize("name", ["song_with_pickup", "choir_changing_metre", "funk_drums"])
def test_streamed_notes_of_a_continuation_are_its_new_ones(tiny_model, fixtures, name, texts):
    given = read_midi(fixtures / f"{name}.mid")
    settings = {"bars": 3, "notes": 40, "seed": 4, "constraints": Constraints(*texts)}
    composer, bars = Composer(tiny_model), []
    notes, streamed = drained(composer.stream_continuation(given, on_bar=bars.append, **settings))
    score = composer.continue_score(given, **settings)
    assert streamed == score
    assert len(notes) == score.num_notes - given.num_notes
    ticks = score.ticks_per_quarter
    onsets = np.array([note.onset_ticks for note in notes]) * ticks // GRID
    seconds = [note.onset_seconds for note in notes]
    np.testing.assert_allclose(score.ticks_to_seconds(onsets), seconds, rtol=1e-9)
    assert [bar.bar for bar in bars] == list(range(bars[0].bar, bars[0].bar + len(bars)))
    assert bars[0].onset_ticks * ticks // GRID > max(
        track.notes["onset_ticks"][-1] * (ticks // given.ticks_per_quarter)
        for track in given.tracks
    )


def test_a_stream_tells_of_its_bars_and_chords(tiny_model):
    bars = []
    held = Constraints("metre: 3/4", "chords: Am F", "tempo: 90")
    notes, score = drained(
        Composer(tiny_model).stream(bars=4, notes=200, constraints=held, on_bar=bars.append)
    )
    assert [(bar.bar, bar.metre, bar.bpm) for bar in bars] == [
        (i, "3/4", 90.0) for i in (1, 2, 3, 4)
    ]
    assert [bar.onset_ticks for bar in bars] == [0, 36, 72, 108]
    assert {(note.bar % 2, note.chord) for note in notes} == {(1, "Am"), (0, "F")}
    assert bars_of(score, 144).onset_ticks.tolist() == [0, 36, 72, 108]
