"""`amadeus serve`: composing over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.errors import ConfigError

EXAMPLES = options.examples(
    "amadeus serve",
    "amadeus serve --port 9000 --data ~/music/amadeus",
    "amadeus serve --host 0.0.0.0  (for others; prints the access token they need)",
    "amadeus serve --host 0.0.0.0 --token-file ~/.config/amadeus-token",
    "amadeus serve --allow-host music.example.org --trust-proxy 127.0.0.1  (behind a TLS proxy)",
    "curl -s localhost:8417/api/v1/jobs/compose -H 'Content-Type: application/json' "
    """-d '{"prompt": "a slow waltz"}'""",
)
PORT = 8417


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all, with an access token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = PORT,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where pieces are kept; by default, with your data."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the access token; by default AMADEUS_TOKEN has it, or one is drawn "
            "where others can reach the server.",
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Deprecated: other users of this machine can see it.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name it is called by, as of a proxy; repeatable."),
    ] = None,
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A proxy, or a network of them, that says for whom it asks; repeatable.",
        ),
    ] = None,
    running: Annotated[
        int | None, typer.Option(metavar="JOBS", help="Jobs at once; 16 if left out.")
    ] = None,
    waiting: Annotated[
        int | None, typer.Option(metavar="JOBS", help="Jobs that may wait; 64 if left out.")
    ] = None,
    waiting_each: Annotated[
        int | None, typer.Option(metavar="JOBS", help="Of one client; 8 if left out.")
    ] = None,
    bars: Annotated[int | None, typer.Option(help="Most bars of a job; 512 if left out.")] = None,
    pieces: Annotated[
        int | None, typer.Option(help="Most pieces that are kept; 10,000 if left out.")
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that jobs get to end when it is stopped.")
    ] = 5.0,
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Compose over HTTP, for the studio in a browser and for programs.

    Ctrl-C or SIGTERM stops it; finished pieces are kept, and there again next time. With --json it
    prints its address and token as one line when it is ready. Otherwise it prints the token only if
    it has drawn it.
    """
    try:
        from amadeus.server.app import create_app
        from amadeus.server.running import Server, bind
        from amadeus.server.running import serve as run
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"serving needs {error.name}; run: pip install 'amadeus-music[server]'"
        ) from None
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.server.access_token import configured_token
    from amadeus.server.guard import Access
    from amadeus.server.limits import Limits
    from amadeus.server.store import Store, default_folder

    limits = Limits(
        **options.given(
            running=running, waiting=waiting, waiting_each=waiting_each, bars=bars, pieces=pieces
        )
    )
    known = configured_token(token, token_file, _warn)
    access = Access.of(host, known, allow_host or ())
    proxies = [_network(one) for one in trust_proxy or ()]
    folder = data or default_folder()
    Store(folder, limits.pieces).close()  # where it cannot be used, that is said before all else
    composer = load_model(**options.given(name=model))
    app = create_app(
        composer, data=folder, model=model or DEFAULT_MODEL, access=access, limits=limits
    )
    listener = bind(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"

    def started() -> None:
        app.state.services.worker.start()
        if as_json:
            ready = {"url": address, "token": access.token, "data": str(folder)}
            typer.echo(json.dumps(ready))  # one line: whoever waits for it reads no further
            return
        typer.echo(f"Amadeus listens on {address}; pieces are kept in {folder}")
        if known is None and access.token is not None:
            typer.echo(f"access token: {access.token}")
            typer.echo(f"in a browser: {address}/?token={access.token}")

    run(Server(app, limits, grace, started, proxies), listener)


def _warn(text: str) -> None:
    typer.echo(f"amadeus: warning: {text}", err=True)


def _network(address: str) -> str:
    """An address, or a network of them. Raises ConfigError for anything else."""
    from ipaddress import ip_network

    try:
        ip_network(address)
    except ValueError:
        raise ConfigError(
            f"the proxy {address!r} is no address; give one, such as 127.0.0.1 or 10.0.0.0/8"
        ) from None
    return address
