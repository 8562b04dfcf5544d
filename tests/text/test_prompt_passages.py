"""Words with a file: they hold for the bars that are written, as they do for a new piece."""

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.control.edit import Edit
from amadeus.control.prompted import constraints_on_continuation, constraints_on_edit
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.model import PRESETS, Amadeus
from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi

WORDS = "no drums, slow, 60 bpm, only violin"


@pytest.fixture(scope="module")
def composer(randomize):
    composer = Composer(randomize(Amadeus(PRESETS["nano"])))
    composer.planner._encode_text = lambda texts: [
        np.zeros((1, PRESETS["nano"].text_width), np.float32) for _ in texts
    ]
    return composer


@pytest.fixture(scope="module")
def band(fixtures):
    return read_midi(fixtures / "game_band.mid")


def notes_from(score, tick):
    return {t.instrument for t in score.tracks if (t.notes["onset_ticks"] >= tick).any()}


@pytest.mark.parametrize("seed", range(3))
def test_a_continuation_keeps_to_the_words(composer, band, seed):
    bars = len(bars_of(band))
    longer = composer.continue_score(band, bars=2, prompt=WORDS, seed=seed)
    start = int(bars_of(longer).onset_ticks[bars])
    assert notes_from(longer, start) == {40}
    assert {t.bpm for t in longer.tempos if t.onset_ticks >= start} == {60.0}


def test_constraints_of_a_continuation():
    held = constraints_on_continuation("A minor, then C major, 64 bars", Constraints(), 8)
    assert [*map(str, held)] == ["key: A minor in bars 1-4", "key: C major in bars 5-"]
    with pytest.raises(ConfigError, match="both asks for and forbids"):
        constraints_on_continuation("drums only, no drums", Constraints(), 8)


def test_words_can_be_left_to_the_model(composer, band):
    longer = composer.continue_score(
        band, bars=1, prompt="5 bars, drums only, no drums", prompt_constraints=False
    )
    assert len(bars_of(longer)) == len(bars_of(band)) + 1


def test_an_edit_of_bars_keeps_to_the_words(composer, band):
    edited = composer.edit(band, bars=(2, 3), prompt=WORDS, tries=1)
    starts = bars_of(edited).onset_ticks
    inside = {
        t.instrument
        for t in edited.tracks
        if ((t.notes["onset_ticks"] >= starts[1]) & (t.notes["onset_ticks"] < starts[3])).any()
    }
    assert inside == {40}
    slower = composer.edit(band, bars=(2, 3), resample=("tempo",), prompt=WORDS, tries=1)
    assert [t.bpm for t in slower.tempos if starts[1] <= t.onset_ticks < starts[3]] == [60.0]


def test_what_an_edit_cannot_change_is_named(band):
    part = select(band, Edit(bars=(2, 3), resample=("pitch",)), 0)
    held, left_out = constraints_on_edit("slow, in A minor", Constraints(), part)
    assert [*map(str, held)] == ["key: A minor"]
    assert [*map(str, left_out)] == ["tempo: 60-90"]
    given = Constraints("key: D major")
    held, left_out = constraints_on_edit("in A minor", given, part)
    assert [*map(str, held)] in (["key: D major"], ["key: A minor", "key: D major"])
