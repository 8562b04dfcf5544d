"""Events: every byte of a file belongs to one, and the fast reader agrees with the plain one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.errors import MidiError
from amadeus.music.midi.events import read_events, walk_slowly
from amadeus.music.midi.notices import Notices
from smf import EOT, chunk, header, meta, number, off, on, smf, sysex, track

NAMES = ("song_with_pickup", "string_quartet", "choir_changing_metre", "funk_drums", "game_band")

data_bytes = st.integers(0, 127)
channel_messages = st.builds(
    lambda status, *data: bytes([status, *data])[: 2 if 0xC0 <= status < 0xE0 else 3],
    st.integers(0x80, 0xEF),
    data_bytes,
    data_bytes,
)  # fmt: skip
other_messages = st.one_of(
    st.builds(
        meta,
        st.integers(0, 127).filter(lambda kind: kind not in (0x21, 0x2F)),
        st.binary(max_size=200),
    ),
    st.builds(sysex, st.binary(max_size=200), st.sampled_from((0xF0, 0xF7))),
)
deltas = st.one_of(st.integers(0, 300), st.integers(0, 2**28 - 1))
streams = st.lists(
    st.tuples(deltas, st.one_of(channel_messages, channel_messages, other_messages), st.booleans()),
    max_size=40,
)


def body_of(stream):
    """The bytes of a track; the last flag of each event allows a running status."""
    body, running = b"", None
    for delta, message, may_run in stream:
        is_channel = message[0] < 0xF0
        runs = is_channel and may_run and message[0] == running
        body += number(delta) + (message[1:] if runs else message)
        running = message[0] if is_channel else running
    return body + b"\0" + EOT


@given(st.lists(streams, min_size=1, max_size=4), st.booleans())
def test_every_event_is_found_with_all_its_bytes(tracks, has_other_chunk):
    chunks = [chunk(body_of(stream)) for stream in tracks]
    if has_other_chunk:
        chunks.insert(1, chunk(b"\xff\x2f\0 any", name=b"XFIH"))
    data = header(len(tracks)) + b"".join(chunks)
    notices = Notices()
    events = read_events(data, notices)
    assert not list(notices)
    expected = [
        (number, tick, message if message[0] < 0xF0 else message[:1])
        for number, stream in enumerate(tracks)
        for tick, message in zip(
            np.cumsum([delta for delta, *_ in stream] + [0]).tolist(),
            [message for _, message, _ in stream] + [EOT],
            strict=True,
        )
    ]
    found = [
        (track, tick, bytes([status, first, second][: len(wanted[2])]))
        for track, tick, status, first, second, wanted in zip(
            *(getattr(events, name).tolist()
              for name in ("track", "tick", "status", "first", "second")),
            expected, strict=True,
        )
    ]  # fmt: skip
    assert found == expected
    rebuilt = [data[a:b] for a, b in zip(events.start.tolist(), events.stop.tolist(), strict=True)]
    assert b"".join(rebuilt) == b"".join(body_of(stream) for stream in tracks)


@given(streams)
def test_the_fast_reader_agrees_with_the_plain_one(stream):
    body = body_of(stream)
    data = smf(chunk(body))
    begin = len(data) - len(body)
    events = read_events(data, Notices())
    assert walk_slowly(data, begin, len(data)) == (events.start.tolist(), len(data), True)


@pytest.mark.parametrize("name", NAMES)
def test_real_files_are_read_whole(fixtures, name):
    data = (fixtures / f"{name}.mid").read_bytes()
    events = read_events(data, Notices())
    for number_, part in enumerate(c for c in events.chunks if c.track is not None):
        own = np.flatnonzero(events.track == number_).tolist()
        slow, stop, has_end = walk_slowly(data, part.body, part.stop)
        assert (events.start[own].tolist(), stop, has_end) == (slow, part.stop, True)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(garbage):
    for data in (garbage, header(1) + garbage, header(1) + chunk(garbage + EOT)):
        try:
            events = read_events(data, Notices())
        except MidiError:
            continue
        assert events.stop.max(initial=0) <= len(data)


def test_payloads_are_the_data_of_meta_events_and_sysex():
    data = smf(
        track((0, meta(1, b"a" * 300)), (5, sysex(b"\x41\x10\xf7")), (0, on(60)), (9, off(60)))
    )
    events = read_events(data, Notices())
    assert events.payload(0) == b"a" * 300
    assert events.payload(1) == b"\x41\x10\xf7"
    assert events.tick.tolist() == [0, 5, 5, 14, 14]
