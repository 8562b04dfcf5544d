"""What is sent to a synthesizer, and when, on a clock that only moves when somebody waits."""

import itertools

import numpy as np
import pytest

from amadeus.music.performance import PlayedNote, perform

LEAD = 0.1


class Composing:
    """Notes that arrive at given times, and a clock."""

    def __init__(self, notes, times):
        self.time, self.ended = 100.0, False
        self._coming = list(zip(notes, times, strict=True))

    def now(self):
        return self.time

    def wait(self, seconds):
        limit = np.inf if seconds is None else self.time + seconds
        arrival = self._coming[0][1] if self._coming else self.time
        if not self._coming and not self.ended:
            self.ended = True
            return None
        if self.ended or arrival > limit:
            self.time = limit
            return None
        self.time = max(self.time, arrival)
        return self._coming.pop(0)[0]


def note(onset, duration=1.0, pitch=60, program=0, is_drum=False):
    return PlayedNote(onset, duration, 0, 1, pitch, 80, program, is_drum, 1, 120.0)


def played(notes, times=None):
    """Messages as (time, kind, channel, *data)."""
    composing = Composing(notes, [100.0] * len(notes) if times is None else times)
    sent = []
    perform(
        composing,
        lambda data: sent.append((composing.time, data[0] & 0xF0, data[0] & 0x0F, *data[1:])),
        LEAD,
    )
    return sent


def random_notes(seed, count=200):
    rng = np.random.default_rng(seed)
    onsets = np.sort(rng.choice(np.arange(0, 30, 0.25), count))
    return [
        note(
            float(onset), float(rng.uniform(0.1, 3)), int(rng.integers(60, 66)),
            int(rng.integers(25)), bool(rng.random() < 0.2),
        )
        for onset in onsets
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_every_note_on_has_its_note_off_in_order_of_time(seed):
    rng = np.random.default_rng(seed)
    notes = random_notes(seed)
    times = 100 + np.cumsum(rng.exponential(0.2, len(notes)))  # often later than they should sound
    sent = played(notes, times.tolist())
    assert [message[0] for message in sent] == sorted(message[0] for message in sent)
    sounding, begun, programs = set(), 0, {}
    for _, kind, channel, *data in sent:
        if kind == 0x90:
            assert (channel, data[0]) not in sounding
            assert data[1] == 80
            sounding.add((channel, data[0]))
            assert (channel == 9) == notes[begun].is_drum
            assert channel == 9 or programs[channel] == notes[begun].program
            assert data[0] == notes[begun].pitch
            begun += 1
        elif kind == 0x80:
            sounding.remove((channel, data[0]))
        elif kind == 0xC0:
            programs[channel] = data[0]
    assert begun == len(notes)
    assert not sounding


def test_notes_that_are_there_in_time_sound_in_time():
    notes = random_notes(3)
    onsets = [time for time, kind, *_ in played(notes) if kind == 0x90]
    np.testing.assert_allclose(onsets, [100 + LEAD + n.onset_seconds for n in notes])


def test_a_note_is_never_later_than_composing_demands():
    """It sounds when it arrives, or so long after the note before it as the piece says."""
    notes = random_notes(4)
    times = 100 + np.cumsum(np.random.default_rng(0).exponential(0.2, len(notes)))
    onsets = [time for time, kind, *_ in played(notes, times.tolist()) if kind == 0x90]
    start = times[0] + LEAD
    for onset, arrival, one in zip(onsets, times, notes, strict=True):
        start = max(start, arrival - one.onset_seconds)
        assert onset == pytest.approx(start + one.onset_seconds)
    gaps = np.diff(onsets) - np.diff([n.onset_seconds for n in notes])
    assert gaps.min() > -1e-9  # nothing is rushed to make up for it


def test_notes_last_as_long_as_they_should():
    sent = played([note(0.0, 1.5), note(1.0, 0.5, pitch=64)])
    ends = {data[0]: time for time, kind, _, *data in sent if kind == 0x80}
    assert ends == pytest.approx({60: 100 + LEAD + 1.5, 64: 100 + LEAD + 1.5})


def test_a_note_that_is_struck_again_ends_first():
    sent = [m for m in played([note(0.0, 4.0), note(1.0, 1.0)]) if m[1] in (0x80, 0x90)]
    assert [kind for _, kind, *_ in sent] == [0x90, 0x80, 0x90, 0x80]
    assert [time - 100 - LEAD for time, *_ in sent] == pytest.approx([0, 1, 1, 2])


def test_more_instruments_than_channels_take_turns():
    notes = [note(i * 1.0, 0.5, program=i) for i in range(20)]
    programs = [(channel, *data) for _, kind, channel, *data in played(notes) if kind == 0xC0]
    assert [program for _, program in programs] == list(range(20))
    assert len({channel for channel, _ in programs[:15]}) == 15
    assert [c for c, _ in programs[15:]] == [c for c, _ in programs[:5]]
    assert 9 not in {channel for channel, _ in programs}


def test_what_ends_it_early_leaves_nothing_sounding():
    composing = Composing([note(0.0, 9.0), note(0.5, 9.0, pitch=64)], [100.0, 100.0])
    sent = []

    def interrupted(data):
        sent.append(data)
        if data[:2] == bytes((0x90, 64)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(composing, interrupted, LEAD)
    pitches = [data[1] for data in sent if data[0] == 0x80]
    assert sorted(pitches) == [60, 64]
    assert {data[:2] for data in sent if data[0] & 0xF0 == 0xB0} == {
        bytes((0xB0, 123)), bytes((0xB9, 123))
    }  # fmt: skip
    assert not list(itertools.dropwhile(lambda data: data[0] & 0xF0 != 0xB0, sent))[2:]
