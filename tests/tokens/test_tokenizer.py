import csv
import io
import lzma
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amadeus.errors import ScoreError
from amadeus.music.grid import GRID, bars_of, quantize
from amadeus.music.midi import read_midi
from amadeus.music.score import Chord, Score, Tempo, TimeSignature, Track, make_notes
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens import vocabulary as v

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("*.mid"))

pitches = st.integers(0, 127)
notes_in_bar = st.tuples(
    st.integers(0, v.MAX_BAR_TICKS - 1),  # onset, taken modulo the bar
    st.sampled_from((0, 24, 40, 127, None)),  # program, None for drums
    pitches,
    st.integers(1, v.MAX_DURATION_TICKS),
    st.integers(1, 32).map(lambda value: int(v.velocity_of(np.array(value)))),
    st.one_of(st.none(), st.integers(0, len(v.TEMPOS) - 1)),  # a new tempo
    st.one_of(st.none(), st.integers(v.NO_CHORD, v.SIZES[Attribute.CHORD] - 1)),  # a new chord
)
bars = st.tuples(
    st.one_of(
        st.sampled_from(((1, 8), (2, 4), (3, 4), (4, 4), (6, 8), (5, 16))),
        st.sampled_from(v.METRES),
    ),
    st.lists(notes_in_bar, max_size=4),
)


def metre_map(metres):
    """Onsets of bars in grid steps, and the time signatures of bars in these metres."""
    lengths = [int(v.METRE_TICKS[v.metre_index(*metre)]) for metre in metres]
    onsets = np.concatenate([[0], np.cumsum(lengths)]).tolist()
    new = [i for i, metre in enumerate(metres) if i == 0 or metre != metres[i - 1]]
    return onsets, tuple(TimeSignature(onsets[i], *metres[i]) for i in new)


@st.composite
def scores(draw):
    """Scores on the grid, in the one form that decoding writes them in."""
    drawn = draw(st.lists(bars, min_size=1, max_size=8))
    last = draw(notes_in_bar)
    drawn[-1] = (drawn[-1][0], [*drawn[-1][1], last])  # nothing is kept after the last onset
    onsets, time_signatures = metre_map([metre for metre, _ in drawn])
    unisons, tempo_at, chord_at = {}, {}, {}
    for i, (_, notes) in enumerate(drawn):
        for place, program, pitch, duration, velocity, tempo, chord in notes:
            onset = onsets[i] + place % (onsets[i + 1] - onsets[i])
            instrument = v.DRUMS if program is None else program + 1
            unisons[instrument, onset, pitch] = (onset, duration, pitch, velocity)
            tempo_at[onset] = tempo if tempo is not None else tempo_at.get(onset)
            chord_at[onset] = chord if chord is not None else chord_at.get(onset)
    tracks = []
    for instrument in sorted({key[0] for key in unisons}):
        notes = make_notes(row for key, row in unisons.items() if key[0] == instrument)
        is_drum = instrument == v.DRUMS
        tracks.append(Track(0 if is_drum else instrument - 1, notes, is_drum))
    first = min(tempo_at)
    if drawn[0][1]:  # otherwise the piece begins with an empty bar, which has a tempo of its own
        tempo_at = {0 if onset == first else onset: tempo for onset, tempo in tempo_at.items()}
    tempos = steps({0: 40} | {k: t for k, t in tempo_at.items() if t is not None})
    chords = steps({first: v.NO_CHORD} | {k: c for k, c in chord_at.items() if c is not None})
    return Score(
        ticks_per_quarter=GRID,
        tracks=tuple(tracks),
        tempos=tuple(Tempo(onset, float(v.TEMPOS[value])) for onset, value in tempos),
        time_signatures=time_signatures,
        chords=tuple(Chord(onset, *v.chord_of(value)) for onset, value in chords),
    )


def steps(values):
    """(onset, value) pairs in order, none like the one before."""
    pairs = sorted(values.items())
    return [p for i, p in enumerate(pairs) if i == 0 or p[1] != pairs[i - 1][1]]


def piece(*rows, program=0, is_drum=False, **fields):
    """A score of one track, rows of (onset, duration, pitch, velocity) on the grid."""
    track = Track(program, make_notes(rows), is_drum)
    return Score(ticks_per_quarter=GRID, tracks=(track,), **fields)


def only_notes(score):
    (track,) = score.tracks
    return track.notes.tolist()


