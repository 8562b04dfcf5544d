"""`amadeus serve`: the HTTP server and the studio."""

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
    "amadeus serve --host 0.0.0.0  (reachable from other machines; prints an access token)",
    "amadeus serve --host 0.0.0.0 --token-file ~/.config/amadeus-token",
    "amadeus serve --allow-host music.example.org --trust-proxy 127.0.0.1  (behind a TLS proxy)",
    "curl -s localhost:8417/api/v1/jobs/compose -H 'Content-Type: application/json' "
    """-d '{"prompt": "a slow waltz"}'""",
)
PORT = 8417


def serve(
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; 0.0.0.0 for all, which needs an access token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free port.")] = PORT,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the pieces; by default, your user data folder."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the access token. By default it is read from AMADEUS_TOKEN, or "
            "generated if other machines can reach the server.",
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Deprecated: other users of this machine can see it.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A further host name of the server, such as that of a proxy; repeatable.",
        ),
    ] = None,
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address or network of a proxy whose forwarding headers are trusted; repeatable.",
        ),
    ] = None,
    running: Annotated[
        int | None,
        typer.Option(metavar="JOBS", help="Maximum number of running jobs; 16 by default."),
    ] = None,
    waiting: Annotated[
        int | None,
        typer.Option(metavar="JOBS", help="Maximum number of waiting jobs; 64 by default."),
    ] = None,
    waiting_each: Annotated[
        int | None,
        typer.Option(
            metavar="JOBS", help="Maximum number of waiting jobs per client; 8 by default."
        ),
    ] = None,
    bars: Annotated[int | None, typer.Option(help="Maximum bars per job; 512 by default.")] = None,
    pieces: Annotated[
        int | None, typer.Option(help="Maximum number of stored pieces; 10,000 by default.")
    ] = None,
    grace: Annotated[
        float,
        typer.Option(min=0, help="Seconds that running jobs get to finish when the server stops."),
    ] = 5.0,
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Start the HTTP server, with the studio in the browser and an API for programs.

    Ctrl-C or SIGTERM stops the server. Finished pieces are stored and remain available after a
    restart. With --json, the server prints its address and access token as one line of JSON once
    it is ready; otherwise it prints the token only if it was drawn at random.
    """
    try:
        from amadeus.server.app import create_app
        from amadeus.server.running import Server, bind
        from amadeus.server.running import serve as run
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is not installed; run: pip install 'amadeus-music[server]'"
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
    configured = configured_token(token, token_file, _warn)
    access = Access.of(host, configured, allow_host or ())
    proxies = [_network(proxy) for proxy in trust_proxy or ()]
    folder = data or default_folder()
    Store(folder, limits.pieces).close()  # fails early if it cannot be used
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
            typer.echo(json.dumps(ready))  # one line, so that programs can wait for it
            return
        typer.echo(f"Amadeus is listening on {address}; pieces are stored in {folder}")
        if configured is None and access.token is not None:
            typer.echo(f"access token: {access.token}")
            typer.echo(f"in a browser: {address}/?token={access.token}")

    run(Server(app, limits, grace, started, proxies), listener)


def _warn(text: str) -> None:
    typer.echo(f"amadeus: warning: {text}", err=True)


def _network(address: str) -> str:
    """An address or a network. Raises ConfigError for anything else."""
    from ipaddress import ip_network

    try:
        ip_network(address)
    except ValueError:
        raise ConfigError(
            f"{address!r} is not the address of a proxy; give one such as 127.0.0.1 or 10.0.0.0/8"
        ) from None
    return address
