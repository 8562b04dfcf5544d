"""`amadeus experiment results`: the paper's claims beside what the reports say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table
from amadeus.cli.outputs import check_writable
from amadeus.files import write_atomically

EXAMPLES = options.examples(
    "amadeus experiment results docs/experiments",
    "amadeus experiment results docs/experiments --output docs/results.md",
)


def results(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the experiments' folders.")
    ],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write the page here.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Claim by claim: what the paper says, what was measured here, and whether they agree."""
    from os.path import relpath

    from amadeus.experiments.claims import CLAIMS
    from amadeus.experiments.results import collect, titles, to_dict, to_markdown

    if output is not None:
        check_writable(output)
    found = collect(folder, CLAIMS)
    if output is not None:
        place = Path(relpath(folder, output.parent)).as_posix()
        command = f"amadeus experiment results {folder.as_posix()} --output {output.as_posix()}"
        page = to_markdown(found, titles(folder), place, command)
        write_atomically(output, lambda path: path.write_text(page, encoding="utf-8"))
    if as_json:
        print_json(to_dict(found))
        return
    rows = [
        [one.claim.text, "no report" if one.verdict is None else one.verdict.agrees]
        for one in found
    ]
    print_table([["claim", "agrees"], *rows])
    if output is not None:
        typer.echo(str(output))
