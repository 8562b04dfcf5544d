"""The core is compiled with whatever C++ compiler there is, or not at all."""

import importlib.util
import re
import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

import pytest

if sys.platform == "win32":
    pytest.skip("no core is compiled on Windows", allow_module_level=True)

ROOT = Path(__file__).parents[1]


def load():
    """hatch_build.py as a module, with a stand-in for hatchling, which only pip installs."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object
    with patch.dict(sys.modules, {interface.__name__: interface}):
        specification = importlib.util.spec_from_file_location("build", ROOT / "hatch_build.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    return module


build = load()

WORKS = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
echo "$0" > "$2"
"""
FAILS = """#!/bin/sh
echo 'core.cpp:1: note: a note' >&2
echo 'core.cpp:2: error: broken' >&2
exit 1
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "native"
    folder.mkdir()
    (folder / "core.cpp").write_text("int main() {}\n")
    return folder


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs compilers on a path that has nothing else."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.delenv("CXX", raising=False)

    def install(name, script=WORKS):
        (path / name).write_text(script)
        (path / name).chmod(stat.S_IRWXU)
        return path / name

    return install


def makers(cores):
    return {Path(core.read_text().strip()).name for core in cores}


@pytest.mark.parametrize("name", ["c++", "g++", "clang++"])
def test_any_single_compiler_is_found(folder, install, name):
    install(name)
    cores, problem = build.compile_cores(folder)
    assert cores[0] == folder / "core-0.so"
    assert (makers(cores), problem) == ({name}, "")


def test_a_compiler_that_fails_is_passed_over(folder, install):
    install("c++", FAILS)
    install("clang++")
    cores, problem = build.compile_cores(folder)
    assert (makers(cores), problem) == ({"clang++"}, "")


def test_cxx_names_the_compiler_and_its_options(folder, install, monkeypatch):
    install("c++")
    monkeypatch.setenv("CXX", f"{install('mine')} -g")
    cores, _ = build.compile_cores(folder)
    assert makers(cores) == {"mine"}


@pytest.mark.parametrize(
    ("installed", "cxx", "message"),
    [
        ({}, None, "no C\\+\\+ compiler was found, .*; install g\\+\\+ or clang\\+\\+ and install"),
        ({"g++": FAILS}, None, "g\\+\\+ failed \\(core.cpp:2: error: broken\\), .*; install g"),
        ({"c++": WORKS}, "nothing", "nothing failed \\(No such file .*; correct CXX and install"),
    ],
)
def test_without_a_usable_compiler_one_line_names_the_remedy(
    folder, install, monkeypatch, installed, cxx, message
):
    for name, script in installed.items():
        install(name, script)
    if cxx:
        monkeypatch.setenv("CXX", cxx)
    cores, problem = build.compile_cores(folder)
    assert cores == [] == list(folder.glob("*.so"))
    assert "\n" not in problem
    assert re.match(message, problem)


@pytest.mark.parametrize("installed", [True, False])
def test_the_wheel_is_pure_python_unless_it_has_a_core(tmp_path, install, installed):
    (tmp_path / build.FOLDER).mkdir(parents=True)
    if installed:
        install("clang++")
    warnings = []
    hook = build.CustomBuildHook()
    hook.target_name, hook.root = "wheel", str(tmp_path)
    hook.app = SimpleNamespace(display_warning=warnings.append)
    data = {"artifacts": []}
    hook.initialize("standard", data)
    assert ("pure_python" in data, bool(data["artifacts"])) == (installed, installed)
    assert len(warnings) == (0 if installed else 1)
