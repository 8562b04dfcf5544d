"""A piece may be deleted while its files are requested, rendered or sent."""

import asyncio
import logging
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import anyio
import pytest
from starlette.responses import FileResponse

from amadeus.client import Client
from amadeus.server import file_cache, routes_pieces
from amadeus.server.app import create_app
from amadeus.server.worker_process import WorkerProcess
from serving import PATIENCE, running


@pytest.fixture
def server(composer, limits, tmp_path, fixtures):
    """A client of a server, and the id of a piece on it."""
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits) as (url, _), Client(url, patience=0) as client:
        piece = client.upload((fixtures / "funk_drums.mid").read_bytes())
        yield client, piece["id"]


def status(client, id, kind="score", **headers):
    try:
        request = Request(f"{client.url}/api/v1/pieces/{id}/{kind}", headers=headers)
        with urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("ranged", [{}, {"Range": "bytes=0-9"}])
@pytest.mark.parametrize("after", ["before it is looked at", "before it is opened"])
def test_a_file_deleted_before_it_is_sent_is_a_404(server, monkeypatch, caplog, ranged, after):
    client, id = server
    client.file(id, "score")
    opened = anyio.open_file

    async def delete_first(path, *arguments, **more):
        await asyncio.to_thread(client.delete, id)
        return await opened(path, *arguments, **more)

    class Late(file_cache.DeletableFileResponse):
        async def __call__(self, scope, receive, send):
            await asyncio.to_thread(client.delete, id)
            await super().__call__(scope, receive, send)

    if after == "before it is opened":
        monkeypatch.setattr(anyio, "open_file", delete_first)
    else:
        monkeypatch.setattr(routes_pieces, "DeletableFileResponse", Late)
    code, text = status(client, id, **ranged)
    assert code == 404
    assert b"deleted before it could be sent" in text
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_a_file_deleted_while_it_is_sent_arrives_whole(server, monkeypatch):
    client, id = server
    whole = client.file(id, "score")
    opened = anyio.open_file

    async def delete_next(path, *arguments, **more):
        file = await opened(path, *arguments, **more)
        await asyncio.to_thread(client.delete, id)
        return file

    monkeypatch.setattr(FileResponse, "chunk_size", 100)
    monkeypatch.setattr(anyio, "open_file", delete_next)
    assert status(client, id) == (200, whole)
    assert status(client, id)[0] == 404


def test_deleting_a_piece_while_its_file_is_rendered_leaves_no_file(server, monkeypatch, tmp_path):
    client, id = server
    run = WorkerProcess.run

    async def make_and_delete(worker, *arguments):
        await run(worker, *arguments)
        await asyncio.to_thread(client.delete, id)

    monkeypatch.setattr(WorkerProcess, "run", make_and_delete)
    assert status(client, id)[0] == 404
    assert list((tmp_path / "cache").iterdir()) == []
