"""Stopping loses no finished piece, and fails the remaining jobs with a reason."""

import signal
import sqlite3
import sys
import threading
from contextlib import closing

import pytest

from amadeus.client import Client
from amadeus.errors import AmadeusError, ServerError
from amadeus.server.app import create_app
from amadeus.server.running import Server, bind, serve
from amadeus.server.store import DATABASE
from serving import PATIENCE, running, until


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_finished_piece(command, number):
    process, ready = command("--running", 4, "--grace", 0)
    finished, codes, refused = [], [], []

    def ask(name):
        with Client(ready["url"], name=name, patience=0, timeout=PATIENCE) as client:
            for seed in range(1000):
                try:
                    job = client.submit("compose", bars=4, notes=60, seed=seed)
                    name, end = list(client.events(job["id"]))[-1]
                except AmadeusError as error:
                    refused.append(error)  # it stops: nothing was promised
                    return
                if name != "done":
                    codes.append(end["error"]["code"])
                    return
                finished.append(end["piece"])

    threads = [threading.Thread(target=ask, args=(f"c{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(finished) >= 4)
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert set(codes) <= {"stopping"}
    assert len(codes) + len(refused) == len(threads)
    _, ready = command()
    with Client(ready["url"]) as client:
        kept = {piece["id"] for piece in client.pieces()}
        assert set(finished) <= kept
        assert all(client.midi(piece)[:4] == b"MThd" for piece in finished)


def test_waiting_jobs_fail_when_the_server_stops(composer, limits, tmp_path, paused):
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits, grace=0) as (url, server), Client(url) as client:
        paused.set()
        jobs = [
            client.submit("compose", seed=i, bars=16, notes=390, constraints=["density: 30"])
            for i in range(4)
        ]
        ends = []

        def follow(job):
            ends.append(list(client.events(job["id"]))[-1])

        threads = [threading.Thread(target=follow, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        scheduler = app.state.services.scheduler
        until(lambda: all(scheduler.get(job["id"]).followers for job in jobs))
        server.should_exit = True
        for thread in threads:
            thread.join(PATIENCE)
    assert [(name, job["error"]["code"]) for name, job in ends] == [("failed", "stopping")] * 4


def test_a_server_that_cannot_start_reports_an_error(composer, limits, tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    app = create_app(composer, data=tmp_path, limits=limits)
    (tmp_path / "cache").touch()  # where a folder should be
    starts = []
    server = Server(app, limits, 0, lambda: starts.append(True))
    with pytest.raises((ServerError, SystemExit)) as ended:
        serve(server, bind("127.0.0.1", 0))
    assert ended.value.args[0]
    assert starts == []


def test_missing_libraries_are_reported(monkeypatch):
    from typer.testing import CliRunner

    from amadeus.cli.main import app

    monkeypatch.setitem(sys.modules, "fastapi", None)
    for name in [name for name in sys.modules if name.startswith("amadeus.server")]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 1
    assert "pip install 'amadeus-music[server]'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--running", "0"], "running must be at least 1"),
        (["--token", "ü"], "must be printable ASCII"),
        (["--host", "256.1.1.1"], "cannot listen on"),
        (["--model", "nowhere"], "nowhere"),
        (["--trust-proxy", "nginx"], "'nginx' is not the address"),
        (["--data", "file"], "cannot use"),
        (["--data", "newer"], "another version of Amadeus"),
    ],
)
def test_invalid_settings_are_reported_in_one_line(arguments, message, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from amadeus.cli.main import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "newer").mkdir()
    with closing(sqlite3.connect(tmp_path / "newer" / DATABASE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    result = CliRunner().invoke(app, ["serve", "--data", str(tmp_path), *arguments])
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
