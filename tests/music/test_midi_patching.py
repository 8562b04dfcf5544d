"""Edits leave a file alone: whatever is not an edited note stays byte for byte."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.midi.events import META, read_events
from amadeus.music.midi.notices import Notices
from amadeus.music.midi.reading import view_of
from amadeus.music.score import NOTE_DTYPE, Tempo, TimeSignature, Track, make_notes, sort_notes
from smf import (
    EOT,
    chunk,
    control,
    header,
    meta,
    notes,
    number,
    off,
    on,
    program,
    smf,
    sysex,
    track,
)

TUNE = [60, 62, 64, 65]


def messages_of(data):
    """(tick, message with its status) of every event, a list for each track."""
    events = read_events(data, Notices())
    found = [[] for _ in range(events.num_tracks)]
    for i in range(len(events)):
        message = data[events.message[i] : events.stop[i]]
        if events.is_running[i]:
            message = bytes([events.status[i]]) + message
        found[events.track[i]].append((int(events.tick[i]), message))
    return found


def is_note(message):
    return message[0] >> 4 in (8, 9)


def instrument(one):
    return 128 if one.is_drum else one.program


def played(score, with_ends=True):
    return Counter(
        (instrument(one), onset, pitch, velocity, duration if with_ends else 0)
        for one in score.tracks
        for onset, duration, pitch, velocity in one.notes.tolist()
    )


def left_out(file):
    """The events that are note-ons at the end of their track, which may have to go."""
    view = view_of(file)
    events, sounding = view.events, {int(p) for part in view.parts.parts for p in part.on}
    is_on = (events.status >> 4 == 9) & (events.second > 0)
    return {int(place) for place in np.flatnonzero(is_on)} - sounding


def assert_rest_is_untouched(before, after, removed=(), also=()):
    """removed: events of notes that were taken out; also: kinds of meta events that may change."""
    old, new, optional = messages_of(before), messages_of(after), left_out(before)
    place = -1
    for number_, events in enumerate(old):
        kept = []
        for event in events:
            place += 1
            changes = event[1][0] == META and event[1][1] in (*also, 0x2F)
            if not (changes or place in removed or place in optional):
                kept.append(event)
        rest = iter(new[number_])
        missing = [event for event in kept if event not in rest]
        assert not missing, f"track {number_} of {before!r} lacks {missing} in {after!r}"
        assert new[number_][-1][1] == EOT
        if not also:
            others, old_others = (
                Counter(event for event in found if not is_note(event[1]) and event[1] != EOT)
                for found in (new[number_], events)
            )
            assert all(m[0] >> 4 == 0xC or m[0] == META for _, m in others - old_others)


def events_of_notes(view, notes):
    """The events of some notes: (part, index) each."""
    parts = view.parts.parts
    return {
        int(c[index]) for number_, index in notes for c in (parts[number_].on, parts[number_].off)
    }


# Random files and random edits

byte = st.integers(0, 127)
few = st.integers(58, 61)
channel = st.sampled_from((0, 0, 1, 9, 15))


def messages(statuses, *data):
    """Channel messages of some statuses with their data bytes."""
    return st.builds(
        lambda status, number, *data: bytes([status | number, *data]),
        st.sampled_from(statuses), channel, *data,
    )  # fmt: skip


metas = st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7, 0x51, 0x54, 0x58, 0x59, 0x7F))
message = st.one_of(
    *[messages((0x90,), few, byte)] * 4,
    *[messages((0x80, 0x90), few, st.just(0))] * 4,
    messages((0xA0, 0xB0, 0xE0), byte, byte),
    messages((0xC0, 0xD0), byte),
    st.builds(meta, metas, st.binary(max_size=12)),
    st.builds(sysex, st.binary(max_size=12), st.sampled_from((0xF0, 0xF7))),
)
new_notes = st.tuples(st.integers(0, 500), st.integers(1, 200), few, st.integers(1, 127))
stream = st.lists(st.tuples(st.integers(0, 30), message, st.booleans()), max_size=40)


def body_of(stream, ends):
    body, running = b"", None
    for delta, message, may_run in stream:
        is_channel = message[0] < 0xF0
        runs = is_channel and may_run and message[0] == running
        body += number(delta) + (message[1:] if runs else message)
        running = message[0] if is_channel else running
    return body + (number(ends) + EOT)


@st.composite
def files(draw):
    tracks = draw(st.lists(st.tuples(stream, st.integers(0, 400)), min_size=1, max_size=4))
    chunks = [chunk(body_of(*one)) for one in tracks]
    chunks[draw(st.integers(0, len(chunks) - 1))] += chunk(
        number(5) + on(60) + number(40) + off(60) + b"\0" + EOT
    )
    if draw(st.booleans()):
        chunks[-1] += chunk(b"anything", name=b"XFIH")
    division = draw(st.sampled_from((1, 7, 96, 120, 480, 1024, 32767)))
    return header(len(tracks) + 1, division) + b"".join(chunks)


def edited(draw, view):
    """The score with some notes taken out and others put in; also which were taken out."""
    score, tracks, removed = view.score, [], []
    for number_, one in enumerate(score.tracks):
        part = view.parts.parts[number_]
        goes = np.array([draw(st.integers(0, 3)) == 0 for _ in range(len(part.notes))])
        removed += [(number_, int(i)) for i in np.flatnonzero(goes)]
        new = draw(st.lists(new_notes, max_size=3))
        kept = part.notes[~goes]
        both = np.concatenate([kept, np.array(new, NOTE_DTYPE)])
        tracks.append(replace(one, notes=sort_notes(both)))
    if draw(st.booleans()):
        tracks.append(Track(draw(byte), make_notes([(40, 100, 60, 80), (700, 9, 61, 1)])))
    if draw(st.booleans()):
        tracks.append(Track(0, make_notes([(40, 100, 60, 80)]), is_drum=True))
    return replace(score, tracks=tuple(tracks)), removed


@given(files())
def test_a_file_that_is_not_edited_is_written_byte_for_byte(data):
    assert encode_midi(read_midi(data)) == data


@given(st.data(), files())
def test_random_edits_leave_everything_else_byte_for_byte(data, file):
    view = view_of(file)
    score, removed = edited(data.draw, view)
    assume(score.num_notes)
    written = encode_midi(score)
    assert_rest_is_untouched(file, written, events_of_notes(view, removed))
    again = read_midi(written)
    assert played(again, with_ends=False) == played(score, with_ends=False)
    kept = []
    for number_, part in enumerate(view.parts.parts):
        stays = [i for i in range(len(part.notes)) if (number_, i) not in removed]
        kept.append(replace(view.score.tracks[number_], notes=part.notes[stays]))
    assert not played(replace(score, tracks=tuple(kept))) - played(again)
    assert again.tempos == score.tempos


@given(st.data(), files())
def test_random_tempos_and_time_signatures_are_written(data, file):
    score = read_midi(file)
    ticks = data.draw(st.lists(st.integers(0, 900), max_size=4, unique=True))
    tempos = [Tempo(0, 90.0)] + [Tempo(t, 60.0 + i) for i, t in enumerate(sorted({*ticks} - {0}))]
    metres = [TimeSignature(0, 3, 4), *(TimeSignature(t, 5, 8) for t in ticks[:1] if t)]
    keep = [t for t in score.tempos if t.onset_ticks < 200]
    tempos = [*keep, *(t for t in tempos if t.onset_ticks >= 200 and t.bpm != keep[-1].bpm)]
    changed = replace(score, tempos=tuple(tempos), time_signatures=tuple(metres))
    written = encode_midi(changed)
    assert read_midi(written).tempos == changed.tempos
    assert read_midi(written).time_signatures == changed.time_signatures
    assert_rest_is_untouched(file, written, also=(0x51, 0x58))


# Real files

NAMES = ("song_with_pickup", "string_quartet", "choir_changing_metre", "funk_drums", "game_band")


def edit_and_check(file, seed):
    view, rng = view_of(file), np.random.default_rng(seed)
    tracks, removed = [], []
    for number_, one in enumerate(view.score.tracks):
        part = view.parts.parts[number_]
        goes = rng.random(len(part.notes)) < 0.1
        removed += [(number_, int(i)) for i in np.flatnonzero(goes)]
        new = part.notes[rng.random(len(part.notes)) < 0.1].copy()
        new["onset_ticks"] += rng.integers(1, 50, len(new))
        tracks.append(replace(one, notes=sort_notes(np.concatenate([part.notes[~goes], new]))))
    tracks.append(Track(13, make_notes([(40, 100, 60, 80), (70000, 9, 61, 1)])))
    score = replace(view.score, tracks=tuple(tracks))
    written = encode_midi(score)
    assert_rest_is_untouched(file, written, events_of_notes(view, removed))
    assert played(read_midi(written), with_ends=False) == played(score, with_ends=False)
    assert encode_midi(view.score) == file


@pytest.mark.parametrize("name", NAMES)
def test_real_files_keep_what_is_not_edited(fixtures, name):
    edit_and_check((fixtures / f"{name}.mid").read_bytes(), 1)


@pytest.mark.skipif("AMADEUS_DATA" not in os.environ, reason="AMADEUS_DATA names no corpora")
def test_files_of_every_corpus_keep_what_is_not_edited():
    for corpus in sorted(p for p in Path(os.environ["AMADEUS_DATA"]).iterdir() if p.is_dir()):
        for path in sorted(corpus.rglob("*.mid"))[::200][:5]:
            edit_and_check(path.read_bytes(), 1)


# Kinds of files

RICH = smf(
    track(
        (0, meta(2, b"(c) 2008")), (0, meta(3, b"T\x83\x73")), (0, meta(0x51, b"\x09\x27\xc0")),
        (0, sysex(bytes.fromhex("7e7f0901f7"))), (960, meta(7, b"cue")), (0, meta(6, b"Verse")),
    ),
    track(
        (0, meta(4, b"Violin")), (0, program(40)), (0, control(7, 90)), (0, meta(5, b"\x82\xa0")),
        *notes(TUNE), (10, b"\xd0\x30"), (0, b"\xa0\x3c\x22"), *notes(TUNE),
        (0, meta(0x7F, b"\0\0\x41own")), end=1000,
    ),
)  # fmt: skip


def without_first_note(score):
    first, *others = score.tracks
    return replace(score, tracks=(replace(first, notes=first.notes[1:]), *others))


def test_a_removed_note_is_all_that_goes():
    written = encode_midi(without_first_note(read_midi(RICH)))
    assert_rest_is_untouched(RICH, written, events_of_notes(view_of(RICH), [(0, 0)]))
    assert len(written) == len(RICH) - 8


WRAPPED = (
    b"RIFF"
    + (len(RICH) + 12).to_bytes(4, "little")
    + b"RMIDdata"
    + (len(RICH).to_bytes(4, "little") + RICH)
)


def test_a_riff_file_stays_one():
    written = encode_midi(without_first_note(read_midi(WRAPPED)))
    assert written[:4] == b"RIFF"
    assert int.from_bytes(written[4:8], "little") == len(written) - 8
    assert read_midi(written).num_notes == 7
    assert encode_midi(read_midi(WRAPPED)) == WRAPPED


def test_a_file_with_faults_keeps_what_can_be_kept():
    body = [(0, control(7, 0)[:2] + b"\xff"), *notes(TUNE)]
    bad = header(3) + track(*body, length=1000) + b"\0\0" + track(*notes([40]), end=None)
    written = encode_midi(without_first_note(read_midi(bad)))
    assert b"\xb0\x07\xff" in written
    assert read_midi(written).num_notes == 4
    assert encode_midi(read_midi(bad)) == bad


def test_a_file_in_frames_is_counted_in_quarters_once_its_tempo_changes():
    frames = smf(track((0, meta(1, b"slate")), *notes(TUNE, 500)), division=0xE728)
    score = read_midi(frames)
    assert encode_midi(without_first_note(score))[12:14] == b"\xe7\x28"
    slower = replace(score, tempos=(Tempo(0, 120.0), Tempo(1000, 60.0)))
    again = read_midi(encode_midi(slower))
    assert (again.ticks_per_quarter, again.tempos) == (500, slower.tempos)
    assert b"slate" in again.source


def test_a_new_instrument_gets_a_channel_of_its_own():
    score = read_midi(RICH)
    flute = Track(73, make_notes([(0, 480, 72, 80)]))
    written = encode_midi(replace(score, tracks=(*score.tracks, flute)))
    assert_rest_is_untouched(RICH, written)
    assert written.count(b"MTrk") == 3
    assert bytes([0xC1, 73]) in written


def test_a_file_of_one_track_stays_one():
    single = header(1, kind=0) + track((0, program(40)), *notes(TUNE))
    flute = Track(73, make_notes([(0, 480, 72, 80)]))
    score = read_midi(single)
    written = encode_midi(replace(score, tracks=(*score.tracks, flute)))
    assert written[:14] == single[:14]
    assert [t.program for t in read_midi(written).tracks] == [40, 73]


def crowded(num_channels=15, programs=4):
    """Every channel but that of drums has a few programs, one after the other."""
    tracks = []
    for number_ in [c for c in range(16) if c != 9][:num_channels]:
        body = []
        for i in range(programs):
            body += [(0, program((programs * number_ + i) % 128, number_))]
            body += notes([60, 62], 480, number_)
            body += [(960, meta(1, b"rest"))]
        tracks.append(track(*body))
    return smf(*tracks)


def test_channels_are_shared_over_time():
    file = crowded()
    score = read_midi(file)
    new = [(960 + 1920 * i, 480, 72, 80) for i in range(4)]
    written = encode_midi(replace(score, tracks=(*score.tracks, Track(121, make_notes(new)))))
    assert_rest_is_untouched(file, written)
    again = read_midi(written)
    assert played(again) == played(score) + Counter((121, o, p, v, d) for o, d, p, v in new)
    assert bytes([0xFF, 0x21]) not in written


def test_only_where_no_channel_is_silent_another_port_is_used():
    score = read_midi(crowded())
    new = make_notes([(0, 1920, 72, 80)])
    written = encode_midi(replace(score, tracks=(*score.tracks, Track(121, new))))
    assert bytes([0xFF, 0x21, 1, 1]) in written
    assert played(read_midi(written))[121, 0, 72, 80, 1920] == 1


def test_a_part_whose_channel_changes_its_program_gets_new_notes_on_another():
    file = smf(track((0, program(5)), *notes(TUNE), (0, program(9)), *notes(TUNE)))
    score = read_midi(file)
    late = np.concatenate([score.tracks[0].notes, make_notes([(2400, 480, 50, 80)])])
    tracks = (replace(score.tracks[0], notes=late), *score.tracks[1:])
    again = read_midi(encode_midi(replace(score, tracks=tracks)))
    assert played(again) == played(replace(score, tracks=tracks))


def test_a_part_that_changes_its_instrument_keeps_its_channel():
    score = read_midi(RICH)
    tracks = tuple(replace(t, program=73) for t in score.tracks)
    written = encode_midi(replace(score, tracks=tracks))
    assert written == RICH.replace(program(40), program(73))


def test_a_new_note_is_cut_off_by_a_later_one_of_its_pitch():
    score = read_midi(smf(track(*notes([60, 62, 60]))))
    first = score.tracks[0]
    long = np.concatenate([make_notes([(490, 900, 60, 70)]), first.notes])
    again = read_midi(encode_midi(replace(score, tracks=(replace(first, notes=sort_notes(long)),))))
    assert len(again.tracks) == 1
    assert again.tracks[0].notes.tolist() == [
        (0, 480, 60, 80), (480, 480, 62, 80), (490, 470, 60, 70), (960, 480, 60, 80),
    ]  # fmt: skip


def test_held_notes_do_not_grow_with_the_track():
    score = read_midi(smf(track((0, on(60)), (0, on(64)), end=960)))
    first = score.tracks[0]
    more = np.concatenate([first.notes, make_notes([(4800, 480, 72, 80)])])
    again = read_midi(encode_midi(replace(score, tracks=(replace(first, notes=more),))))
    assert again.tracks[0].notes.tolist() == more.tolist()


def test_a_score_that_differs_in_anything_else_is_written_anew():
    score = read_midi(RICH)
    renamed = replace(score, tracks=tuple(replace(t, name="New") for t in score.tracks))
    assert read_midi(encode_midi(renamed)).tracks[0].name == "New"
