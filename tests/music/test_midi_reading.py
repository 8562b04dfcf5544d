"""Reading as good players read: each fault costs one note at most, and is reported."""

import time

import pytest

from amadeus.errors import MidiError
from amadeus.music.midi import read_midi
from amadeus.music.score import KeySignature, Tempo, Text, TimeSignature
from smf import (
    EOT,
    chunk,
    control,
    events,
    header,
    meta,
    notes,
    off,
    on,
    program,
    smf,
    sysex,
    track,
)

TUNE = [60, 62, 64, 65]


def spans(score, index=0):
    """Onset and duration of each note of a track."""
    return score.tracks[index].notes[["onset_ticks", "duration_ticks"]].tolist()


def players(score):
    return [(t.name, "drums" if t.is_drum else t.program) for t in score.tracks]


# Note-ons without a note-off


@pytest.mark.parametrize(("delta", "first"), [(0, [240, 240]), (120, [120, 120])])
def test_a_doubled_note_on_damages_no_later_note(delta, first):
    doubled = [(0, on(60)), (delta, on(60, 70)), (240 - delta, off(60))]
    score = read_midi(smf(track(*doubled, *notes([60] * 15, 240))))
    assert [length for _, length in spans(score)] == [*first, *[240] * 15]
    assert "without a note-off" in score.notices[0]


def test_two_doubled_note_ons_damage_two_notes():
    doubled = [(0, on(60)), (120, on(60)), (120, off(60))]
    score = read_midi(smf(track(*notes([60] * 3, 240), *doubled, *notes([60] * 3, 240), *doubled)))
    lengths = [length for _, length in spans(score)]
    assert lengths == [240] * 3 + [120, 120] + [240] * 3 + [120, 120]


def test_overlapping_notes_end_in_the_order_they_began():
    score = read_midi(smf(track((0, on(60)), (10, on(60)), (10, off(60)), (10, off(60)))))
    assert spans(score) == [(0, 20), (10, 20)]
    assert score.notices == ()


def test_a_stray_note_off_ends_nothing():
    score = read_midi(smf(track((0, off(60)), *notes([60, 60]), (0, off(60)))))
    assert spans(score) == [(0, 480), (480, 480)]
    assert "note-off without a note was passed over, 2 times" in score.notices[0]


def test_held_notes_end_with_their_track():
    chord = [(0, on(60)), (0, on(64)), (0, on(67))]
    score = read_midi(smf(track(*notes(TUNE), *chord, end=1920), track((0, program(1)), end=9600)))
    assert spans(score)[-3:] == [(1920, 1920)] * 3
    assert score.length_ticks == 9600
    assert "first at track 1, tick 1920" in score.notices[0]


def test_the_last_note_on_of_a_track_that_ends_there_does_not_sound():
    score = read_midi(smf(track(*notes(TUNE), (0, on(60)))))
    assert len(spans(score)) == 4
    assert "at the end of its track" in score.notices[0]


@pytest.mark.parametrize("number", [120, 123])
def test_all_notes_off_ends_the_notes_of_its_channel(number):
    held = [(0, on(60)), (0, on(64, channel=1)), (480, control(number, 0))]
    score = read_midi(smf(track(*held, (0, on(60)), (480, off(60)), (0, off(64, channel=1)))))
    assert spans(score, 0) == [(0, 480), (480, 480)]
    assert spans(score, 1) == [(0, 960)]


def test_all_notes_off_in_another_track_ends_notes_too():
    score = read_midi(smf(track((100, control(123, 0))), track((0, on(60)), end=1000)))
    assert spans(score) == [(0, 100)]


# Messages of a channel


def test_programs_and_controllers_of_a_set_up_track_hold_for_all_tracks():
    setup = [(0, program(40)), (0, program(32, 1)), (0, control(7, 40)), (0, control(64, 127))]
    tune = track((0, meta(3, b"Tune")), *notes(TUNE))
    low = track((0, meta(3, b"Low")), *notes(TUNE, channel=1))
    for chunks in ((track(*setup), tune, low), (tune, low, track(*setup))):
        score = read_midi(smf(*chunks))
        assert players(score) == [("Tune", 40), ("Low", 32)]
        assert score.tracks[0].controls.tolist() == [(0, 7, 40), (0, 64, 127)]
        assert score.tracks[1].controls.tolist() == []


