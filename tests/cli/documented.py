"""The examples in the README and in the help."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def code(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands_in(text):
    """The words of every line that begins with "amadeus", as far as they are arguments."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("amadeus "):
            yield shlex.split(re.split(r"  \(| [|>] ", line)[0], comments=True)[1:]


def examples(command):
    """Those in the help of a command and of all below it."""
    help_text = command.epilog or ""
    yield from commands_in(help_text.partition("[bold]Examples[/bold]")[2])
    for below in getattr(command, "commands", {}).values():
        yield from examples(below)
