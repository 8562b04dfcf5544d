"""Music and broken files in any number, made from a seed."""

import shutil

import numpy as np

from amadeus.music.midi import write_midi
from amadeus.music.score import Score, Tempo, Track, make_notes

HEADER = b"MThd\0\0\0\6\0\1\0\1\1\xe0"
SILENT = HEADER + b"MTrk\0\0\0\4\0\xff\x2f\0"


def invent(seed, num_notes=96, programs=(0, 33), bpm=120.0):
    """A piece of random steps in eighth notes; no two seeds have a tune in common."""
    rng = np.random.default_rng(seed)
    tracks = []
    for program in programs:
        pitches = 60 + np.cumsum(rng.integers(-4, 5, num_notes)) % 24
        notes = [(6 * i, 6, int(pitch), 80) for i, pitch in enumerate(pitches)]
        tracks.append(Track(program, make_notes(notes)))
    return Score(ticks_per_quarter=12, tracks=tuple(tracks), tempos=(Tempo(0, bpm),))


def write_music(folder, count, seed=0):
    """Different pieces as files; returns their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"piece{number:05d}.mid" for number in range(count)]
    for number, path in enumerate(paths):
        write_midi(invent((seed, number)), path)
    return paths


def cut_off(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def no_midi(path):
    path.write_bytes(b"RIFF" + path.read_bytes()[4:])


def wrong_header_length(path):
    data = path.read_bytes()
    path.write_bytes(data[:4] + (10**6).to_bytes(4, "big") + data[8:])


def zero_division(path):
    data = path.read_bytes()
    path.write_bytes(data[:12] + b"\0\0" + data[14:])


def smpte_division(path):
    data = path.read_bytes()
    path.write_bytes(data[:12] + b"\xe7\x00" + data[14:])  # frames of no ticks


def silent(path):
    path.write_bytes(SILENT)


def a_folder(path):
    path.unlink()
    path.mkdir()


def noise_in_the_middle(path):
    data = path.read_bytes()
    middle = data.index(b"MTrk", 20) + 8
    noise = b"\xff" * 100
    path.write_bytes(data[:middle] + noise + data[middle + len(noise) :])


def giant_delta_times(path):
    """Two notes that are years apart."""
    wait = b"\xff\xff\xff\x7f"
    notes = (b"\0\x90\x3c\x50" + wait + b"\x80\x3c\0") * 40 + b"\0\xff\x2f\0"
    path.write_bytes(HEADER + b"MTrk" + len(notes).to_bytes(4, "big") + notes)


def dangling(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere.mid"))


REASONS = {
    cut_off: "is damaged or cut off",
    empty: "is empty",
    no_midi: "is not a MIDI file",
    wrong_header_length: "is damaged or cut off",
    zero_division: "has no ticks per quarter note",
    smpte_division: "has no ticks per quarter note",
    silent: "has no notes",
    a_folder: "is a folder",
    noise_in_the_middle: "is damaged or cut off",
    giant_delta_times: "has notes beyond N^N ticks",
    dangling: "no such file",
}
"""Ways to break a MIDI file, and what is said of it then."""


def break_files(paths):
    """Break files, each in the next way; returns how often each reason is to be expected."""
    expected = {}
    for number, path in enumerate(paths):
        way = list(REASONS)[number % len(REASONS)]
        way(path)
        expected[REASONS[way]] = expected.get(REASONS[way], 0) + 1
    return expected


def contents(folder):
    """The files of a folder that a build decides the bytes of."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def copy_all(paths, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        shutil.copy(path, folder)
    return folder
