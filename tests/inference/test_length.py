"""The length of a clip: its last bar is the last one that sounds, or the last one that it has."""

import pytest

from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.music.grid import bars_of, clip_bars
from amadeus.music.midi import read_midi
from smf import meta, notes, off, on, smf, track

BAR = 1920
TUNE = notes([60, 62, 64, 65] * 4)
CHORD = [(0, on(48)), (0, on(55)), (8 * BAR, off(48)), (0, off(55))]

CLIPS = {
    "notes in 4 bars": (smf(track(*TUNE)), 4),
    "an end of track at bar 8": (smf(track(end=8 * BAR), track(*TUNE)), 8),
    "an end in the track itself": (smf(track(*TUNE, end=4 * BAR)), 8),
    "an end a tick late": (smf(track(*TUNE, end=1)), 4),
    "an end a beat late": (smf(track(*TUNE, end=480)), 4),
    "an end a tick early": (smf(track(*TUNE, end=4 * BAR - 1)), 8),
    "a chord held for 8 bars": (smf(track(*CHORD)), 8),
    "a chord held without note-offs": (smf(track(*CHORD[:2], end=8 * BAR)), 8),
    "a note that rings over the bar line": (smf(track(*TUNE[:-1], (600, off(65)))), 4),
    "a note held through the next bar": (smf(track(*TUNE[:-1], (480 + 1900, off(65)))), 5),
    "3/4": (smf(track((0, meta(0x58, b"\3\2\x18\x08")), end=1440 * 7), track(*TUNE)), 7),
}


@pytest.fixture(scope="module")
def composer(tiny_model):
    return Composer(tiny_model)


@pytest.mark.parametrize("clip", CLIPS)
def test_bars_of_a_clip(clip):
    data, bars = CLIPS[clip]
    assert len(clip_bars(read_midi(data))) == bars


@pytest.mark.parametrize("clip", CLIPS)
def test_what_is_added_begins_after_the_clip(composer, clip):
    data, num_bars = CLIPS[clip]
    score = read_midi(data)
    end = int(clip_bars(score).onset_ticks[-1] + clip_bars(score).length_ticks[-1])
    longer = composer.continue_score(score, bars=2, seed=1)
    old = {tuple(n) for t in score.tracks for n in t.notes.tolist()}
    onsets = [n[0] for t in longer.tracks for n in t.notes.tolist() if tuple(n) not in old]
    assert min(onsets) >= end
    assert len(bars_of(longer)) == num_bars + 2


def test_the_silent_bars_of_a_clip_can_be_written(composer):
    score = read_midi(CLIPS["an end of track at bar 8"][0])
    after = composer.edit(score, bars=(5, 8), seed=1)
    bars = bars_of(after)
    played = {int(bars.index_at(n)) for t in after.tracks for n in t.notes["onset_ticks"]}
    assert played & {4, 5, 6, 7}
    assert [n for n in after.tracks[0].notes.tolist() if n[0] < 4 * BAR] == (
        score.tracks[0].notes.tolist()
    )
    with pytest.raises(ConfigError, match="the piece has 8 bars"):
        composer.edit(score, bars=(9, 9))


def test_new_bars_can_take_the_place_of_others(composer):
    score = read_midi(CLIPS["notes in 4 bars"][0])
    longer = composer.continue_score(score, from_bar=3, bars=4, seed=1)
    first = [n for t in longer.tracks for n in t.notes.tolist() if n[0] < 2 * BAR]
    assert first == score.tracks[0].notes.tolist()[:8]
    assert len(bars_of(longer)) == 6
    for bar in (1, 6):
        with pytest.raises(ConfigError, match="choose a bar from 2 to 5"):
            composer.continue_score(score, from_bar=bar)
    assert composer.continue_score(score, from_bar=5, bars=1, seed=2) == (
        composer.continue_score(score, bars=1, seed=2)
    )


def test_bars_before_the_first_note_cannot_be_continued(composer):
    score = read_midi(smf(track((4 * BAR, on(60)), (480, off(60)))))
    with pytest.raises(ConfigError, match="no note begins before bar 4"):
        composer.continue_score(score, from_bar=4)


def test_a_note_that_sounds_into_the_new_bars_ends_with_the_old_ones(composer):
    score = read_midi(CLIPS["a chord held for 8 bars"][0])
    longer = composer.continue_score(score, from_bar=4, bars=1, seed=1)
    old = [n for n in longer.tracks[0].notes.tolist() if n[0] == 0]
    assert [n[1] for n in old] == [3 * BAR] * 2
