"""Mutated MIDI files: each is read and made into everything, or refused in one line.

`AMADEUS_MUTANTS=50000 python -m pytest -m slow tests/fuzz` tries more of them, for about an hour.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import mutant, parse

NUM_MUTANTS = int(os.environ.get("AMADEUS_MUTANTS", "2000"))
NUM_PROCESSES = 2
FOLDER = Path(__file__).parent


def test_a_file_is_taken_apart_and_put_together_again(fixtures):
    for path in sorted(fixtures.glob("*.mid")):
        data = path.read_bytes()
        assert b"".join(chunk.encoded() for chunk in parse(data)) == data


def test_a_seed_makes_the_same_mutant_again(fixtures):
    data = (fixtures / "game_band.mid").read_bytes()
    mutants = [mutant(data, seed) for seed in range(100)]
    assert mutants == [mutant(data, seed) for seed in range(100)]
    assert len(set(mutants)) > 95


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarm signals")
def test_mutants_become_music_or_are_refused_in_one_line(tmp_path):
    running = []
    for number in range(NUM_PROCESSES):
        folder = tmp_path / str(number)
        folder.mkdir()
        arguments = map(str, (folder, number, NUM_MUTANTS, NUM_PROCESSES))
        command = [sys.executable, FOLDER / "endure.py", *arguments]
        running.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
    failures = []
    for folder, process in running:
        said, _ = process.communicate()
        failures += [json.loads(line) for line in said.splitlines()]
        if process.returncode:
            last = (folder / "seed").read_text()
            failures.append({"seed": int(last), "said": f"ended with {process.returncode}"})
    assert not failures, "\n".join(f"seed {one['seed']}:\n{one['said']}" for one in failures[:9])
