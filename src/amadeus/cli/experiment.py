"""`amadeus experiment NAME`: a command for each class of `experiments.options`, and `results`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from importlib import import_module
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from amadeus.cli import options as shared
from amadeus.cli.display import print_json, print_table, staged_progress
from amadeus.cli.outputs import check_report, check_writable, output_report
from amadeus.cli.train import parse_overrides
from amadeus.experiments.options import EXPERIMENTS, Options, flag_of
from amadeus.files import write_text

RESULTS_EXAMPLES = shared.examples(
    "amadeus experiment results docs/experiments",
    "amadeus experiment results docs/experiments --output docs/results.md",
)


def add_experiments(app: typer.Typer) -> None:
    """Add all experiments to a group of commands."""
    for options in EXPERIMENTS:
        examples = shared.examples(*options.examples)
        app.command(options.name(), epilog=examples)(_command(options))
    app.command("results", epilog=RESULTS_EXAMPLES)(results)


def _command(options: type[Options]) -> Callable[..., None]:
    aliases = {f.metadata["alias"]: f.name for f in fields(options) if "alias" in f.metadata}

    def command(**values: Any) -> None:
        output, as_json = values.pop("output"), values.pop("as_json")
        for alias, name in aliases.items():
            values[name] = values.pop(alias) or values[name]
        if "overrides" in values:
            values["overrides"] = parse_overrides(values["overrides"] or []) or None
        check_report(output)
        experiment = import_module(f"amadeus.experiments.{options.module or options.name()}")
        with staged_progress("Preparing") as progress:
            report = experiment.run(options(**values), progress)
        output_report(report, output, as_json, options.tables)

    parameters = _parameters(options)
    command.__doc__ = options.__doc__
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _parameters(options: type[Options]) -> list[Parameter]:
    """The experiment's own options, then those that it shares with others."""
    hints = get_type_hints(options)
    inherited = {field.name for field in fields(options.__base__)}  # type: ignore[arg-type]
    parameters = []
    for field in sorted(fields(options), key=lambda field: field.name in inherited):
        settings = {k: v for k, v in field.metadata.items() if k in ("help", "min", "metavar")}
        kind = list[str] | None if field.name == "overrides" else hints[field.name]
        option = typer.Option(flag_of(field), **settings)
        parameters.append(_parameter(field.name, Annotated[kind, option], field.default))
        if alias := field.metadata.get("alias"):
            hidden = typer.Option(f"--{alias}", min=field.metadata.get("min"), hidden=True)
            parameters.append(_parameter(alias, Annotated[kind | None, hidden], None))
    parameters.append(_parameter("output", shared.ReportFolder, None))
    return [*parameters, _parameter("as_json", shared.Json, False)]


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    default = Parameter.empty if default is MISSING else default
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def results(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with one folder per experiment.")
    ],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Markdown file to write.")
    ] = None,
    as_json: shared.Json = False,
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
