"""What was asked for is found where it is, and not where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amadeus.errors import ConfigError
from amadeus.evaluation.alignment import (
    MAX_OTHERS,
    Heard,
    Wanted,
    align,
    mean_alignment,
    nothing_met,
    shuffled_alignment,
    sounding,
)
from amadeus.music.keys import Key
from amadeus.music.score import Score, Tempo, TimeSignature, Track, make_notes

C_MAJOR_SONG = [60, 64, 67, 72, 65, 69, 67, 71, 74, 67, 64, 60]


def a_score(pitches=C_MAJOR_SONG, programs=(0,), drums=False, bpm=120.0, metre=(4, 4)) -> Score:
    notes = make_notes((12 * i, 12, pitch, 80) for i, pitch in enumerate(pitches))
    tracks = [Track(program, notes) for program in programs]
    if drums:
        tracks.append(Track(0, notes[:4], is_drum=True))
    return Score(
        12, tuple(tracks), tempos=(Tempo(0, bpm),), time_signatures=(TimeSignature(0, *metre),)
    )


def test_a_piece_in_every_respect_as_wanted_scores_one_everywhere():
    wanted = Wanted.from_labels(
        {"tempo": 120, "key": "C major", "time_signature": "4/4", "instruments": ["piano"]}
    )
    found = align(a_score(), wanted)
    assert set(found.values()) == {1.0}
    assert len(found) == 10


def test_only_what_was_asked_for_is_measured():
    assert align(a_score(), Wanted()) == {}
    assert set(align(a_score(), Wanted(key=Key(0, "major")))) == {"CK", "CKD"}


@pytest.mark.parametrize(
    ("bpm", "same_bin", "near"),
    [(120.0, 1, 1), (111.0, 1, 1), (139.0, 1, 1), (109.0, 0, 1), (150.0, 0, 1), (170.0, 0, 0)],
)
def test_tempo_bins_have_the_published_edges(bpm, same_bin, near):
    found = align(a_score(bpm=bpm), Wanted.from_labels({"tempo": 125}))
    assert (found["TB"], found["TBT"]) == (same_bin, near)


@pytest.mark.parametrize(
    ("word", "bpm", "same_bin"),
    [("slow", 65, 1), ("slow", 89, 1), ("slow", 100, 0), ("andante", 80, 1), ("andante", 65, 0)],
)
def test_a_tempo_word_allows_its_bins(word, bpm, same_bin):
    assert align(a_score(bpm=bpm), Wanted.from_labels({"tempo_word": word}))["TB"] == same_bin


def test_the_relative_key_counts_half_the_way():
    found = align(a_score(), Wanted.from_labels({"key": "A minor"}))
    assert found == {"CK": 0.0, "CKD": 1.0}


def test_transposing_a_piece_loses_its_key_and_nothing_else():
    wanted = Wanted.from_labels({"tempo": 120, "key": "C major", "instruments": ["piano"]})
    before, after = align(a_score(), wanted), align(a_score([p + 1 for p in C_MAJOR_SONG]), wanted)
    assert after == before | {"CK": 0.0, "CKD": 0.0}


def test_the_metre_is_the_first_one():
    assert align(a_score(metre=(3, 4)), Wanted(time_signature="3/4")) == {"CTS": 1.0}
    assert align(a_score(metre=(3, 4)), Wanted(time_signature="4/4")) == {"CTS": 0.0}
    assert align(replace(a_score(), time_signatures=()), Wanted(time_signature="4/4"))["CTS"] == 1


def test_instruments_are_precise_and_complete_or_not():
    wanted = Wanted.from_labels({"instruments": ["piano", "drums"]})
    found = align(a_score(programs=(0, 40)), wanted)
    assert found["CI precision"] == 0.5
    assert found["CI recall"] == 0.5
    assert found["CI F1"] == 0.5
    assert found["CI exact"] == 0
    assert align(a_score(drums=True), wanted)["CI exact"] == 1


def test_the_five_instruments_that_sound_longest_count():
    score = a_score(programs=(0, 10, 20, 30, 40))
    short = Track(50, score.tracks[0].notes[:1])
    score = replace(score, tracks=(short, *score.tracks))
    assert sounding(score) == (0, 10, 20, 30, 40, 50)
    five = tuple((program,) for program in (0, 10, 20, 30, 40))
    assert align(score, Wanted(instruments=five))["CI exact"] == 1


def test_six_instruments_can_be_asked_for_and_found():
    programs = (0, 10, 20, 30, 40, 50)
    wanted = Wanted(instruments=tuple((program,) for program in programs))
    found = align(a_score(programs=programs), wanted)
    assert found["CI recall"] == found["CI exact"] == 1


def test_silence_plays_nothing_that_was_asked_for():
    found = align(Score(12, ()), Wanted.from_labels({"instruments": ["piano"], "key": "C major"}))
    assert found["CI exact"] == found["CI F1"] == found["CK"] == 0


@pytest.mark.parametrize("labels", [{"instruments": ["kazoophone"]}, {"tempo_word": "wobbly"}])
def test_labels_that_say_nothing_known_are_refused(labels):
    with pytest.raises(ConfigError, match="unknown"):
        Wanted.from_labels(labels)


@pytest.mark.parametrize(
    "labels",
    [
        *({"tempo": "fast"}, {"tempo": True}, {"key": 7}, {"time_signature": 3.4}),
        *({"instruments": "piano"}, {"instruments": [1]}, {"tempo_word": ["slow"]}),
    ],
)
def test_labels_of_the_wrong_type_are_refused(labels):
    with pytest.raises(ConfigError):
        Wanted.from_labels(labels)


def test_means_are_over_the_pieces_that_were_asked():
    means = mean_alignment([{"CK": 1.0}, {"CK": 0.0, "TB": 1.0}, {}])
    assert {name: (mean.mean, count) for name, (mean, count) in means.items()} == {
        "TB": (1.0, 1),
        "CK": (0.5, 2),
    }
    assert list(means) == ["TB", "CK"]


def test_pieces_of_one_prompt_are_not_independent():
    found = [{"CK": float(prompt % 2)} for prompt in range(20) for _ in range(5)]
    prompts = [prompt for prompt in range(20) for _ in range(5)]
    (alone, _), (grouped, _) = mean_alignment(found)["CK"], mean_alignment(found, prompts)["CK"]
    assert grouped.mean == alone.mean == 0.5
    assert grouped.high - grouped.low > 1.8 * (alone.high - alone.low)


def test_a_file_without_music_meets_nothing():
    wanted = Wanted.from_labels({"tempo": 120, "time_signature": "4/4", "instruments": ["piano"]})
    assert set(nothing_met(wanted).values()) == {0.0}
    assert set(nothing_met(wanted)) == set(align(a_score(), wanted))


def test_shuffling_prompts_costs_the_alignment():
    slow, fast = Wanted.from_labels({"tempo": 60}), Wanted.from_labels({"tempo": 180})
    heard = [Heard.of(a_score(bpm=60.0)), Heard.of(a_score(bpm=180.0))]
    mean, count = shuffled_alignment(heard, [slow, fast])["TB"]
    assert (mean.mean, count) == (0.0, 2)


def test_of_many_prompts_some_others_tell_what_chance_reaches():
    """All of them would be as many comparisons as the square of the pieces."""
    wanted = [Wanted.from_labels({"tempo": 40 + bpm}) for bpm in range(160)]
    mean, count = shuffled_alignment([Heard.of(a_score(bpm=120.0))] * 160, wanted)["TB"]
    assert count == 160 * MAX_OTHERS
    assert mean.mean == pytest.approx(30 / 160, abs=0.02)  # 110 to 140 BPM
    assert shuffled_alignment([None], wanted[:1]) == {}
