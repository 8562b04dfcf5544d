"""Sheet music keeps the notes as they are played."""

import csv
import lzma
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounding import QUARTER, TOLERANCE, count_kept, sounding

from amadeus.music.midi import read_midi
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.music.sheet.musicxml import sheet_to_musicxml, to_musicxml
from amadeus.music.sheet.sheet import sheet_of

METRES = [(4, 4), (3, 4), (6, 8), (12, 8), (7, 8), (3, 2), (5, 16)]
NUM_FILES = int(os.environ.get("AMADEUS_SHEETS", "20"))


def piano(rows, ticks_per_quarter=QUARTER, metre=(4, 4)):
    """A right hand, so that all notes are on one staff."""
    notes = make_notes((*row, 80) for row in rows)
    return Score(
        ticks_per_quarter, (Track(73, notes),), time_signatures=(TimeSignature(0, *metre),)
    )


def rewritten(rows, ticks_per_quarter=QUARTER, metre=(4, 4)):
    """(onset, duration, pitch) of what is written, in fractions of a quarter."""
    ((notes,),) = sounding(to_musicxml(piano(rows, ticks_per_quarter, metre)))
    return sorted((o / QUARTER, (e - o) / QUARTER, p) for o, e, p in notes)


NAMES = [
    "choir_changing_metre", "funk_drums", "game_band", "song_with_pickup", "string_quartet",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_fixtures_keep_onsets_and_durations(name, fixtures):
    total, onsets, both = count_kept(read_midi(fixtures / f"{name}.mid"))
    assert onsets >= 0.99 * total
    assert both >= 0.99 * total


@pytest.mark.skipif("AMADEUS_DATA" not in os.environ, reason="AMADEUS_DATA names no corpora")
def test_real_pieces_keep_onsets_and_durations():
    """AMADEUS_SHEETS sets the number of files. Performances without a beat are left out."""
    folder = Path(os.environ["AMADEUS_DATA"])
    with lzma.open(os.environ["AMADEUS_MANIFEST"], "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["performed"] != "1"]
    rows = [row for row in rows if (folder / row["file"]).exists()]
    counts = [
        count_kept(read_midi(folder / row["file"]))
        for row in rows[:: max(1, len(rows) // NUM_FILES)]
        if int(row["n_notes"]) < 10_000
    ]
    total, onsets, both = map(sum, zip(*counts, strict=True))
    assert onsets >= 0.99 * total
    assert both >= 0.99 * total


lines = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(1, 9000), st.integers(60, 80)),
    min_size=1,
    max_size=40,
)


@given(lines, st.sampled_from(METRES))
def test_any_notes_are_all_written_at_their_64th(rows, metre):
    """Ornaments may be half a 64th further from where they are played."""
    apart = {(row[0] // 9000, row[2]): row for row in rows}
    rows = [(o // 9000 * 9000 + o % 9000 // 2, min(d, 4300), p) for o, d, p in apart.values()]
    total, onsets, both = count_kept(piano(rows, metre=metre), 2 * TOLERANCE)
    assert total == onsets == both


@given(lines, st.sampled_from(METRES), st.booleans())
def test_measures_are_full(rows, metre, is_drum):
    score = piano(rows, metre=metre)
    (track,) = score.tracks
    score = Score(QUARTER, (Track(0, track.notes, is_drum),), time_signatures=score.time_signatures)
    sheet = sheet_of(score)
    for part in sheet.measures():
        for staff in part:
            for bar, voices in enumerate(staff):
                for symbols in voices:
                    now = 0
                    for symbol in symbols:
                        assert symbol.onset == now
                        now += symbol.duration
                    assert now == sheet.bars.length_ticks[bar]
    pitches = {p for part in sounding(sheet_to_musicxml(sheet)) for s in part for _, _, p in s}
    assert pitches == set(track.notes["pitch"].tolist())


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16])
def test_a_quarter_is_divided_exactly(count):
    length = QUARTER // count
    rows = [(QUARTER + i * length, length, 60 + i % 2) for i in range(count)]
    assert rewritten(rows) == [(o / QUARTER, d / QUARTER, p) for o, d, p in rows]


@pytest.mark.parametrize("count", [3, 5, 7])
def test_tuplets_are_found_in_other_resolutions(count):
    """480 ticks do not divide into sevenths."""
    times = [round(480 * i / count) for i in range(count + 1)]
    rows = [(a, b - a, 60) for a, b in pairwise(times)]
    written = rewritten(rows, ticks_per_quarter=480)
    assert [o for o, _, _ in written] == pytest.approx([i / count for i in range(count)])
    text = to_musicxml(piano(rows, 480)).decode()
    assert text.count(f"<actual-notes>{count}</actual-notes>") == count


def test_three_quarters_fill_a_half():
    third = 2 * QUARTER // 3
    text = to_musicxml(piano([(i * third, third, 60) for i in range(3)])).decode()
    assert text.count("<type>quarter</type>\n") == 3
    assert "<tie " not in text


def test_a_late_note_makes_no_quintuplet():
    rows = [(0, 840, 60), (QUARTER // 5, 400, 62)]
    assert "time-modification" not in to_musicxml(piano(rows)).decode()


def test_dotted_rhythms():
    rows = [(0, 1470, 60), (1470, 210, 62), (1680, 1260, 64), (2940, 420, 65)]
    text = to_musicxml(piano(rows)).decode()
    assert rewritten(rows) == [(o / QUARTER, d / QUARTER, p) for o, d, p in rows]
    assert text.count("<dot />") == 3


def test_a_note_that_nearly_reaches_the_next_one_does():
    assert rewritten([(0, 1600, 60), (1680, 1640, 62)]) == [(0, 1, 60), (1, 1, 62)]
    assert rewritten([(0, 1200, 60), (1680, 1640, 62)])[0] == (0, 0.75, 60)


def test_held_notes_of_a_third_voice_are_tied():
    """Two voices a staff, and every duration is kept."""
    rows = [(0, 6720, 60), (1680, 5040, 64), (3360, 1680, 67), (5040, 1680, 69)]
    assert rewritten(rows) == [(o / QUARTER, d / QUARTER, p) for o, d, p in rows]
    assert "<voice>3</voice>" not in to_musicxml(piano(rows)).decode()


def test_grace_notes():
    before = to_musicxml(piano([(0, 1575, 60), (1575, 105, 62), (1680, 840, 64)])).decode()
    assert before.count('<grace steal-time-previous="25" slash="yes" />') == 1
    on_the_beat = to_musicxml(piano([(1680, 105, 62), (1785, 735, 64)])).decode()
    assert on_the_beat.count('<grace steal-time-following="25" slash="no" />') == 1
    run = to_musicxml(piano([*((i * 105, 105, 60 + i % 3) for i in range(16)), (1680, 840, 61)]))
    run = run.decode()
    assert "<grace" not in run


def test_rolled_chords():
    rows = [(30 * i, 1600 - 30 * i, 60 + 4 * i) for i in range(4)]
    assert to_musicxml(piano(rows)).decode().count("<arpeggiate />") == 4
    together = [(0, 1600, 60 + 4 * i) for i in range(4)]
    assert "<arpeggiate" not in to_musicxml(piano(together)).decode()


def test_swing_is_written_straight_with_a_mark():
    rows = []
    for quarter in range(0, 16 * 480, 480):
        rows += [(quarter, 300, 60), (quarter + 316, 160, 62)]
    score = piano(rows, 480)
    text = to_musicxml(score).decode()
    assert text.count("<words>Swing</words>") == 1
    assert "time-modification" not in text
    assert {o % 1 for o, _, _ in rewritten(rows, 480)} == {0, 0.5}
    assert count_kept(score) == (32, 32, 32)


def test_triplets_are_no_swing():
    rows = [(160 * i, 160, 60) for i in range(96)]
    text = to_musicxml(piano(rows, 480)).decode()
    assert "Swing" not in text


def test_what_is_simplified_is_a_notice():
    doubled = piano([(0, 1680, 60), (0, 1680, 60), (1680, 10, 62)])
    assert sheet_of(doubled).notices == (
        "sheet music: notes shorter than a 128th are written as 64ths",
        "sheet music: notes doubled at the same pitch are written once",
    )
    assert sheet_of(piano([(0, 1680, 60)])).notices == ()