def test_a_program_changes_where_it_is_set_and_not_before():
    setup = track((480, program(40)), (480, program(41)))
    score = read_midi(smf(setup, track(*notes([60, 60, 60, 60]))))
    assert [(t.program, t.notes["onset_ticks"].tolist()) for t in score.tracks] == [
        (0, [0]), (40, [480]), (41, [960, 1440]),
    ]  # fmt: skip


def test_a_program_after_a_note_of_the_same_tick_holds_for_later_notes():
    body = [(0, on(60)), (0, program(40)), (0, on(64)), (480, off(60)), (0, off(64))]
    score = read_midi(smf(track(*body)))
    assert [(t.program, t.notes["pitch"].tolist()) for t in score.tracks] == [(0, [60]), (40, [64])]


def test_tracks_that_share_a_channel_keep_the_programs_they_set_at_one_tick():
    """Files that lost their ports have more tracks than channels."""
    first = track((0, program(60)), *notes(TUNE))
    second = track((0, program(48)), *notes(TUNE))
    assert [t.program for t in read_midi(smf(first, second)).tracks] == [60, 48]


def test_ports_tell_channels_apart():
    first = track((0, meta(0x21, b"\0")), (0, program(60)), *notes(TUNE))
    second = track((0, meta(0x21, b"\1")), *notes(TUNE))
    assert [t.program for t in read_midi(smf(first, second)).tracks] == [60, 0]


# Drums off channel 10

GS_RESET = sysex(bytes.fromhex("4110421240007f0041f7"))
DRUMS = {
    "GS": ([GS_RESET, sysex(bytes.fromhex("41104212401a15020ff7"))], [program(0, 10)]),
    "GS, in one track": ([], [sysex(bytes.fromhex("41104212401a15020ff7")), program(8, 10)]),
    "XG bank": ([], [control(0, 127, 10), control(32, 0, 10), program(0, 10)]),
    "XG effects": ([], [control(0, 126, 10), program(0, 10)]),
    "XG part mode": ([sysex(bytes.fromhex("43104c080a0702f7"))], [program(3, 10)]),
    "GM2": ([], [control(0, 120, 10), control(32, 0, 10), program(0, 10)]),
    "set after": ([], [program(0, 10), sysex(bytes.fromhex("41104212401a15020ff7"))]),
}


@pytest.mark.parametrize("way", DRUMS)
def test_drums_are_drums_on_any_channel(way):
    setup, own = DRUMS[way]
    perc = track(*((0, message) for message in own), *notes([42] * 4, channel=10))
    score = read_midi(smf(track(*((0, message) for message in setup)), perc, track(*notes(TUNE))))
    assert [t.is_drum for t in score.tracks] == [True, False]


MELODIC = {
    "a bank without its program": ([], [control(0, 127, 10)], 10),
    "GS has other drum banks": ([GS_RESET], [control(0, 127, 10), program(5, 10)], 10),
    "GM2 melody on channel 10": ([], [control(0, 121, 9), program(5, 9)], 9),
    "GS channel 10 off": ([sysex(bytes.fromhex("4110421240101500 1bf7"))], [program(5, 9)], 9),
    "drums end": ([], [control(0, 127, 3), program(0, 3), control(0, 0, 3), program(7, 3)], 3),
}


@pytest.mark.parametrize("way", MELODIC)
def test_melodic_parts_stay_melodic(way):
    setup, own, channel = MELODIC[way]
    part = track(*((0, message) for message in own), *notes(TUNE, channel=channel))
    score = read_midi(smf(track(*((0, message) for message in setup)), part))
    assert [t.is_drum for t in score.tracks] == [False]


# System exclusive messages


def test_a_sysex_in_packets_takes_its_time():
    packets = [
        (0, sysex(b"\x43\x12\0", 0xF0)),
        (200, sysex(b"\x43\x12\0\x43\x12\0", 0xF7)),
        (100, sysex(b"\x43\x12\0\xf7", 0xF7)),
    ]
    score = read_midi(smf(track(*notes(TUNE), *packets, *notes(TUNE))))
    assert spans(score)[4] == (2220, 480)


def test_an_escape_packet_is_no_note():
    score = read_midi(smf(track((0, sysex(b"\x90\x3c\x50", 0xF7)), *notes(TUNE))))
    assert score.num_notes == 4


