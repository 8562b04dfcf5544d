"""What is written is there whole, on disk and readable by others; what is read is a file."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from amadeus import files
from amadeus.files import (
    move_folder,
    read_regular,
    temporary_folder,
    write_atomically,
    write_bytes,
    write_text,
)

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and signals as on Unix")


@pytest.fixture(autouse=True)
def _forget_cleaned_folders():
    files._remove_leftovers.cache_clear()


@contextmanager
def umask(value):
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def write_privately(path):
    """Writes as libraries do that move a private file of theirs into place."""
    own = path.with_suffix(".own")
    os.close(os.open(own, os.O_CREAT | os.O_WRONLY, 0o600))
    own.write_text("new")
    os.replace(own, path)


@POSIX
@pytest.mark.parametrize("write", [lambda path: path.write_text("new"), write_privately])
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_mode_follows_the_umask(tmp_path, write, mask, mode):
    with umask(mask):
        write_atomically(tmp_path / "file", write)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@POSIX
def test_file_and_folder_are_flushed_in_this_order(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace

    def record(kind, inode):
        events.append((kind, inode))

    monkeypatch.setattr(
        os, "fsync", lambda fd: (record("flush", os.fstat(fd).st_ino), fsync(fd))[1]
    )
    monkeypatch.setattr(
        os, "replace", lambda a, b: (record("move", os.stat(a).st_ino), replace(a, b))[1]
    )
    write_text(tmp_path / "file", "new")
    file, folder = (tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino
    assert events == [("flush", file), ("move", file), ("flush", folder)]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    write_text(tmp_path / "file", "old")
    with pytest.raises(OSError, match="No space left") as error:
        write_atomically(tmp_path / "file", fail)
    assert error.value.filename == str(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("place", ["nowhere/file", "file/inside"])
def test_a_folder_that_is_not_there_is_named_by_the_file(tmp_path, place):
    write_text(tmp_path / "file", "new")
    with pytest.raises(OSError) as error:  # noqa: PT011  # each system has its own words
        write_text(tmp_path / place, "new")
    assert error.value.filename == str(tmp_path / place)


@POSIX
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "music")
    assert os.read(reader, 10) == b"music"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


KILLED = """
import os, signal, sys
from pathlib import Path
from amadeus.files import temporary_folder, write_atomically

def die(path):
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "inside").write_text("half")
    write_atomically(Path(sys.argv[1]) / "file", die)
"""


@POSIX
def test_the_next_run_removes_what_a_killed_one_left(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = list(tmp_path.iterdir())
    assert len(left) == 2
    write_text(tmp_path / "another", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["another"]


def leftover(folder, machine=None, pid=None, age_seconds=0.0):
    path = folder / f".amadeus-{machine or files._machine()}-{pid or os.getpid()}-0123abcd.tmp"
    path.write_text("half")
    os.utime(path, (time.time() - age_seconds,) * 2)
    return path


@POSIX
def test_only_leftovers_are_removed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        running = leftover(tmp_path, pid=process.pid)
        elsewhere = leftover(tmp_path, machine="00000000", pid=1)
        others = [tmp_path / ".amadeus-notes.tmp", tmp_path / ".file.1.tmp"]
        for path in others:
            path.write_text("mine")
            os.utime(path, (0, 0))
        write_text(tmp_path / "file", "new")
        assert {*tmp_path.iterdir()} == {running, elsewhere, *others, tmp_path / "file"}
        process.communicate(b"\n")


def test_after_a_day_any_leftover_is_removed(tmp_path):
    day = 24 * 60 * 60
    young = leftover(tmp_path, machine="00000000", age_seconds=day - 600)
    leftover(tmp_path, machine="00000001", age_seconds=day + 600)
    write_text(tmp_path / "file", "new")
    assert {*tmp_path.iterdir()} == {young, tmp_path / "file"}


def test_a_temporary_folder_is_removed_whatever_happens(tmp_path):
    def fail():
        with temporary_folder(tmp_path) as folder:
            (folder / "file").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


@POSIX
def test_a_folder_is_flushed_before_it_is_moved(tmp_path, monkeypatch):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "file").write_text("x")
    inodes = {p.stat().st_ino for p in (tmp_path / "a", *(tmp_path / "a").rglob("*"))}
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda fd: flushed.append(os.fstat(fd).st_ino))
    move_folder(tmp_path / "a", tmp_path / "b")
    assert set(flushed) == inodes | {tmp_path.stat().st_ino}
    assert (tmp_path / "b" / "deep" / "file").read_text() == "x"


@POSIX
@pytest.mark.parametrize("name", ["pipe", "folder", "loop", "device", "a\0b", "none"])
def test_only_regular_files_are_read(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device").symlink_to("/dev/zero")
    with pytest.raises(OSError, match=r"regular|folder|links|name|No such"):
        read_regular(tmp_path / name, 10)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = Path(tmp_path / "file")
    path.write_bytes(b"x" * 2**20)
    assert len(read_regular(path, 2**20)) == 2**20
    with pytest.raises(OSError, match=r"is larger than 0\.5 MiB"):
        read_regular(path, 2**19)


def test_a_new_file_replaces_no_other(tmp_path):
    path = tmp_path / "new"
    write_atomically(path, lambda p: p.write_text("first"), is_new=True)
    with pytest.raises(FileExistsError):
        write_atomically(path, lambda p: p.write_text("second"), is_new=True)
    assert path.read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_a_new_file_is_whole_without_hard_links_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "new"
    write_atomically(path, lambda p: p.write_text("first"), is_new=True)
    with pytest.raises(FileExistsError):
        write_atomically(path, lambda p: p.write_text("second"), is_new=True)
    assert path.read_text() == "first"


def test_text_is_written_byte_for_byte_in_utf_8(tmp_path):
    write_text(tmp_path / "text", "é\r\n\n")
    assert (tmp_path / "text").read_bytes() == b"\xc3\xa9\r\n\n"
    with pytest.raises(FileExistsError):
        write_bytes(tmp_path / "text", b"", is_new=True)
