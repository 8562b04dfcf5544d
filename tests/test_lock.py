"""constraints.txt fixes every version that is installed; `make lock` writes it."""

import os
import re
import sys
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = [Requirement(line.partition("#")[0]) for line in LOCK.splitlines() if line[0] != "#"]


def locked():
    """Versions on this machine, by name."""
    here = (pin for pin in PINS if pin.marker is None or pin.marker.evaluate())
    return {canonicalize_name(pin.name): Version(str(pin.specifier)[2:]) for pin in here}


def installed():
    """Versions of what `make test` installs, and of all that this needs, by name."""
    versions = {}
    left = [Requirement(one) for one in PROJECT["project"]["dependencies"]]
    left += [Requirement(one) for one in PROJECT["dependency-groups"]["dev"]]
    left.append(Requirement("pip"))
    seen = set()
    while left:
        requirement = left.pop()
        extras = requirement.extras or {""}
        name = canonicalize_name(requirement.name)
        if (name, *sorted(extras)) in seen:
            continue
        seen.add((name, *sorted(extras)))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        versions[name] = Version(found.version)
        for one in map(Requirement, found.requires or ()):
            if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in extras):
                left.append(one)
    return versions


@pytest.mark.skipif("AMADEUS_LATEST" in os.environ, reason="the newest releases are installed")
def test_the_versions_installed_are_those_of_the_lock():
    pins = locked()
    found = {name: version.public for name, version in installed().items()}
    assert found == {name: pins[name].public if name in pins else None for name in found}


def test_every_requirement_is_locked_to_a_version_that_it_allows():
    pins = defaultdict(list)
    for pin in PINS:
        pins[canonicalize_name(pin.name)].append(Version(str(pin.specifier)[2:]))
    groups = [
        PROJECT["build-system"]["requires"],
        PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    for requirement in map(Requirement, chain(*groups)):
        if requirement.name == PROJECT["project"]["name"]:
            continue  # an extra that includes another
        versions = pins[canonicalize_name(requirement.name)]
        assert versions, f"{requirement.name} is not locked; run: make lock"
        assert all(version in requirement.specifier for version in versions), requirement


def test_the_lock_names_no_index():
    assert not re.search(r"://|^\s*-|@", LOCK, re.MULTILINE)
