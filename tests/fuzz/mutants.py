"""Mutants of MIDI files: taken apart into chunks and events, changed there, and put together again.

A file that is cut and flipped at random bytes rarely gets past the parser. These are changed where
MIDI has structure: delta times, lengths, meta events, programs, notes, chunks and headers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

DELTAS = (0, 1, 3, 127, 128, 480, 16_383, 16_384, 2**21 - 1, 2**21, 2**28 - 1)
DIVISIONS = (0, 1, 2, 3, 5, 7, 12, 24, 96, 480, 960, 10_007, 2**15 - 1, 0xE728, 0xE250, 0xFFFF)
DENOMINATORS = (0, 1, 2, 3, 4, 5, 6, 7, 31, 32, 255)
TEMPOS = (0, 1, 2, 59_999, 60_000, 500_000, 2**24 - 2, 2**24 - 1)
CONTROLS = (0, 1, 6, 7, 10, 11, 32, 38, 64, 66, 98, 99, 100, 101, 120, 121, 123, 126, 127)
TEXTS = (b"", b"\0", b"la", b"chord:Am", b"chord:H#", b"\xff\xfe", b"\x83\x8b", "音".encode())
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


@dataclass
class Event:
    """A message, complete with its status byte, and the time before it."""

    delta: int
    message: bytes
    is_running: bool = False
    """Whether the status byte is left out."""

    def encoded(self) -> bytes:
        return variable_length(self.delta) + self.message[self.is_running :]


@dataclass
class Chunk:
    kind: bytes
    body: list[Event] | bytes
    length_error: int = 0
    """What its length is off by."""

    def encoded(self) -> bytes:
        body = self.body
        if not isinstance(body, bytes):
            body = b"".join(event.encoded() for event in body)
        length = max(0, len(body) + self.length_error) % 2**32
        return self.kind + length.to_bytes(4, "big") + body


def mutant(data: bytes, seed: int) -> bytes:
    """A file like a sound one, with something wrong; always the same for a seed."""
    random = Random(seed)
    chunks = parse(data)
    if random.random() < 0.9:  # most are short, so that there is time for many
        _crop(chunks[1:], random)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        random.choice(_OF_FILES if random.random() < 0.2 else _OF_TRACKS)(chunks, random)
    encoded = b"".join(chunk.encoded() for chunk in chunks)
    if random.random() < 0.1:
        encoded = _damaged(encoded, random)
    return encoded


def parse(data: bytes) -> list[Chunk]:
    """The chunks of a sound file, its header first, and the events of its tracks."""
    chunks, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        kind, body = data[at : at + 4], data[at + 8 : at + 8 + length]
        chunks.append(Chunk(kind, _events(body) if kind == b"MTrk" else body))
        at += 8 + length
    return chunks


def variable_length(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _events(body: bytes) -> list[Event]:
    events, at, status = [], 0, 0
    while at < len(body):
        delta, at = _number(body, at)
        if is_running := body[at] < 0x80:
            begin = at
        else:
            status, begin = body[at], at + 1
        if status == 0xFF:
            length, end = _number(body, begin + 1)
            end += length
        elif status in (0xF0, 0xF7):
            length, end = _number(body, begin)
            end += length
        else:
            end = begin + DATA_BYTES[status & 0xF0]
        events.append(Event(delta, bytes([status]) + body[begin:end], is_running))
        at = end
    return events


def _number(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value = value << 7 | body[at] & 0x7F
        at += 1
        if body[at - 1] < 0x80:
            return value, at


def _crop(tracks: list[Chunk], random: Random) -> None:
    most = random.choice((4, 16, 60, 150))
    for track in tracks:
        track.body = track.body[:most] + track.body[-1:]


# What is done to the file as a whole; chunks[0] is the header.


def _division(chunks: list[Chunk], random: Random) -> None:
    _header(chunks, random.choice(DIVISIONS), 4)


def _format(chunks: list[Chunk], random: Random) -> None:
    _header(chunks, random.choice((0, 1, 2, 9)), 0)


def _track_count(chunks: list[Chunk], random: Random) -> None:
    _header(chunks, random.choice((0, 1, len(chunks), 2**15, 2**16 - 1)), 2)


def _header(chunks: list[Chunk], value: int, at: int) -> None:
    body = bytearray(chunks[0].body.ljust(6, b"\0"))
    body[at : at + 2] = value.to_bytes(2, "big")
    chunks[0].body = bytes(body)


def _header_length(chunks: list[Chunk], random: Random) -> None:
    chunks[0].body = random.choice((b"", chunks[0].body[:4], chunks[0].body + b"more"))


def _chunk_length(chunks: list[Chunk], random: Random) -> None:
    random.choice(chunks).length_error = random.choice(
        (-7, -3, -1, 1, 3, 7, 10**6, 2**31, -(10**6))
    )


def _chunk_kind(chunks: list[Chunk], random: Random) -> None:
    random.choice(chunks).kind = random.choice((b"MTrk", b"MThd", b"XFIH", b"\0\0\0\0", b"RIFF"))


def _foreign_chunk(chunks: list[Chunk], random: Random) -> None:
    place = random.randrange(1, len(chunks) + 1)
    chunks.insert(place, Chunk(b"XFKM", random.randbytes(random.choice((0, 1, 40)))))


def _more_tracks(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        copies = [replace(track, body=list(track.body)) for _ in range(random.choice((1, 3, 40)))]
        chunks += copies
        _header(chunks, len(chunks) - 1, 2)


def _fewer_tracks(chunks: list[Chunk], random: Random) -> None:
    if len(chunks) > 2:
        chunks.pop(random.randrange(1, len(chunks)))


def _shuffled_tracks(chunks: list[Chunk], random: Random) -> None:
    tracks = chunks[1:]
    random.shuffle(tracks)
    chunks[1:] = tracks


_OF_FILES = (
    _division, _division, _format, _track_count, _header_length, _chunk_length, _chunk_kind,
    _foreign_chunk, _more_tracks, _fewer_tracks, _shuffled_tracks,
)  # fmt: skip

# What is done to the events of a track.


def _track(chunks: list[Chunk], random: Random) -> Chunk | None:
    tracks = [chunk for chunk in chunks[1:] if isinstance(chunk.body, list) and chunk.body]
    return random.choice(tracks) if tracks else None


def _deltas(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        for event in random.choices(track.body, k=random.choice((1, 1, 3))):
            event.delta = random.choice(DELTAS)


def _all_deltas(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        factor = random.choice((0, 0.01, 0.3, 3, 50, 2000))
        for event in track.body:
            event.delta = min(2**28 - 1, int(event.delta * factor))


def _meta(chunks: list[Chunk], random: Random) -> None:
    """A tempo, a time signature, a key signature, a text, or any other; of any length."""
    kind = random.choice((0x51, 0x51, 0x58, 0x58, 0x59, 1, 3, 5, 6, 0x20, 0x21, 0x2F, 0x54, 0x7F))
    if kind == 0x51:
        data = random.choice(TEMPOS).to_bytes(3, "big")
    elif kind == 0x58:
        numerator = random.choice((0, 1, 3, 4, 13, 64, 65, 255))
        data = bytes((numerator, random.choice(DENOMINATORS), 24, 8))
    elif kind == 0x59:
        data = bytes((random.choice((0, 7, 8, 127, 128, 249, 255)), random.choice((0, 1, 2, 255))))
    else:
        data = random.choice((*TEXTS, random.randbytes(random.choice((1, 200)))))
    said = random.choice((0,) * 40 + (-2, -1, 1, 5, 2**28 - 1 - len(data)))
    length = variable_length(max(0, len(data) + said))
    _insert(chunks, random, b"\xff" + bytes([kind]) + length + data)


def _channel_message(chunks: list[Chunk], random: Random) -> None:
    """A note, a program, a controller, a pitch bend or aftertouch."""
    status = random.choice((0x80, 0x90, 0x90, 0xA0, 0xB0, 0xB0, 0xC0, 0xC0, 0xD0, 0xE0))
    number = random.choice(CONTROLS) if status == 0xB0 else random.randrange(128)
    data = bytes((number, random.choice((0, 1, 64, 127))))[: DATA_BYTES[status]]
    if random.random() < 0.05:
        data = bytes((random.randrange(128, 256),)) + data[1:]
    _insert(chunks, random, bytes([status | random.randrange(16)]) + data)


def _exclusive(chunks: list[Chunk], random: Random) -> None:
    data = random.choice((b"", b"\xf7", b"\x41\x10\x42\x12\x40\x1a\x15\x01\x10\xf7", b"\x7e\x09"))
    length = variable_length(max(0, len(data) + random.choice((0, 0, 0, -1, 1, 10**6))))
    _insert(chunks, random, random.choice((b"\xf0", b"\xf7")) + length + data)


def _system(chunks: list[Chunk], random: Random) -> None:
    """A status byte that has no place in files, or none at all."""
    if random.random() < 0.3:
        _insert(chunks, random, random.choice((b"\xf1\x00", b"\xf4", b"\xf8", b"\xfe", b"\x40")))


def _insert(chunks: list[Chunk], random: Random, message: bytes) -> None:
    if track := _track(chunks, random):
        place = random.randrange(len(track.body)) if random.random() < 0.7 else 0
        event = Event(random.choice((0, 0, 1, *DELTAS)), message)
        track.body[place:place] = [event] * random.choice((1, 1, 1, 2, 200))


def _message_bytes(chunks: list[Chunk], random: Random) -> None:
    """Any byte of a message but its status."""
    if track := _track(chunks, random):
        for event in random.choices(track.body, k=random.choice((1, 1, 8))):
            if len(event.message) > 1:
                message = bytearray(event.message)
                message[random.randrange(1, len(message))] = random.choice(
                    (0, 1, 127, random.randrange(128), random.randrange(256))
                )
                event.message = bytes(message)


def _channels(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        channel = random.randrange(16)
        for event in track.body:
            if b"\x80" <= event.message[:1] < b"\xf0" and random.random() < 0.9:
                event.message = bytes([event.message[0] & 0xF0 | channel]) + event.message[1:]


def _running_status(chunks: list[Chunk], random: Random) -> None:
    """Left out where it may be, or now and then anywhere."""
    if track := _track(chunks, random):
        is_careful, status = random.random() < 0.8, b""
        for event in track.body:
            if not is_careful:
                event.is_running ^= random.random() < 0.05
            elif event.message[:1] < b"\xf0":
                event.is_running = event.message[:1] == status
            status = event.message[:1]


def _duplicates(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        begin = random.randrange(len(track.body))
        end = begin + random.choice((1, 2, 16))
        copies = [replace(event) for event in track.body[begin:end]]
        track.body[begin:begin] = copies * random.choice((1, 2, 60))


def _losses(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        begin = random.randrange(len(track.body))
        del track.body[begin : begin + random.choice((1, 2, 16))]


def _no_note_offs(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        share = random.choice((0.1, 0.9, 1.0))
        track.body = [
            event for event in track.body if not _ends_note(event) or random.random() > share
        ]


def _ends_note(event: Event) -> bool:
    status = event.message[0] & 0xF0
    return status == 0x80 or (status == 0x90 and event.message[2:] == b"\0")


def _reordered(chunks: list[Chunk], random: Random) -> None:
    if track := _track(chunks, random):
        begin = random.randrange(len(track.body))
        some = track.body[begin : begin + random.choice((2, 8, 500))]
        random.shuffle(some)
        track.body[begin : begin + len(some)] = some


_OF_TRACKS = (
    _deltas, _deltas, _all_deltas, _meta, _meta, _meta, _channel_message, _channel_message,
    _exclusive, _system, _message_bytes, _channels, _running_status, _duplicates, _losses,
    _no_note_offs, _reordered,
)  # fmt: skip


def _damaged(data: bytes, random: Random) -> bytes:
    """The file cut off, or with some bytes changed."""
    if random.random() < 0.5:
        return data[: random.randrange(len(data) + 1)]
    damaged = bytearray(data)
    for _ in range(random.choice((1, 4, 30))):
        damaged[random.randrange(len(damaged))] = random.randrange(256)
    return bytes(damaged)
