"""The README and the other pages agree with the code: file tree, paths, commands, examples."""

import re

import pytest
import typer
from documented import README, ROOT, code, commands_in, examples

from amadeus.cli.main import app

DOCS = sorted((ROOT / "docs").glob("*.md"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def tree():
    """Paths of the annotated file tree in docs/architecture.md."""
    (text,) = code("text", ARCHITECTURE)
    parent = ""
    for line in text.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            parent = name if name.endswith("/") else ""
        yield parent + name if line.startswith(" ") else name


def commands():
    pages = [README, CONTRIBUTING, *(page.read_text(encoding="utf-8") for page in DOCS)]
    for page in pages:
        yield from commands_in("".join(code("(?:sh|bash)", page)))
        for cell in re.findall(r"^\|.*\| `(amadeus .*?)` \|$", page, re.MULTILINE):
            yield from commands_in(cell)


def test_every_path_in_the_tree_is_there():
    assert [path for path in tree() if not (ROOT / path).exists()] == []


def test_every_part_of_the_package_is_in_the_tree():
    parts = {path.parent for path in (ROOT / "src/amadeus").glob("*/__init__.py")}
    assert {f"src/amadeus/{part.name}/" for part in parts} <= set(tree())


def test_every_file_it_points_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    paths = [*links, *re.findall(r"`([\w./-]+/[\w./-]+\.\w+)`", README)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


ALL = {" ".join(words): words for words in (*commands(), *examples(typer.main.get_command(app)))}


@pytest.mark.parametrize("words", ALL.values(), ids=ALL)
def test_every_command_is_one(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts" / "part-*").mkdir(parents=True)  # no shell is here to know better
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("amadeus", words)


def test_every_make_target_is_one():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    examples = "".join(code("sh") + code("sh", CONTRIBUTING))
    for target in re.findall(r"^make (\w+)", examples, re.MULTILINE):
        assert f"\n{target}:" in makefile


@pytest.mark.slow
def test_the_python_example_composes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = code("python")
    exec(re.sub(r"bars=\d+", "bars=1", text), {})  # shorter, for the sake of time
    assert (tmp_path / "piece.mid").exists()