@pytest.mark.parametrize("between", [sysex(b"\x7e\x7f\x09\x01\xf7"), meta(5, b"la")])
def test_running_status_goes_on_after_other_events(between):
    body = [(0, on(60)), (480, b"\x3c\0"), (0, between), (0, b"\x3e\x50"), (480, b"\x3e\0")]
    assert spans(read_midi(smf(track(*body)))) == [(0, 480), (480, 480)]


def test_running_status_of_programs_and_pressure():
    body = [(0, program(5)), (0, b"\x06"), (0, b"\xd0\x10"), (0, b"\x20"), *notes(TUNE)]
    score = read_midi(smf(track(*body)))
    assert players(score) == [("", 6)]


def test_data_without_any_status_is_refused():
    with pytest.raises(MidiError, match="damaged"):
        read_midi(smf(track((0, b"\x3c\x50"), *notes(TUNE))))


# Events with too little data, or with impossible data


@pytest.mark.parametrize("data", [b"", b"\x07", b"\x07\xa1", b"\0\0\0"])
def test_a_tempo_without_a_value_says_nothing(data):
    score = read_midi(smf(track((0, meta(0x51, data)), *notes(TUNE))))
    assert score.tempos == (Tempo(0, 120.0),)
    assert "track 1, tick 0" in score.notices[0]


def test_signatures_without_data_say_nothing():
    short = [meta(0x58, b""), meta(0x58, b"\3"), meta(0x59, b""), meta(0x59, b"\x09\0")]
    score = read_midi(smf(track(*((7, message) for message in short), *notes(TUNE))))
    assert (score.time_signatures, score.key_signatures) == ((TimeSignature(0, 4, 4),), ())
    assert [notice.partition(",")[2] for notice in score.notices] == [
        " 2 times (first at track 1, tick 7)", " 2 times (first at track 1, tick 21)",
    ]  # fmt: skip


def test_longer_data_than_needed_is_read():
    both = [meta(0x51, b"\x0f\x42\x40\0"), meta(0x58, b"\3\2\x18\x08\0"), meta(0x59, b"\xfe\1\0")]
    score = read_midi(smf(track(*((0, message) for message in both), *notes(TUNE))))
    assert score.tempos == (Tempo(0, 60.0),)
    assert score.time_signatures == (TimeSignature(0, 3, 4),)
    assert score.key_signatures == (KeySignature(0, -2, True),)


@pytest.mark.parametrize("message", [control(7, 0)[:2] + b"\xff", b"\x90\x3c\xc8", b"\xe0\x80\x40"])
def test_data_bytes_above_127_are_clipped(message):
    score = read_midi(smf(track((0, message), (10, off(60)), *notes(TUNE))))
    assert "above 127" in " ".join(score.notices)
    assert all(t.notes["velocity"].max() <= 127 for t in score.tracks)
    assert all(c[2] <= 127 for t in score.tracks for c in t.controls.tolist())


# Chunks


@pytest.mark.parametrize("wrong", [-30, -3, -1, 1, 3, 7, 5000])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_chunk_length_is_put_right(wrong, place):
    bodies = [events(*notes([60 + i] * 8)) + b"\0" + EOT for i in range(3)]
    chunks = [
        chunk(body, length=len(body) + (wrong if i == place else 0))
        for i, body in enumerate(bodies)
    ]
    score = read_midi(smf(*chunks))
    assert [t.notes["pitch"].tolist() for t in score.tracks] == [[60 + i] * 8 for i in range(3)]
    assert (
        f"wrong length was read to its end-of-track event (track {place + 1})" in score.notices[0]
    )


def test_a_chunk_that_is_cut_off_is_refused():
    data = smf(track(*notes(TUNE)), track(*notes(TUNE)))
    for length in range(30, len(data)):
        if length != 14 + (len(data) - 14) // 2:
            with pytest.raises(MidiError, match="damaged or cut off"):
                read_midi(data[:length])


def test_a_missing_end_of_track_is_forgiven():
    score = read_midi(smf(track(*notes(TUNE), end=None), track(*notes(TUNE))))
    assert [len(t.notes) for t in score.tracks] == [4, 4]
    assert "without an end-of-track event" in score.notices[0]


