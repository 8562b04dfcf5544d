"""Compiles the core when the package is built or installed, where there is a C++ compiler.

Without one, or where it fails, the package is the same but for its speed: torch does the composing.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/amadeus/native")
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
        """version: "standard" or "editable"; build_data: told what the wheel holds."""
        if self.target_name != "wheel":
            return
        cores = compile_cores(Path(self.root) / FOLDER)
        if cores:
            build_data["pure_python"] = False
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{system}"
            build_data["artifacts"] += [f"/{FOLDER}/{core.name}" for core in cores]
        else:
            self.app.display_warning("no core was compiled: composing will be slower, in torch")


def compile_cores(folder: Path) -> list[Path]:
    """Compile the sources in a folder for every set of instructions. Returns what came of it."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or ""
    if not compiler or sys.platform == "win32":
        return []
    sources = sorted(map(str, folder.glob("*.cpp")))
    version = f'-DAMADEUS_SOURCES="{hash_of_sources(folder)}"'
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    cores = []
    for level, instructions in enumerate(INSTRUCTIONS if x86 else INSTRUCTIONS[:1]):
        core = folder / f"core-{level}.so"
        half = core.with_suffix(".half")
        command = [*compiler.split(), *FLAGS, version, *instructions, *sources, "-o", str(half)]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{core.name}: {error}\n{getattr(error, 'stderr', '')}", file=sys.stderr)
            continue
        half.replace(core)
        cores.append(core)
    return cores


def hash_of_sources(folder: Path) -> str:
    """What a core is compiled from, in short; `native.library` has the same function."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.cpp"), *folder.glob("*.h")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
