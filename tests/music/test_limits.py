"""No small file becomes something huge: beyond the limits it is refused in one clear line."""

from dataclasses import replace

import numpy as np
import pytest

from amadeus.errors import MidiError, ScoreError
from amadeus.music.grid import bars_of, count_bars
from amadeus.music.limits import LIMITS, UNLIMITED, Limits
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.midi.messages import MIN_BPM
from amadeus.music.midi.writing import split_voices
from amadeus.music.score import (
    CONTROL_DTYPE,
    NOTE_DTYPE,
    Score,
    Tempo,
    TimeSignature,
    Track,
    make_notes,
)
from amadeus.music.sheet.musicxml import to_musicxml
from amadeus.music.sheet.staves import parts_of

LONGEST_DELTA = b"\xff\xff\xff\x7f"
FAST = b"\0\xff\x51\3\0\0\1"  # a microsecond a quarter, read as 1000 BPM
SLOWEST = b"\0\xff\x51\3\xff\xff\xff"
THIRTY_SECOND = b"\0\xff\x58\4\1\5\x18\x08"  # 1/32


def smf(*events: bytes, division: int = 480) -> bytes:
    """A MIDI file of one track from messages, each with the time before it."""
    body = b"".join(events) + b"\0\xff\x2f\0"
    header = b"MThd\0\0\0\6\0\1\0\1" + division.to_bytes(2, "big")
    return header + b"MTrk" + len(body).to_bytes(4, "big") + body


def held(delta: bytes) -> tuple[bytes, bytes]:
    """A note that lasts for a delta time."""
    return b"\0\x90\x3c\x50", delta + b"\x80\x3c\0"


def test_the_longest_real_music_is_far_below_the_limits():
    assert LIMITS.notes > 5 * 60_000
    assert min(LIMITS.seconds, LIMITS.sound_seconds) > 1.4 * 2 * 3600
    assert LIMITS.bars > 5 * 3000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        # A minute of bars of a 32nd at a thousand quarters a minute.
        (smf(FAST, THIRTY_SECOND, *held(b"\x81\xf4\x00"), division=8), "31,232 bars"),
        (smf(*held(LONGEST_DELTA)), "279,621 seconds"),
        (smf(SLOWEST, *held(b"\x83\xa0\x00"), division=48), "18,612 seconds"),
        (smf(*[THIRTY_SECOND, FAST] * 100_001, *held(b"\1")), "200,002 tempos, time signatures"),
        (smf(*held(b"\1"), *[b"\0\xb0\x40\x7f"] * 1_000_001), "1,000,001 controllers"),
        (smf(*held(b"\1") * 500_001), "500,001 notes"),
        (smf(*held(b"\1"), b"\0" * 2**24), "16,777,250 bytes"),
    ],
)
def test_a_file_beyond_a_limit_is_refused(data, said):
    with pytest.raises(MidiError, match=f"^the MIDI data: {said}.* exceed the limit of") as error:
        read_midi(data)
    assert str(error.value).endswith("; shorten the piece, or lift the limits")


def test_a_file_of_many_tracks_is_refused():
    one = smf(*held(b"\1"))
    many = one[:10] + (2001).to_bytes(2, "big") + one[12:14] + 2001 * one[14:]
    with pytest.raises(MidiError, match="2,001 tracks exceed the limit of 2,000"):
        read_midi(many)


def test_limits_can_be_lifted_and_lowered():
    data = smf(*held(LONGEST_DELTA))
    assert read_midi(data, UNLIMITED).end_ticks == 2**28 - 1
    with pytest.raises(MidiError, match="1 notes exceed the limit of 0"):
        read_midi(data, Limits(notes=0))


@pytest.mark.parametrize("end", [1, 23, 24, 25, 48, 49, 120, 121, 1000])
def test_bars_are_counted_as_they_are_made(end):
    metres = (TimeSignature(0, 4, 4), TimeSignature(25, 3, 8), TimeSignature(121, 1, 32))
    score = Score(12, (Track(0, make_notes([(0, end, 60, 80)])),), time_signatures=metres)
    assert count_bars(score) == len(bars_of(score, end))


def test_every_tempo_that_can_be_read_can_be_written():
    score = read_midi(smf(SLOWEST, *held(b"\1")))
    assert score.tempos == (Tempo(0, MIN_BPM),)
    assert read_midi(encode_midi(score)) == score


def test_controllers_repeated_for_every_voice_have_a_limit():
    controls = np.zeros(10_000, CONTROL_DTYPE)
    unison = make_notes([(0, 10, 60, 80)] * 1000)
    with pytest.raises(MidiError, match="bytes exceed the limit"):
        encode_midi(Score(12, (Track(0, unison, controls=controls),)))


def test_many_notes_at_once_are_split_into_voices_in_the_same_order():
    notes = np.zeros(30_000, NOTE_DTYPE)
    notes["duration_ticks"], notes["pitch"], notes["velocity"] = 1, 60, 80
    assert [len(voice) for voice in split_voices(notes)] == [1] * 30_000
    late = make_notes([(0, 9, 60, 1), (1, 2, 60, 2), (2, 9, 60, 3), (3, 9, 60, 4), (9, 1, 60, 5)])
    voices = [voice["velocity"].tolist() for voice in split_voices(late)]
    assert voices == [[1, 5], [2, 4], [3]]


def test_voices_of_one_player_are_joined_if_every_note_overlaps():
    def parts(*rows):
        upper = Track(0, make_notes([(0, 10, 60, 80), (20, 2, 60, 80), (30, 9, 64, 80)]))
        return len(parts_of(Score(12, (upper, Track(0, make_notes(rows))))))

    assert parts((5, 1, 60, 80), (31, 1, 64, 80)) == 1
    assert parts((5, 1, 60, 80), (22, 1, 60, 80)) == 2
    assert parts((0, 1, 60, 80)) == 2
    assert parts((5, 1, 61, 80)) == 2


def test_sheet_music_has_a_limit_on_symbols():
    few = replace(LIMITS, symbols=100)
    held = Score(12, (Track(0, make_notes([(0, 48 * 51, pitch, 80) for pitch in (60, 64)])),))
    with pytest.raises(ScoreError, match="102 notes and rests of sheet music"):
        to_musicxml(held, limits=few)
    quiet = Score(12, (Track(0, make_notes([(48 * 120, 12, 60, 80)])),))
    with pytest.raises(ScoreError, match="121 notes and rests"):
        to_musicxml(quiet, limits=few)
    restful = Score(12, (Track(0, make_notes([(24 * i, 12, 60, 80) for i in range(60)])),))
    with pytest.raises(ScoreError, match="120 notes and rests"):
        to_musicxml(restful, limits=few)
