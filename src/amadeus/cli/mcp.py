"""`amadeus mcp`: a server for assistants, by the Model Context Protocol."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.errors import ConfigError

EXAMPLES = options.examples(
    "amadeus mcp --folder ~/Music/amadeus",
    "amadeus mcp --folder songs --model runs/small",
    "claude mcp add amadeus -- amadeus mcp --folder ~/Music/amadeus",
)


def mcp(
    folder: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="The only folder that is read and written; made if not there."
        ),
    ],
    model: options.Model = None,
) -> None:
    """Let an assistant compose, continue, edit and describe music, over standard input and output.

    Assistants that speak the Model Context Protocol start this command themselves; see docs/mcp.md.
    """
    if find_spec("mcp") is None:
        raise ConfigError(
            "the protocol needs mcp, which is not installed; run: pip install 'amadeus-music[mcp]'"
        )
    from amadeus.inference.composer import load_model
    from amadeus.mcp.folder import MidiFolder
    from amadeus.mcp.server import build_server

    composer = load_model(**options.given(name=model))
    # Ctrl-C would wait for whatever standard input says next.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    build_server(composer, MidiFolder(folder)).run("stdio")
