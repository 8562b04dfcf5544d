"""`amadeus experiment NAME`: one command for each class of `experiments.options`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from importlib import import_module
from inspect import Parameter, Signature
from typing import Annotated, Any, get_type_hints

import typer

from amadeus.cli import options as shared
from amadeus.cli.display import staged_progress
from amadeus.cli.outputs import check_report, output_report
from amadeus.cli.train import parse_overrides
from amadeus.experiments.options import EXPERIMENTS, Options, flag_of


def add_experiments(app: typer.Typer) -> None:
    """Add all experiments to a group of commands."""
    for options in EXPERIMENTS:
        examples = shared.examples(*options.examples)
        app.command(options.name(), epilog=examples)(_command(options))


def _command(options: type[Options]) -> Callable[..., None]:
    aliases = {f.metadata["alias"]: f.name for f in fields(options) if "alias" in f.metadata}

    def command(**values: Any) -> None:
        output, as_json = values.pop("output"), values.pop("as_json")
        for alias, name in aliases.items():
            values[name] = values.pop(alias) or values[name]
        if "overrides" in values:
            values["overrides"] = parse_overrides(values["overrides"] or [])
        check_report(output)
        experiment = import_module(f"amadeus.experiments.{options.module}")
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
        repeated = field.name == "overrides"
        kind = list[str] | None if repeated else hints[field.name]
        default = None if repeated else field.default
        option = typer.Option(flag_of(field), **settings)
        parameters.append(_parameter(field.name, Annotated[kind, option], default))
        if alias := field.metadata.get("alias"):
            hidden = typer.Option(f"--{alias}", min=field.metadata.get("min"), hidden=True)
            parameters.append(_parameter(alias, Annotated[kind | None, hidden], None))
    parameters.append(_parameter("output", shared.ReportFolder, None))
    return [*parameters, _parameter("as_json", shared.Json, False)]


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    default = Parameter.empty if default is MISSING else default
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
