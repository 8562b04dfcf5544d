"""The README must stay true: its tree, its paths, its commands."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from amadeus.cli.main import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def code(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def tree():
    """Paths of the annotated file tree."""
    (text,) = code("text")
    parent = ""
    for line in text.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            parent = name if name.endswith("/") else ""
        yield parent + name if line.startswith(" ") else name


def commands():
    for line in "".join(code("sh")).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["amadeus"]:
            yield words[1:]


def test_every_path_in_the_tree_is_there():
    assert [path for path in tree() if not (ROOT / path).exists()] == []


def test_every_part_of_the_package_is_in_the_tree():
    parts = {path.parent for path in (ROOT / "src/amadeus").glob("*/__init__.py")}
    assert {f"src/amadeus/{part.name}/" for part in parts} <= set(tree())


def test_every_file_it_points_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    paths = [*links, *re.findall(r"`([\w./-]+/[\w./-]+\.\w+)`", README)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_is_one(words):
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("amadeus", words)


def test_every_make_target_is_one():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", "".join(code("sh")), re.MULTILINE):
        assert f"\n{target}:" in makefile


@pytest.mark.slow
def test_the_python_example_composes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = code("python")
    exec(re.sub(r"bars=\d+", "bars=1", text), {})  # shorter, for the sake of time
    assert (tmp_path / "piece.mid").exists()