PICKUP_THEN_A_LONG_REST = piece(
    (6, 384, 60, 126), (6 + 48 * 30, 1, 0, 2),
    time_signatures=(TimeSignature(0, 1, 4), TimeSignature(12, 4, 4), TimeSignature(156, 7, 8)),
    tempos=(Tempo(0, float(v.TEMPOS[0])), Tempo(6 + 48 * 30, float(v.TEMPOS[-1]))),
    chords=(Chord(6, 9, "min"), Chord(6 + 48 * 30, None, "")),
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(scores())
@example(PICKUP_THEN_A_LONG_REST)
def test_decode_inverts_encode_on_the_grid(score):
    assert decode(encode(score)) == score


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_encode_inverts_decode(path):
    tokens = encode(read_midi(path))
    assert tokens.dtype == np.uint16
    assert np.array_equal(encode(decode(tokens)), tokens)


@settings(deadline=None, max_examples=50)
@given(scores())
def test_tokens_stay_inside_the_vocabulary(score):
    tokens = encode(score)
    assert (tokens < np.array(v.SIZES)).all()
    assert tokens[0, 0] == RowType.START
    assert tokens[-1, 0] == RowType.END


def test_a_pickup_is_a_short_first_bar(fixtures):
    score = read_midi(fixtures / "song_with_pickup.mid")
    tokens = encode(score)
    assert v.METRES[v.metre_of(tokens[1:2, 0])[0]] == (1, 8)
    assert decode(tokens).time_signatures[0] == TimeSignature(0, 1, 8)


def test_empty_bars_each_have_a_row_and_their_metre():
    metres = (TimeSignature(0, 4, 4), TimeSignature(96, 3, 4))
    tokens = encode(piece((0, 12, 60, 80), (96 + 36 * 2, 12, 60, 80), time_signatures=metres))
    types = tokens[v.is_rest(tokens[:, 0]), 0]
    assert [v.METRES[i] for i in v.metre_of(types)] == [(4, 4), (3, 4), (3, 4)]


def test_notes_shorter_than_the_grid_survive_with_one_step():
    track = Track(0, make_notes([(0, 1, 60, 80), (7, 2, 64, 80), (960, 480, 67, 80)]))
    back = decode(encode(Score(ticks_per_quarter=960, tracks=(track,))))
    assert [(pitch, duration) for _, duration, pitch, _ in only_notes(back)] == [
        (60, 1), (64, 1), (67, 6),
    ]  # fmt: skip


def test_notes_longer_than_32_quarters_are_cut():
    back = decode(encode(piece((0, 1000, 60, 82))))
    assert only_notes(back) == [(0, v.MAX_DURATION_TICKS, 60, 82)]


def test_unisons_become_the_longest_of_them_at_the_loudest():
    first = Track(0, make_notes([(0, 6, 60, 110), (0, 12, 60, 30)]))
    second = Track(0, make_notes([(0, 9, 60, 50), (0, 9, 61, 50)]))
    back = decode(encode(Score(ticks_per_quarter=GRID, tracks=(first, second))))
    assert only_notes(back) == [(0, 12, 60, 110), (0, 9, 61, 50)]


def test_unisons_of_different_instruments_stay_apart():
    notes = make_notes([(0, 12, 60, 82)])
    score = Score(ticks_per_quarter=GRID, tracks=(Track(0, notes), Track(40, notes)))
    assert decode(encode(score)).tracks == score.tracks


def test_drums_have_pitches_of_their_own():
    row = (0, 12, 38, 82)
    drums, piano = encode(piece(row, is_drum=True, program=5)), encode(piece(row, program=5))
    assert drums[1, Attribute.INSTRUMENT] == v.DRUMS
    assert drums[1, Attribute.PITCH] == v.FIRST_DRUM_PITCH + 38
    assert piano[1, Attribute.PITCH] == 1 + 38
    (track,) = decode(drums).tracks
    assert track.is_drum
    assert track.notes["pitch"].tolist() == [38]


@pytest.mark.parametrize("sixteenths", range(1, 16))
def test_a_metre_change_in_mid_bar_makes_a_bar_of_its_true_length(sixteenths):
    cut = 48 + 3 * sixteenths
    metres = (TimeSignature(0, 4, 4), TimeSignature(cut, 3, 4))
    notes = [(onset, 3, 60, 82) for onset in (0, 48, cut, cut + 36)]
    back = decode(encode(piece(*notes, time_signatures=metres)))
    assert only_notes(back) == notes
    assert bars_of(back).onset_ticks.tolist() == [0, 48, cut, cut + 36]
    assert bars_of(back).length_ticks.tolist() == [48, 3 * sixteenths, 36, 36]


@pytest.mark.parametrize("cut", range(1, 48))
def test_notes_stay_in_time_wherever_a_bar_is_cut_off(cut):
    metres = (TimeSignature(0, 4, 4), TimeSignature(48 + cut, 3, 4))
    notes = [(onset, 3, 60, 82) for onset in (0, 48 + cut, 48 + cut + 74)]
    back = decode(encode(piece(*notes, time_signatures=metres)))
    assert only_notes(back) == notes
    expected = [0, 48, 48 + cut, 48 + cut + 36, 48 + cut + 72]
    distance = np.abs(bars_of(back).onset_ticks[:, None] - expected).min(0)
    assert distance.max() <= 2  # bars last whole sixteenths


@pytest.mark.parametrize(
    ("given_metre", "written"),
    [((4, 32), (1, 8)), ((6, 32), (3, 16)), ((2, 1), (2, 1)), ((33, 4), (4, 4)), ((3, 32), (4, 4))],
)
def test_a_metre_without_token_becomes_one_of_its_length_or_common_time(given_metre, written):
    back = decode(encode(piece((0, 12, 60, 82), time_signatures=(TimeSignature(0, *given_metre),))))
    assert back.time_signatures == (TimeSignature(0, *written),)


@settings(deadline=None)
@given(st.floats(float(v.TEMPOS[0]), float(v.TEMPOS[-1])))
def test_tempos_come_back_within_half_a_bin(bpm):
    back = decode(encode(piece((0, 12, 60, 82), tempos=(Tempo(0, bpm),))))
    assert abs(np.log2(back.tempos[0].bpm / bpm)) <= 1 / 32 + 1e-9


def test_a_tempo_takes_effect_at_the_next_onset():
    tempos = (Tempo(0, 120.0), Tempo(5, 60.0), Tempo(14, 240.0))
    back = decode(encode(piece((0, 3, 60, 82), (12, 3, 60, 82), (24, 3, 60, 82), tempos=tempos)))
    assert back.tempos == (Tempo(0, 120.0), Tempo(12, 60.0), Tempo(24, 240.0))


def test_until_the_first_tempo_midi_plays_at_120():
    back = decode(encode(piece((0, 3, 60, 82), (24, 3, 60, 82), tempos=(Tempo(24, 60.0),))))
    assert back.tempos == (Tempo(0, 120.0), Tempo(24, 60.0))


def test_a_piece_without_notes_cannot_be_encoded():
    with pytest.raises(ScoreError, match="no notes"):
        encode(Score(ticks_per_quarter=GRID, tracks=()))


def test_tokens_that_begin_inside_a_bar_cannot_be_decoded():
    tokens = encode(piece((0, 12, 60, 82), (12, 12, 62, 82)))
    with pytest.raises(ScoreError, match="begins with a bar"):
        decode(tokens[2:])


def test_a_piece_still_being_written_decodes():
    tokens = encode(piece((0, 12, 60, 82), (12, 12, 62, 82)))
    assert only_notes(decode(tokens[:2])) == [(0, 12, 60, 82)]
    assert decode(tokens[:1]).num_notes == 0


def sounding(score):
    """Distinct (instrument, pitch, onset), and what the score says at each onset."""
    keys = set()
    for track in score.tracks:
        instrument = v.DRUMS if track.is_drum else track.program
        notes = track.notes
        pairs = zip(notes["pitch"].tolist(), notes["onset_ticks"].tolist(), strict=True)
        keys |= {(instrument, *pair) for pair in pairs}
    return keys


def at_onsets(score, onsets):
    """Place in the bar, metre and tempo at each onset."""
    bars_ = bars_of(score)
    bar = bars_.index_at(onsets)
    metres = np.array([(t.numerator, t.denominator) for t in bars_.time_signatures])
    tempos = np.array([t.onset_ticks for t in score.tempos])
    bpm = np.array([t.bpm for t in score.tempos])
    return (
        onsets - bars_.onset_ticks[bar],
        metres[bars_.metre[bar]],
        bpm[np.maximum(np.searchsorted(tempos, onsets, side="right") - 1, 0)],
    )


def is_on_grid(score):
    """Whether every note begins exactly on a grid position."""
    return all(
        not np.any(track.notes["onset_ticks"] * GRID % score.ticks_per_quarter)
        for track in score.tracks
    )


@pytest.mark.slow
@pytest.mark.skipif("AMADEUS_DATA" not in os.environ, reason="AMADEUS_DATA names no corpora")
def test_real_music_on_the_grid_survives():
    with lzma.open(os.environ["AMADEUS_MANIFEST"]) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))
    files = [row["file"] for row in rows if row["split"] == "validation"]
    pieces = notes = distinct = survived = onsets_in_all = 0
    same_place = same_metre = same_tempo = 0
    for file in files:
        score = read_midi(Path(os.environ["AMADEUS_DATA"]) / file)
        if not is_on_grid(score):
            continue
        score = quantize(score)
        back = decode(encode(replace(score, chords=(Chord(0, None, ""),))))
        before, after = sounding(score), sounding(back)
        pieces += 1
        notes += score.num_notes
        distinct += len(before)
        survived += len(before & after)
        onsets = np.unique([onset for _, _, onset in before])
        onsets_in_all += len(onsets)
        (place, metre, bpm), (place_, metre_, bpm_) = (at_onsets(s, onsets) for s in (score, back))
        same_place += int((place == place_).sum())
        same_metre += int((metre == metre_).all(axis=1).sum())
        clipped = np.clip(bpm, v.TEMPOS[0], v.TEMPOS[-1])
        same_tempo += int((np.abs(np.log2(bpm_ / clipped)) <= 1 / 32 + 1e-6).sum())
    print(
        f"{pieces} of {len(files)} pieces on the grid, {notes} notes, "
        f"{1 - distinct / notes:.2%} merged unisons; kept: {survived / distinct:.4%} of notes, "
        f"{same_place / onsets_in_all:.4%} of places in the bar, "
        f"{same_metre / onsets_in_all:.4%} of metres, {same_tempo / onsets_in_all:.4%} of tempos"
    )
    assert survived / distinct >= 0.995
    assert same_place / onsets_in_all >= 0.995
    assert same_metre / onsets_in_all >= 0.995
    assert same_tempo == onsets_in_all
