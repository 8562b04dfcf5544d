"""Assign MIDI channels to tracks, so that messages of one track do not affect another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from amadeus.music.score import Track

_DRUM_CHANNEL = 9
_MELODIC_CHANNELS = (*range(9), *range(10, 16))
_NUM_PORTS = 128

Place = tuple[int, int]
"""A port and a channel."""


def places_of(tracks: Sequence[Track]) -> list[Place]:
    """A port and a channel for each track.

    Tracks of one program that are told the same may share a channel, others may not. Channels of
    port 0 go first to one track of each program, then to those told something else, and then to
    whoever comes. A track that finds them taken gets a further port, and there the channel of its
    program: a player that knows no ports plays it on the right instrument nonetheless. Only past
    128 ports, all that there are, is a place shared by tracks that are told different things.

    All drums are on channel 10, for General MIDI has no other; on further ports where they are
    told different things.
    """
    taken: Counter[int] = Counter()  # channel -> ports on which it is taken

    def take(channel: int) -> Place:
        taken[channel] += 1
        return (taken[channel] - 1) % _NUM_PORTS, channel

    def freest() -> int:
        return min(_MELODIC_CHANNELS, key=lambda channel: taken[channel])

    kinds = dict.fromkeys(_kind(track) for track in tracks if not track.is_drum)
    homes: dict[tuple[int, bytes, bytes], Place] = {}
    channel_of: dict[int, int] = {}  # program -> the channel that it got first
    for kind in kinds:
        if kind[0] not in channel_of:
            homes[kind] = take(freest())
            channel_of[kind[0]] = homes[kind][1]
    others = [kind for kind in kinds if kind not in homes]
    for kind in sorted(others, key=lambda kind: not any(kind[1:])):
        homes[kind] = take(channel_of[kind[0]] if taken[freest()] else freest())

    kits = dict.fromkeys(_kind(track) for track in tracks if track.is_drum)
    ports = {kit: port % _NUM_PORTS for port, kit in enumerate(kits)}
    places, settled = [], set()
    for track in tracks:
        kind = _kind(track)
        if track.is_drum:
            places.append((ports[kind], _DRUM_CHANNEL))
        elif kind in settled and not taken[freest()]:
            places.append(take(freest()))
        else:
            places.append(homes[kind])
            settled.add(kind)
    return places


def _kind(track: Track) -> tuple[int, bytes, bytes]:
    """The program of a track, and whatever else its channel is told."""
    return track.program, track.controls.tobytes(), track.pitch_bends.tobytes()
