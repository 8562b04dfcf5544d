"""Access control and limits on requests."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest

from amadeus.client import Client
from amadeus.server import throttle
from amadeus.server.app import create_app
from amadeus.server.guard import Access, Guard
from amadeus.server.metrics import Metrics
from serving import PATIENCE, running

testclient = pytest.importorskip("starlette.testclient")
HOME = "http://127.0.0.1:8417"


@pytest.fixture
def page(composer, limits, tmp_path, monkeypatch):
    """A test client that calls a server by a given address; wrong tokens cause no delay."""
    monkeypatch.setattr(throttle, "FIRST_SECONDS", 0.0)
    opened = []

    def page(access=None, base_url=HOME, **more):
        app = create_app(composer, data=tmp_path / "data", limits=limits, access=access, **more)
        client = testclient.TestClient(app, base_url=base_url, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield page
    for client in opened:
        client.__exit__(None, None, None)


def code(response):
    return response.json()["error"]["code"]


def test_other_host_names_are_refused(page):
    """With DNS rebinding, a page sends its own name as Host."""
    client = page()
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8417", "", "10.0.0.1"):
        response = client.get("/health", headers={"Host": host})
        assert (response.status_code, code(response)) == (403, "forbidden"), host
    for host in ("localhost", "127.0.0.1:1", "[::1]:8417", "LOCALHOST"):
        assert client.get("/health", headers={"Host": host}).status_code == 200, host


def test_pages_of_other_origins_are_refused(page):
    client = page()
    body = {"prompt": "x"}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost"):
        answer = client.post("/api/v1/prompts/parse", json=body, headers={"Origin": origin})
        assert (answer.status_code, code(answer)) == (403, "forbidden"), origin
    own = client.post("/api/v1/prompts/parse", json=body, headers={"Origin": HOME})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]
    assert client.get("/api/v1/pieces", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.options("/api/v1/pieces").status_code == 405


def test_a_public_server_requires_a_token(page):
    access = Access.of("0.0.0.0", None)
    client = page(access)
    assert len(access.token) >= 32
    assert client.get("/health").status_code == 200
    for path in ("/", "/docs", "/metrics", "/api/v1/pieces", "/api/v1/openapi.json"):
        response = client.get(path)
        assert (response.status_code, code(response)) == (401, "unauthorized"), path
    for wrong in ("", "x", access.token + "x", access.token[:-1], "ü"):
        headers = {"Authorization": f"Bearer {wrong}".encode()}
        assert client.get("/api/v1/pieces", headers=headers).status_code == 401
        assert client.get("/", params={"token": wrong}).status_code == 401
    headers = {"Authorization": f"Bearer {access.token}"}
    assert client.get("/api/v1/pieces", headers=headers).status_code == 200


def test_the_right_token_works_after_any_number_of_wrong_ones(page, monkeypatch):
    client = page(Access.of("0.0.0.0", "right"))
    late, wrong = [], throttle.Throttle.wrong

    def answer_late(self, client):
        late.append(client)
        return wrong(self, client)

    monkeypatch.setattr(throttle.Throttle, "wrong", answer_late)

    def ask(token):
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/api/v1/pieces", headers=headers).status_code

    assert [ask(f"wrong {number}") for number in range(20)] == [401] * 20
    assert late == ["testclient"] * 20
    assert ask("right") == 200
    assert len(late) == 20


def test_the_token_in_the_address_sets_a_cookie(page):
    access = Access.of("0.0.0.0", "a word")
    client = page(access)
    response = client.get("/", params={"token": "a word"}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/api/v1/pieces").status_code == 200


def test_an_address_cannot_be_rebound_but_a_name_can(page):
    client = page(Access.of("0.0.0.0", "t", ["music.example.org"]))
    for host, status in (("192.168.1.7:80", 200), ("music.example.org", 200), ("evil.org", 403)):
        assert client.get("/health", headers={"Host": host}).status_code == status


def test_a_loopback_server_requires_a_token_only_if_one_is_set(page):
    assert Access.of("127.0.0.1", None).token is None
    assert Access.of("::1", None).token is None
    assert Access.of("localhost", "t").token == "t"
    assert Access.of("192.168.1.2", None).token
    assert Access.of("127.0.0.1", None, ["music.example.org"]).token
    assert Access.of("0.0.0.0", " t ").token_matches("t")
    assert page().get("/api/v1/pieces").status_code == 200


def test_no_path_escapes_the_studio_folder(page, tmp_path):
    studio = tmp_path / "studio"
    studio.mkdir()
    (studio / "index.html").write_text("<h1>studio</h1>")
    (tmp_path / "secret.txt").write_text("secret")
    client = page(studio=studio)
    assert client.get("/").text == "<h1>studio</h1>"
    for path in (
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt",
        "//etc/passwd", "/..\\secret.txt", "/%00", "/data/pieces.sqlite3", "/.%2e/secret.txt",
        "/api/v1/pieces/..%2f..%2fsecret.txt/midi", "/api/v1/pieces/%2e%2e/audio",
        "/api/v1/pieces/0000000000000000%2f..%2f..%2fsecret/audio",
    ):  # fmt: skip
        response = client.get(path)
        assert response.status_code in (404, 422), path
        assert "secret" not in response.text.replace("secret.txt", ""), path


def test_without_a_studio_the_reference_is_served(page, tmp_path):
    client = page(studio=tmp_path / "none")
    response = client.get("/")
    assert response.url.path == "/docs"
    assert "/api/v1/jobs/compose" in response.text
    assert "http" not in response.text.replace("http-equiv", "").lower().split("<h2>", 1)[0]
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_remote_clients_gain_nothing_by_changing_names(page):
    for access, expected in ((None, "a"), (Access.of("0.0.0.0", "t"), "testclient")):
        client = page(access)
        headers = {"Authorization": "Bearer t", "X-Amadeus-Client": "a"}
        assert client.post("/api/v1/jobs/compose", json={"bars": 1}, headers=headers).is_success
        (job,) = client.app.state.services.scheduler.jobs()
        assert job.client == expected


@pytest.mark.parametrize(
    ("proxies", "expected"), [((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.7")]
)
def test_forwarding_headers_count_only_from_trusted_proxies(
    composer, limits, tmp_path, proxies, expected
):
    access = Access.of("127.0.0.1", None, ["music.example.org"])
    app = create_app(composer, data=tmp_path, limits=limits, access=access)
    with running(app, limits, proxies=proxies) as (url, _):
        client = Client(url, token=access.token)
        client._headers |= {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        client.submit("compose", bars=1)
        (job,) = app.state.services.scheduler.jobs()
        assert job.client == expected


def test_an_internal_error_has_the_usual_form(page, monkeypatch):
    client = page()
    monkeypatch.setattr("amadeus.server.scheduler.Scheduler.jobs", lambda _: 1 // 0)
    response = client.get("/api/v1/jobs")
    assert (response.status_code, code(response)) == (500, "internal")
    assert "division" not in response.text
    assert response.headers["x-frame-options"] == "DENY"
    assert 'route="/api/v1/jobs",status="500"' in client.get("/metrics").text


def test_errors_have_security_headers_too(page):
    for path in ("/nowhere", "/api/v1/pieces/xyz", "/api/v1/jobs/0000000000000000"):
        response = page().get(path)
        assert response.status_code in (404, 422)
        assert response.headers["x-frame-options"] == "DENY"
        assert set(response.json()["error"]) == {"code", "message", "fields"}


def test_bodies_are_limited_with_and_without_content_length(page):
    client = page()

    def chunks():
        for _ in range(100):
            yield b"x" * 1024

    headers = {"Content-Type": "application/json"}
    for body in (b"x" * 70_000, chunks()):
        response = client.post("/api/v1/jobs/compose", content=body, headers=headers)
        assert (response.status_code, code(response)) == (413, "too_large")


def test_slow_requests_time_out(composer, limits, tmp_path):
    held = replace(limits, body_seconds=1)
    app = create_app(composer, data=tmp_path, limits=held)
    with running(app, held) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as slow:
            slow.sendall(
                f"POST /api/v1/jobs/compose HTTP/1.1\r\nHost: {host}:{port}\r\n"
                "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{".encode()
            )
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")


def test_followers_do_not_time_out(limits):
    listened = []

    async def listen(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 1.5)
        listened.append(True)

    async def go():
        arriving = asyncio.Queue()
        arriving.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"host", b"::1")]}
        guard = Guard(listen, Access(), replace(limits, body_seconds=1), Metrics())
        await guard(scope, arriving.get, None)

    asyncio.run(go())
    assert listened == [True]


@pytest.mark.parametrize("beginning", [b"", b"GET /health HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_silent_connections_time_out(composer, limits, tmp_path, beginning):
    held = replace(limits, body_seconds=1)
    app = create_app(composer, data=tmp_path, limits=held)
    with running(app, held) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as silent:
            silent.sendall(beginning)
            assert silent.recv(100) == b""


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"prompt": null}', b'{"prompt": "\\ud800"}', b"\xff\xfe",
        b'{"\\ud800": 1}', b'{"bars": 1e400}', b'{"guidance": NaN}', b'{"seed": 9007199254740992}',
        b'{"prompt": "' + b"x" * 2001 + b'"}', b"[" * 20_000, b'{"bars": "8"}x',
        b'{"constraints": [' + b'"",' * 70 + b'""]}',
    ],
)  # fmt: skip
def test_an_invalid_request_is_refused_with_a_message(page, body):
    headers = {"Content-Type": "application/json"}
    response = page().post("/api/v1/jobs/compose", content=body, headers=headers)
    assert response.status_code == 422, response.text
    assert response.json()["error"]["message"]


def test_prompts_are_parsed_without_composing(page):
    client = page()

    def parse(**body):
        return client.post("/api/v1/prompts/parse", json=body).json()

    prompt = "a slow waltz in A minor for piano, no drums, 8 bars"
    parsed = parse(prompt=prompt)
    assert (parsed["key"], parsed["metre"], parsed["bars"]) == ("A minor", "3/4", 8)
    assert (parsed["instruments"], parsed["without"]) == (["piano"], ["drums"])
    assert all(prompt[c["start"] : c["end"]] == c["text"] for c in parsed["chips"])
    assert parsed["problem"] is None
    assert len(parsed["explained"]) >= 5
    assert parse(prompt="")["bars"] == 16
    assert "two keys" in parse(prompt="C major, A minor")["problem"]
    assert "contradict" in parse(prompt="waltz", constraints=["metre: 4/4"])["problem"]
    assert "colour" in parse(prompt="", constraints=["colour: red"])["problem"]


def test_health_and_metrics(page):
    client = page()
    assert client.get("/health").json()["status"] == "ok"
    client.get("/api/v1/pieces/0000000000000000")
    client.get("/some/where/else")
    text = client.get("/metrics").text
    assert 'route="/api/v1/pieces/{id}",status="404"' in text
    assert 'route="other",status="404"' in text
    assert "amadeus_jobs_running 0.0" in text


def test_the_openapi_document_is_complete(page):
    openapi = page().get("/api/v1/openapi.json").json()
    operations = [o for path in openapi["paths"].values() for o in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) > 20
    assert all(operation["summary"] for operation in operations)
    assert "HTTPValidationError" not in json.dumps(openapi["paths"])
    assert openapi["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for name in ("ComposeRequest", "EditRequest"):
        assert openapi["components"]["schemas"][name]["examples"]


def test_browsers_revalidate_the_page(page, tmp_path):
    studio = tmp_path / "studio"
    studio.mkdir()
    (studio / "index.html").write_text("<h1>studio</h1>")
    client = page(studio=studio)
    first = client.get("/")
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    stat = (studio / "index.html").stat()
    (studio / "index.html").write_text("<h1>atelier</h1>"[: stat.st_size])
    changed = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_browsers_cache_the_soundfont(page):
    client = page()
    first = client.get("/api/v1/soundfont")
    again = client.get("/api/v1/soundfont", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/info").headers["cache-control"] == "no-store"