def test_unknown_chunks_and_a_longer_header_are_passed():
    long_header = b"MThd\0\0\0\x08\0\1\0\2\x01\xe0\0\0"
    middle = chunk(b"MTrk is not here", name=b"XFKM")
    score = read_midi(long_header + track(*notes(TUNE)) + middle + track(*notes(TUNE)))
    assert [len(t.notes) for t in score.tracks] == [4, 4]
    assert score.notices == ()


def test_bytes_around_tracks_are_reported():
    data = smf(track(*notes(TUNE))) + b"\0\0\0"
    assert read_midi(data).notices == ()
    assert "after them were kept" in read_midi(data + b"junk").notices[0]


# Time in frames, and wrappers


@pytest.mark.parametrize(
    ("division", "second"),
    [(0xE728, 1000), (0xE850, 1920), (0xE764, 2500), (0xE201, 30), (0xE305, 150 / 1.001)],
)
def test_time_in_frames_keeps_its_seconds(division, second):
    score = read_midi(smf(track((0, meta(0x51, b"\1\0\0")), *notes(TUNE, 600)), division=division))
    assert score.seconds == pytest.approx(2400 / second, rel=1e-5)


@pytest.mark.parametrize("before", [b"", b"INFO\3\0\0\0abc\0"])
def test_a_riff_wrapper_is_opened(before):
    data = smf(track(*notes(TUNE)))
    body = b"RMID" + before + b"data" + len(data).to_bytes(4, "little") + data
    for rest in (b"", b"LIST\4\0\0\0abcd"):
        riff = b"RIFF" + len(body + rest).to_bytes(4, "little") + body + rest
        assert read_midi(riff).num_notes == 4


def test_a_riff_wrapper_without_lengths_is_opened():
    data = smf(track(*notes(TUNE)))
    assert read_midi(b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + data).num_notes == 4


def test_karaoke_words_are_lyrics():
    words = [
        meta(1, b"@KMIDI KARAOKE FILE"),
        meta(1, b"@TMy Song"),
        meta(1, b"\\la "),
        meta(1, b"lo"),
    ]
    karaoke = track((0, meta(3, b"Words")), *((100, word) for word in words))
    score = read_midi(smf(karaoke, track(*notes(TUNE))))
    assert score.lyrics == (Text(300, "\\la "), Text(400, "lo"))


# Texts


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("ピアノ", "cp932"), ("Flûte © 2008", "latin-1"), ("Flûte ♪", "utf-8"),
     ("Für Elise", "cp1252"), ("主旋律", "cp932"), ("Ré", "utf-8"), ("", "utf-8")],
)  # fmt: skip
def test_texts_are_shown_readably(text, encoding):
    score = read_midi(smf(track((0, meta(3, text.encode(encoding))), *notes(TUNE))))
    assert score.tracks[0].name == text


# Hostile files


def test_a_tiny_file_of_very_long_time_is_refused_or_cut_in_no_time():
    metre = (0, meta(0x58, b"\1\5\x18\x08"))
    far = [(0, on(0)), (2**27, off(0)), *notes([60])]
    begin = time.perf_counter()
    with pytest.raises(MidiError, match="exceed the limit"):
        read_midi(smf(track(metre), track(*far), division=8))
    silent = read_midi(
        smf(track(metre, (0, meta(0x51, b"\0\xea\x60"))), track(*notes([60]), end=2**27))
    )
    assert silent.length_ticks == 0
    assert "silence after the last note" in silent.notices[0]
    held = [(0, on(60)), *[(2**27, meta(1, b""))] * 3]
    with pytest.raises(MidiError, match="exceed the limit"):
        read_midi(smf(track(*held)))
    assert time.perf_counter() - begin < 5


def test_a_large_file_of_nothing_but_note_ons_is_read_or_refused_in_bounded_time():
    body = b"\0\x90\x3c\x50" + b"\1\x3c\x50" * 300_000
    begin = time.perf_counter()
    score = read_midi(smf(chunk(body + b"\1" + EOT)))
    assert score.num_notes == 300_001
    assert time.perf_counter() - begin < 20


def test_a_header_of_another_number_of_tracks_is_forgiven():
    score = read_midi(header(5) + track(*notes(TUNE)))
    assert "promises 5 tracks, 1 are there" in score.notices[0]
