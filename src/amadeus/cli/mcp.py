"""`amadeus mcp`: a Model Context Protocol server for AI assistants."""

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
            metavar="DIR",
            help="Folder for MIDI files, the only one that is read or written; created if missing.",
        ),
    ],
    model: options.Model = None,
) -> None:
    """Let an AI assistant compose, continue, edit and describe music.

    Assistants that support the Model Context Protocol start this command themselves and talk to it
    over standard input and output; see docs/mcp.md.
    """
    if find_spec("mcp") is None:
        raise ConfigError("mcp is not installed; run: pip install 'amadeus-music[mcp]'")
    from amadeus.inference.composer import load_model
    from amadeus.mcp.folder import MidiFolder
    from amadeus.mcp.server import build_server

    composer = load_model(**options.given(name=model))
    # By default, Ctrl-C would take effect only after the next line of standard input.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    build_server(composer, MidiFolder(folder)).run("stdio")
