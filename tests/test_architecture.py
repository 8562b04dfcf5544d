"""docs/architecture.md and CONTRIBUTING.md agree with the code."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "amadeus"
PAGES = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"]


def arrows():
    """The arrows of the diagram, by the package at their tail."""
    page = PAGES[0].read_text(encoding="utf-8")
    found = defaultdict(set)
    for tail, head in re.findall(r"^ +(\w+) --> (\w+)$", page, re.MULTILINE):
        found[tail].add(head)
    return found


def imported(path):
    """The modules that a file imports, in full; imports inside functions count as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports():
    """The packages and single modules that each one imports; `amadeus` itself is left out."""
    found = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts not in (("__init__",), ("__main__",)):
            names = (name.split(".")[:2] for name in imported(path) if name.startswith("amadeus."))
            found[parts[0]] |= {name for _, name in names} - {parts[0]}
    return found


def below(arrows, package):
    """All packages that can be reached from one."""
    reached, waiting = set(), [package]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def test_imports_follow_the_arrows():
    diagram = arrows()
    against = {name: heads - below(diagram, name) for name, heads in imports().items()}
    assert {name: heads for name, heads in against.items() if heads} == {}


def test_arrows_are_imports_and_have_no_cycle():
    diagram, code = arrows(), imports()
    assert {t: heads - code[t] for t, heads in diagram.items() if heads - code[t]} == {}
    assert [package for package in diagram if package in below(diagram, package)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`([\w./-]+\.(?:py|js|cpp|h|md|yaml|json|npz|toml))`", text)
    links = re.findall(r"\]\(([^)#:]+)", text)
    paths = [ROOT / name for name in named], [page.parent / link for link in links]
    missing = [str(p) for group in paths for p in group if not p.exists()]
    assert [p for p in missing if not (PACKAGE / Path(p).relative_to(ROOT)).exists()] == []
