"""The `amadeus` program: its commands and how it reports errors."""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from amadeus.cli import (
    benchmark,
    caption,
    continuation,
    corpus,
    corpus_critic,
    corpus_pack,
    corpus_performer,
    corpus_profiles,
    corpus_stats,
    edit,
    evaluate,
    experiment,
    export,
    generate,
    inspect,
    mcp,
    perform,
    render,
    serve,
    train,
    validate,
)
from amadeus.cli.options import CommandWithConstraints
from amadeus.errors import AmadeusError


class ErrorReportingGroup(TyperGroup):
    """Reports expected errors as one line on stderr, with exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            # Report a full disk here rather than when the interpreter exits.
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            raise  # the reader closed the pipe; typer exits silently
        except (AmadeusError, OSError) as error:
            typer.echo(f"amadeus: error: {_one_line(error)}", err=True)
            _discard_output()
            raise typer.Exit(1) from None


def _discard_output() -> None:
    """Drop output that cannot be written; it would fail again and change the exit code at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return " ".join(line.strip() for line in str(error).splitlines())


app = typer.Typer(
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"amadeus {version('amadeus-music')}")
        raise typer.Exit


@app.callback()
def amadeus(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Compose symbolic music (MIDI)."""


corpus_app = typer.Typer(no_args_is_help=True, help="Build and inspect training data.")

experiment_app = typer.Typer(
    no_args_is_help=True, help="Reproduce the experiments in the documentation."
)

constrained = partial(app.command, cls=CommandWithConstraints)
constrained("generate", epilog=generate.EXAMPLES)(generate.generate)
constrained("continue", epilog=continuation.EXAMPLES)(continuation.continue_)
constrained("edit", epilog=edit.EXAMPLES)(edit.edit)
app.command("perform", epilog=perform.EXAMPLES)(perform.perform)
app.command("render", epilog=render.EXAMPLES)(render.render)
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.inspect)
app.command("caption", epilog=caption.EXAMPLES)(caption.caption)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.add_typer(corpus_app, name="corpus")
corpus_app.command("build", epilog=corpus.EXAMPLES)(corpus.build)
corpus_app.command("stats", epilog=corpus_stats.EXAMPLES)(corpus_stats.stats)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
corpus_app.command("critic", epilog=corpus_critic.EXAMPLES)(corpus_critic.critic)
corpus_app.command("performer")(corpus_performer.performer)
corpus_app.command("profiles", epilog=corpus_profiles.EXAMPLES)(corpus_profiles.profiles)
corpus_app.command("pack", epilog=corpus_pack.PACK_EXAMPLES)(corpus_pack.pack)
corpus_app.command("unpack", epilog=corpus_pack.UNPACK_EXAMPLES)(corpus_pack.unpack)
app.command("train", epilog=train.EXAMPLES)(train.train)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("mcp", epilog=mcp.EXAMPLES)(mcp.mcp)
app.command("validate", epilog=validate.EXAMPLES)(validate.validate)
app.command("benchmark", epilog=benchmark.EXAMPLES)(benchmark.benchmark)
app.add_typer(experiment_app, name="experiment")
experiment.add_experiments(experiment_app)


def run() -> None:
    """The entry point."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # Busy-waiting threads slow everything down when other processes need the cores. The OpenMP
    # runtime reads this when torch loads it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for stream in (sys.stdout, sys.stderr):
        # File and track names may contain characters that the terminal's encoding lacks.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="amadeus")
