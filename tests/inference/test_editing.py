"""Editing with a model: what is to change changes, what is to stay stays."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from amadeus.control import Constraints, violations
from amadeus.control.edit import Edit
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.editing import Frame
from amadeus.music.grid import bars_of, quantize
from amadeus.music.midi import read_midi, write_midi
from amadeus.music.score import Score, Tempo, Track, make_notes
from amadeus.tokens.vocabulary import Attribute, RowType
from random_edits import (
    assert_closed_notes_are_untouched,
    assert_locked_is_untouched,
    assert_others_are_untouched,
    assert_rest_is_untouched,
)


@pytest.fixture(scope="module")
def composer(tiny_model):
    return Composer(tiny_model)


@pytest.fixture
def song(fixtures):
    return read_midi(fixtures / "song_with_pickup.mid")


@pytest.fixture
def quartet(fixtures):
    return read_midi(fixtures / "string_quartet.mid")


def columns(score, *names):
    notes = np.concatenate([t.notes for t in score.tracks])
    return sorted(zip(*(notes[n].tolist() for n in names), strict=True))


CHANGES = [
    {"bars": (3, 4)},
    {"bars": (8, None)},
    {"bars": (2, 3), "parts": ("voice oohs",)},
    {"bars": (2, 3), "add": ("flute",)},
    {"bars": (2, 3), "parts": ("voice oohs",), "add": ("flute", "drums")},
    {"bars": (3, 5), "resample": ("pitch", "duration"), "keep": ("rhythm",)},
    {"bars": (3, 5), "resample": ("rhythm",)},
    {"resample": ("dynamics",)},
    {"bars": (3, 5), "resample": ("harmony", "melody")},
    {"bars": (3, 5), "resample": ("tempo",)},
    {"resample": ("orchestration",)},
    {"bars": (3, 5), "parts": ("voice oohs",), "resample": ("orchestration", "dynamics")},
    {"vary": 0.3},
    {"notes": ("C4-G5 for voice oohs from 3:1 to 4:2",)},
    {"notes": ("E4", "C4 for piano"), "bars": (3, 5), "resample": ("dynamics",)},
    {"notes": ("C4-G5",), "vary": 0.2, "keep": ("melody",)},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_is_not_named_stays(composer, song, change):
    after = composer.edit(song, **change, seed=3, tries=2)
    selection = select(song, Edit(**change), 3)
    assert_rest_is_untouched(song, after, selection)
    if selection.edit.writes:
        assert_others_are_untouched(song, after, selection)
    else:
        assert_locked_is_untouched(song, after, selection)
    if not selection.edit.writes and Attribute.INSTRUMENT not in selection.edit.drawn:
        assert_closed_notes_are_untouched(song, after, selection)
    assert after != song


DRAFTED = [
    {"bars": (3, 4), "parts": ("voice oohs",)},
    {"bars": (1, 3), "add": ("flute", "drums")},
    {"notes": ("C4-G5 for voice oohs from 3:1 to 4:2",)},
]


@pytest.mark.parametrize("change", DRAFTED, ids=str)
def test_drafts_of_the_only_try_are_what_is_kept(composer, song, change):
    heard = []
    after = composer.edit(song, **change, seed=3, tries=1, on_note=heard.append)
    # A note is shortened where another one of its pitch begins.
    drafts = Counter((n.onset_ticks, n.pitch, n.is_drum or n.program) for n in heard)
    old, new = (
        Counter(
            (onset, pitch, t.is_drum or t.program)
            for t in quantize(score).tracks
            for onset, _, pitch, _ in t.notes.tolist()
        )
        for score in (song, after)
    )
    assert drafts
    assert not drafts - new
    assert not (new - old) - drafts


def test_equal_seeds_make_equal_edits(composer, song):
    edits = [composer.edit(song, bars=(3, 4), seed=seed, tries=2) for seed in (1, 1, 2)]
    assert edits[0] == edits[1] != edits[2]


def test_constraints_hold_in_what_is_written(composer, song):
    held = Constraints("key: C E G A", "velocity: 40-60", "density: at most 6", "pitch: 48-84")
    after = composer.edit(song, bars=(3, 5), constraints=held, seed=1, tries=1)
    bars = bars_of(after)
    for track in after.tracks:
        here = track.notes[np.isin(bars.index_at(track.notes["onset_ticks"]), (2, 3, 4))]
        assert ((here["velocity"] >= 40) & (here["velocity"] <= 60)).all()
        assert np.isin(here["pitch"] % 12, (0, 4, 7, 9)).all()
        assert ((here["pitch"] >= 48) & (here["pitch"] <= 84)).all()


def test_constraints_name_bars_of_the_piece(composer, song):
    held = Constraints("velocity: 100-127 in bars 5-6")
    after = composer.edit(song, resample=("velocity",), constraints=held, seed=1)
    bars = bars_of(after)
    for track in after.tracks:
        bar = bars.index_at(track.notes["onset_ticks"])
        loud = track.notes["velocity"][np.isin(bar, (4, 5))]
        assert (loud >= 100).all()


def test_a_tempo_that_is_asked_for_is_exact_and_ends_with_the_bars(composer, song):
    held = Constraints("tempo: 61.5")
    after = composer.edit(song, bars=(3, 4), resample=("tempo",), constraints=held)
    onsets = bars_of(song).onset_ticks
    assert after.tempos == (
        Tempo(0, 90.0), Tempo(int(onsets[2]), 61.5), Tempo(int(onsets[4]), 90.0),
    )  # fmt: skip


def test_harmony_follows_the_chords_asked_for(composer, song):
    named = composer.generate(bars=4, seed=1)
    held = Constraints("chords: Am F")
    after = composer.edit(named, bars=(2, 3), resample=("chord", "pitch"), constraints=held)
    assert violations(after, Constraints("chords: Am F in bars 2-3")) == []


def test_a_new_part_plays_in_half_of_the_bars(composer, song):
    after = composer.edit(song, add=("flute", "drums"), seed=2)
    bars = bars_of(song)
    for track in (t for t in after.tracks if t.is_drum or t.program == 73):
        assert len(set(bars.index_at(track.notes["onset_ticks"]).tolist())) >= len(bars) / 2
    assert sum(t.is_drum or t.program == 73 for t in after.tracks) == 2


def test_parts_go_to_the_players_asked_for(composer, quartet):
    held = Constraints("instruments: flute, clarinet, bassoon")
    after = composer.edit(quartet, resample=("instrument",), constraints=held, seed=1)
    assert {t.program for t in after.tracks} == {73, 71, 70}
    assert columns(after, "onset_ticks", "pitch") == columns(quartet, "onset_ticks", "pitch")


def test_drums_stay_drums(composer, fixtures):
    band = read_midi(fixtures / "game_band.mid")
    after = composer.edit(band, resample=("instrument",), seed=1)
    drums = [[t.notes for t in s.tracks if t.is_drum] for s in (band, after)]
    assert all(map(np.array_equal, *drums))
    assert {t.program for t in after.tracks if not t.is_drum}.isdisjoint(
        t.program for t in band.tracks if not t.is_drum
    )


def test_drums_alone_have_no_other_player(composer, fixtures):
    with pytest.raises(ConfigError, match="drums stay drums"):
        composer.edit(read_midi(fixtures / "funk_drums.mid"), resample=("instrument",))


def test_controllers_and_words_stay(composer, song):
    pedal = np.array([(0, 64, 127), (40, 64, 0)], dtype=song.tracks[0].controls.dtype)
    tracks = [Track(t.program, t.notes, controls=pedal, name=t.name) for t in song.tracks]
    score = Score(song.ticks_per_quarter, tuple(tracks), song.tempos, song.time_signatures)
    after = composer.edit(score, bars=(3, 4), seed=1)
    for track in after.tracks:
        if len(track.controls):
            factor = after.ticks_per_quarter // score.ticks_per_quarter
            assert track.controls["onset_ticks"].tolist() == [0, 40 * factor]
    assert sum(bool(len(t.controls)) for t in after.tracks) == len(tracks)


def test_ticks_stay_where_no_new_time_is_needed(composer):
    notes = make_notes([(0, 5, 60, 80), (10, 5, 62, 80), (20, 5, 64, 80)])
    odd = Score(7, (Track(0, notes),))
    louder = composer.edit(odd, resample=("velocity",), seed=1)
    assert louder.ticks_per_quarter == 7
    longer = composer.edit(odd, resample=("duration",), seed=1)
    assert longer.ticks_per_quarter == 84
    assert longer.tracks[0].notes["onset_ticks"].tolist() == [0, 120, 240]


def test_what_follows_is_seen_and_fits(quartet):
    selection = select(quartet, Edit(bars=(50, 53)))
    frame = Frame.around(selection, 960)
    prompt = frame.prompt(look_ahead=True)
    assert prompt[0, Attribute.TYPE] == RowType.FUTURE
    assert len(frame.after) < 240
    assert len(frame.before) <= 480
    assert np.array_equal(frame.after, selection.tokens[selection.end :][: len(frame.after)])
    assert len(Frame.around(select(quartet, Edit(bars=(90, None))), 960).after) == 0


def test_bars_can_be_silenced(composer, song):
    held = Constraints("instruments: none")
    after = composer.edit(song, bars=(3, 4), constraints=held)
    bars = bars_of(song)
    found = [bars.index_at(t.notes["onset_ticks"]) for t in after.tracks]
    assert set(np.concatenate(found).tolist()) == {0, 1, 4, 5, 6, 7, 8}


def test_continuing_obeys_constraints(composer, song):
    held = Constraints("instruments: flute", "tempo: 61.5", "velocity: 100-127 in bars 2-3")
    longer = composer.continue_score(song, bars=3, constraints=held, seed=1)
    join = bars_of(song)
    end = int(join.onset_ticks[-1] + join.length_ticks[-1])
    factor = longer.ticks_per_quarter // song.ticks_per_quarter
    new = [t for t in longer.tracks if (t.notes["onset_ticks"] >= end * factor).any()]
    assert [t.program for t in new] == [73]
    assert longer.tempos[-1] == Tempo(end * factor, 61.5)
    bars = bars_of(longer)
    late = new[0].notes[bars.index_at(new[0].notes["onset_ticks"]) >= len(join) + 1]
    assert (late["velocity"] >= 100).all()


BAD = [
    ({"bars": (12, 14)}, "the piece has 9 bars"),
    ({"bars": (4, 3)}, "empty range"),
    ({"bars": (0, 3)}, "count from 1"),
    ({"parts": ("kazo",)}, "no instrument is called 'kazo'"),
    ({"parts": ("flute",)}, "no notes of flute"),
    ({"resample": ("pich",)}, "did you mean pitch"),
    ({"resample": ("pitch",), "keep": ("pitch",)}, "both kept and resampled"),
    ({"keep": ("rhythm", "harmony", "pitch", "duration", "velocity")}, "nothing would change"),
    ({"resample": ("type",)}, "always kept"),
    ({"resample": ("rhythm",), "parts": ("piano",)}, "keep rhythm"),
    ({"vary": 0.0}, "share of the notes"),
    ({"vary": 0.2, "resample": ("instrument",)}, "part by part"),
    ({"add": ("acoustic grand piano",)}, "plays already"),
    ({"add": ("flute",), "resample": ("pitch",)}, "has new notes"),
    ({"add": ("flute",), "notes": ("C4",)}, "has new notes"),
    ({"notes": ("H4",)}, "write 'C4-G5'"),
    ({"notes": ("C5-C4",)}, "lower pitch comes first"),
    ({"notes": ("at 3:2",), "resample": ("harmony",)}, "notes that begin together"),
    ({"notes": ("at 3:2",), "resample": ("rhythm",)}, "keep rhythm"),
    ({"notes": ("at 3:2",), "keep": ("pitch", "duration", "velocity")}, "nothing would change"),
    ({"notes": ("at 12:1",)}, "no bar 12"),
    ({"notes": ("at 3:7",)}, "no beat 7"),
    ({"notes": ("127 at 3:1",)}, "no note is '127 at 3:1'"),
    ({"notes": ("from 3:1 to 3:2",), "bars": (5, 6)}, "none of the notes named"),
    ({"bars": (3, 4), "tries": 0}, "tries must be"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=str)
def test_an_edit_that_makes_no_sense_is_refused(composer, song, change, message):
    with pytest.raises(ConfigError, match=message):
        composer.edit(song, **change)


HELD = [
    ({"resample": ("pitch",)}, "velocity: 40", "speaks of velocity, which stays"),
    ({"resample": ("pitch",)}, "density: 8", "number of notes is kept"),
    ({"resample": ("pitch",)}, "bars: 8", "keeps the bars"),
    ({"bars": (3, 4)}, "metre: 3/4", "keeps the bars"),
    ({"bars": (3, 4)}, "tempo: 80", "speaks of tempo, which stays"),
    ({"bars": (3, 4)}, "key: A minor in bars 2-3", "outside of the edited ones, 3-4"),
    ({"bars": (3, 4), "add": ("flute",)}, "chords: Am", "speaks of chord, which stays"),
    ({"bars": (3, 4), "add": ("flute",)}, "instruments: no flute", "contradict"),
    ({"resample": ("pitch",)}, "pitch: 60-60", "does not fit into the pitches"),
    ({"resample": ("instrument",)}, "instruments: flute, oboe, tuba", "3 players are asked for"),
    ({"resample": ("instrument",)}, "instruments: flute in 50% of the bars", "name instruments"),
    ({"bars": (9, 9)}, "instruments: none", "ends with a note"),
]


@pytest.mark.parametrize(("change", "text", "message"), HELD, ids=str)
def test_constraints_that_cannot_hold_in_an_edit_are_named(composer, song, change, text, message):
    with pytest.raises(ConfigError, match=message):
        composer.edit(song, **change, constraints=Constraints(text))


def test_new_pitches_do_not_meet_held_notes_of_their_instrument(composer, tmp_path):
    """In a file, a note-off would end the held note instead, and both would change their length."""
    long = [(bar * 48, 48, pitch, 80) for bar in range(4) for pitch in (62, 67)]
    short = [(12 * beat, 6, 64 + beat % 3, 80) for beat in range(16)]
    cello = Track(program=42, notes=make_notes(sorted(long + short)))
    song = read_midi(write_midi(Score(12, (cello,)), tmp_path / "cello.mid"))

    def rhythm(score):
        return columns(score, "onset_ticks", "duration_ticks")

    few = Constraints("pitch: 60-69")
    for seed in range(8):
        after = composer.edit(song, resample=("melody",), constraints=few, seed=seed)
        assert rhythm(read_midi(write_midi(after, tmp_path / "edited.mid"))) == rhythm(song)
