"""Many clients at once: each gets its own piece, and memory stays bounded."""

import threading
import tracemalloc
from dataclasses import replace

import pytest

from amadeus.client import Client
from amadeus.music.midi import read_midi
from amadeus.server.app import create_app
from amadeus.server.limits import Limits
from serving import drained, running

CLIENTS = 200


@pytest.mark.slow
def test_two_hundred_clients_each_get_their_own_piece(composer, tmp_path):
    limits = Limits(running=16, waiting=32, waiting_each=2, remembered=64)
    app = create_app(composer, data=tmp_path, limits=limits)
    got, wrong, most = {}, [], []

    def ask(number, url):
        with Client(url, name=f"client-{number}", patience=500, timeout=500) as client:
            try:
                settings = {"bars": 2, "notes": 12, "seed": number}
                notes, piece = drained(client.stream(f"piece {number}", **settings))
                got[number] = notes, piece, client.midi(piece["id"])
            except Exception as error:
                wrong.append((number, error))

    with running(app, limits) as (url, _):
        threads = [threading.Thread(target=ask, args=(i, url)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.05) if threads[0].is_alive() else threading.Event().wait(0.05)
            most.append(
                (app.state.services.scheduler.waiting, app.state.services.scheduler.running)
            )
        remembered = len(app.state.services.scheduler.jobs())
    assert wrong == []
    assert len(got) == CLIENTS
    for number, (notes, piece, midi) in got.items():
        assert piece["settings"]["prompt"] == f"piece {number}"
        assert piece["settings"]["seed"] == number
        kept = [n for t in read_midi(midi).tracks for n in t.notes["pitch"].tolist()]
        assert sorted(note["pitch"] for note in notes) == sorted(kept)
    for number in range(0, CLIENTS, 23):
        score = composer.generate(f"piece {number}", bars=2, notes=12, seed=number)
        pitches = [n for t in score.tracks for n in t.notes["pitch"].tolist()]
        assert sorted(note["pitch"] for note in got[number][0]) == sorted(pitches)
    assert max(waiting for waiting, _ in most) <= limits.waiting
    assert max(running for _, running in most) <= limits.running
    assert remembered <= limits.remembered


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_jobs(composer, tmp_path):
    limits = replace(Limits(), remembered=8, replayed=4)
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits) as (url, _), Client(url) as client:
        sizes = []
        tracemalloc.start()
        for round_ in range(3):
            for number in range(40):
                client.compose(bars=1, notes=8, seed=40 * round_ + number)
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert sizes[2] - sizes[1] < 200_000
