"""What a report says moves in the direction that it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation import comparison
from amadeus.evaluation.evidence import Evidence, Part, System
from amadeus.evaluation.memorisation import Passages
from amadeus.evaluation.metrics import METRICS
from amadeus.evaluation.parts import report_on
from amadeus.evaluation.pieces import Piece
from amadeus.music.score import Score, Tempo, Track, make_notes
from amadeus.reports.report import Table
from amadeus.text.prompt_list import LabelledPrompt

BARS = 4
SLOW = LabelledPrompt("slow", {"tempo": 60, "key": "C major", "instruments": ["piano"]}, "slow")
FAST = LabelledPrompt("fast", {"tempo": 180, "key": "G major", "instruments": ["violin"]}, "fast")


def tune(seed: int, tonic: int = 60, program: int = 0, bpm: float = 60.0) -> Score:
    """Eighths of a major scale, which begin and end with its chord."""
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    steps = np.random.default_rng(seed).integers(0, 8, 8 * BARS)
    pitches = np.concatenate([[0, 4, 7, 12, 7, 4, 0], scale[steps][7:-3], [4, 7, 0]]) + tonic
    notes = make_notes((6 * i, 6, int(p), 60 + i % 9) for i, p in enumerate(pitches))
    return Score(12, (Track(program, notes),), tempos=(Tempo(0, bpm),))


def as_asked(prompt, seed):
    if prompt is SLOW:
        return tune(seed)
    return tune(seed, tonic=67, program=40, bpm=180.0)


@pytest.fixture(scope="module")
def pieces():
    return [
        Piece(name=f"{prompt.id}-{seed}.mid", score=as_asked(prompt, seed), prompt=prompt)
        for prompt in (SLOW, FAST)
        for seed in range(6)
    ]


def found(pieces, **evidence):
    system = System("ours", pieces, BARS)
    given = Evidence(systems=[system], bars=BARS, prompts=[SLOW, FAST], **evidence)
    return report_on(given, {}).to_dict()


def halved(score):
    return replace(score, tracks=tuple(replace(t, notes=t.notes[::2]) for t in score.tracks))


def broken(piece):
    return replace(piece, score=None, problem="has no notes; give one that has")


def transposed(score, semitones):
    notes = score.tracks[0].notes.copy()
    notes["pitch"] += semitones
    return replace(score, tracks=(replace(score.tracks[0], notes=notes),))


def test_what_was_asked_for_is_found(pieces):
    aligned = found(pieces)["alignment"]
    for name in ("TB", "exact tempo", "CK", "CI exact"):
        assert aligned["ours"][name]["mean"] == 1
        assert aligned["ours, shuffled"][name]["mean"] == 0


def test_shuffling_the_prompts_costs_the_alignment(pieces):
    prompts = [piece.prompt for piece in pieces]
    others = [replace(p, prompt=q) for p, q in zip(pieces, prompts[3:] + prompts[:3], strict=True)]
    assert found(others)["alignment"]["ours"]["CK"]["mean"] == 0.5


def test_files_without_notes_cost_the_alignment_and_are_named(pieces):
    some = [broken(piece) if i % 2 else piece for i, piece in enumerate(pieces)]
    report = found(some)
    assert report["alignment"]["ours"]["TB"]["mean"] == 0.5
    assert report["systems"]["ours"]["broken"] == 6
    first = {"file": "slow-1.mid", "problem": "has no notes; give one that has"}
    assert report["systems"]["ours"]["problems"][0] == first


def test_half_of_the_notes_is_further_from_real_music(pieces):
    real = [as_asked(prompt, seed) for prompt in (SLOW, FAST) for seed in range(100, 120)]
    whole = found(pieces, reference=real)["music"]["ours"]
    some = [replace(p, score=halved(p.score)) if i % 2 else p for i, p in enumerate(pieces)]
    half = found(some, reference=real)["music"]["ours"]
    assert half["means"]["note density"]["mean"] < 0.8 * whole["means"]["note density"]["mean"]
    assert half["distances"]["note density"] > whole["distances"]["note density"] + 0.2
    assert half["mean distance"] > whole["mean distance"]


def test_transposing_the_reference_changes_neither_distances_nor_what_is_memorised(pieces):
    real = [as_asked(prompt, seed) for prompt in (SLOW, FAST) for seed in range(100, 110)]
    higher = [transposed(score, 5) for score in real]
    one, other = (
        found(pieces, reference=r, training=Passages(r, among=[p.score for p in pieces]))
        for r in (real, higher)
    )
    assert one["music"]["ours"]["distances"] == other["music"]["ours"]["distances"]
    assert one["memorisation"]["ours"] == other["memorisation"]["ours"]


def test_transposing_the_pieces_costs_their_keys_alone(pieces):
    moved = [replace(piece, score=transposed(piece.score, 1)) for piece in pieces]
    before, after = (found(some)["alignment"]["ours"] for some in (pieces, moved))
    assert after["CK"]["mean"] == 0
    assert {k: v for k, v in before.items() if k not in ("CK", "CKD")} == {
        k: v for k, v in after.items() if k not in ("CK", "CKD")
    }


def test_copies_of_the_training_pieces_are_memorised(pieces):
    copied = Passages([transposed(p.score, 3) for p in pieces[:3]], among=[p.score for p in pieces])
    report = found(pieces, training=copied)
    assert report["memorisation"]["ours"]["longest"] == 8 * BARS
    # The fast pieces are the slow ones in another key.
    longest = [one["longest shared"] for one in report["pieces"]]
    assert longest == [8 * BARS] * 3 + [0] * 3 + [8 * BARS] * 3 + [0] * 3
    assert report["memorisation"]["ours"]["share"]["mean"] == 0.5


def test_silence_before_the_first_note_is_no_part_of_a_short_piece_either(pieces):
    def late(score):
        notes = score.tracks[0].notes.copy()
        notes["onset_ticks"] += 5 * 48
        return replace(score, tracks=(replace(score.tracks[0], notes=notes),))

    later = [replace(piece, score=late(piece.score)) for piece in pieces]
    soon, late_ones = (System("ours", some, BARS + 2) for some in (pieces, later))
    assert soon.num_short == late_ones.num_short == len(pieces)
    for name, values in soon.metrics.items():
        np.testing.assert_array_equal(late_ones.metrics[name], values, name)


def test_every_overlap_is_estimated_once(pieces, monkeypatch):
    """With 500 real pieces it is most of the work."""
    estimated = []

    def estimate(generated, real):
        estimated.append(generated)
        return 1.0

    monkeypatch.setattr(comparison, "overlap_area", estimate)
    found(pieces, reference=[piece.score for piece in pieces])
    assert len(estimated) == len(METRICS)


def test_units_and_numbers_of_pieces_and_prompts_are_told(pieces):
    drums = replace(pieces[0].score.tracks[0], is_drum=True)
    some = [replace(pieces[0], score=replace(pieces[0].score, tracks=(drums,))), *pieces[1:]]
    evidence = Evidence(systems=[System("ours", some, BARS)], bars=BARS, prompts=[SLOW, FAST])
    page = report_on(evidence, {}).to_markdown()
    assert "| metric | pieces | mean |" in page
    assert "| pitch range, semitones | 11 |" in page
    assert "| note density, notes a second | 12 |" in page
    assert "| pieces | prompts |" in page
    assert "| 12 | 2 |" in page


def test_memorised_pieces_are_named_with_their_system(pieces):
    known = Passages([piece.score for piece in pieces])
    systems = [System(name, pieces[:1], BARS) for name in ("ours", "theirs")]
    page = report_on(Evidence(systems=systems, bars=BARS, training=known), {}).to_markdown()
    for name in ("ours", "theirs"):
        assert f"| `slow-0.mid` | {name} | {8 * BARS} |" in page


def test_one_more_measure_is_one_more_function(pieces):
    def loudness(evidence):
        means = {s.name: float(s.metrics["velocity mean"].mean()) for s in evidence.systems}
        return Part([Table("Loudness", ("", "velocity"), [[k, f"{means[k]:.0f}"] for k in means])],
                    {"loudness": means})  # fmt: skip

    evidence = Evidence(systems=[System("ours", pieces, BARS)], bars=BARS)
    report = report_on(evidence, {}, [loudness])
    assert report.to_dict()["loudness"]["ours"] == pytest.approx(64, abs=1)
    assert "## Loudness" in report.to_markdown()
