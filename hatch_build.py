"""Compiles the core when the package is built or installed, if there is a C++ compiler.

Without a core the package works the same, but PyTorch composes, which is much slower.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/amadeus/native")
COMPILERS = ("c++", "g++", "clang++")
"""Tried in this order, unless the environment variable CXX names another."""
FLAGS = ["-std=c++17", "-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-Wno-psabi"]
INSTRUCTIONS: list[list[str]] = [
    [],
    ["-mavx2", "-mfma", "-mbmi2"],
    ["-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl", "-mavx512vnni",
     "-mavx2", "-mfma", "-mbmi2"],
]  # fmt: skip
"""What a core is compiled for, by its level; `amadeus_instructions` in api.cpp checks for all."""


class CustomBuildHook(BuildHookInterface):
    """Leaves `core-0.so` and, on x86, `core-1.so` and `core-2.so` beside their sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """version: "standard" or "editable"; build_data: describes the wheel, and is changed."""
        if self.target_name != "wheel":
            return
        cores, problem = compile_cores(Path(self.root) / FOLDER)
        if problem:
            self.app.display_warning(problem)
        if cores:
            build_data["pure_python"] = False
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{system}"
            build_data["artifacts"] += [f"/{FOLDER}/{core.name}" for core in cores]


def compile_cores(folder: Path) -> tuple[list[Path], str]:
    """Compile the sources in a folder for every set of instructions.

    Returns the cores of the first compiler that works or, if none does, a line that says why.
    """
    if sys.platform == "win32":
        return [], "the compiled core does not run on Windows, so PyTorch composes, but slower"
    commands = compilers()
    reason = "no C++ compiler was found"
    for command in commands:
        cores, error = compile_with(command, folder)
        if cores:
            return cores, ""
        reason = f"{shlex.join(command)} failed ({error})"
    remedy = "correct CXX" if "CXX" in os.environ else "install g++ or clang++"
    return [], (
        f"{reason}, so PyTorch composes, more than ten times slower; {remedy} and install Amadeus "
        "again"
    )


def compilers() -> list[list[str]]:
    """The commands to try: CXX, which may have options, or every compiler on the path."""
    if os.environ.get("CXX"):
        return [shlex.split(os.environ["CXX"])]
    return [[name] for name in COMPILERS if shutil.which(name)]


def compile_with(compiler: list[str], folder: Path) -> tuple[list[Path], str]:
    """The cores that a compiler makes, and its last error, in one line."""
    sources = sorted(map(str, folder.glob("*.cpp")))
    version = f'-DAMADEUS_SOURCES="{hash_of_sources(folder)}"'
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    cores, problem = [], ""
    for level, instructions in enumerate(INSTRUCTIONS if x86 else INSTRUCTIONS[:1]):
        core = folder / f"core-{level}.so"
        half = core.with_suffix(".half")
        command = [*compiler, *FLAGS, version, *instructions, *sources, "-o", str(half)]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True)
        except OSError as error:
            return [], error.strerror or str(error)
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
            problem = next((line for line in lines if "error" in line), lines[-1])
            continue
        half.replace(core)
        cores.append(core)
    return cores, problem


def hash_of_sources(folder: Path) -> str:
    """A short hash of everything that a core is compiled from; as in `native.library`."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.cpp"), *folder.glob("*.h")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
