"""`amadeus experiment results`: compares the paper's claims with the measured results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table
from amadeus.cli.outputs import check_writable
from amadeus.files import write_text

EXAMPLES = options.examples(
    "amadeus experiment results docs/experiments",
    "amadeus experiment results docs/experiments --output docs/results.md",
)


def results(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with one folder per experiment.")
    ],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Markdown file to write.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Compare each of the paper's claims with the measured results."""
    from os.path import relpath

    from amadeus.experiments.claims import CLAIMS
    from amadeus.experiments.results import collect, titles, to_dict, to_markdown

    if output is not None:
        check_writable(output)
    results = collect(folder, CLAIMS)
    if output is not None:
        place = Path(relpath(folder, output.parent)).as_posix()
        command = f"amadeus experiment results {folder.as_posix()} --output {output.as_posix()}"
        page = to_markdown(results, titles(folder), place, command)
        write_text(output, page)
    if as_json:
        print_json(to_dict(results))
        return
    rows = [
        [result.claim.text, "no report" if result.verdict is None else result.verdict.agrees]
        for result in results
    ]
    print_table([["claim", "verdict"], *rows])
    if output is not None:
        typer.echo(str(output))
