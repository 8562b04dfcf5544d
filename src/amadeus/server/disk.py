"""Files on the server's disk: private to their owner, and room kept back for when it is full."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
from pathlib import Path

_LOG = logging.getLogger(__name__)
RESERVE_BYTES = 8 * 2**20
"""Twice as much as the write-ahead log grows to with the largest piece."""
_MARGIN = 2**18
"""Left to others when the reserve is written."""
_BLOCK = 2**16
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def make_private_folder(folder: Path, content: str) -> None:
    """Make a folder that only its owner can enter, or make an existing one so.

    content: name of a file that the folder of ours has. Other folders with files in them are left
    as they are, since they may serve others. Raises OSError for a folder that cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_shared = folder.stat().st_mode & stat.S_ISVTX  # such as /tmp
    if not is_shared and ((folder / content).exists() or not any(folder.iterdir())):
        make_private(folder, 0o700)


def make_private(path: Path, mode: int = 0o600) -> None:
    """Let only the owner read and write a file, if it exists."""
    try:
        os.chmod(path, mode)
    except FileNotFoundError:
        pass
    except PermissionError:
        _LOG.warning("%s belongs to another user, who decides who can read it", path)


def is_full(error: OSError) -> bool:
    """Whether an error says that a disk, or a user's share of it, is full."""
    said = str(error)
    return error.errno in _FULL or any(os.strerror(number) in said for number in _FULL)


class Reserve:
    """A file that takes up room on the disk, which is given up when there is no other."""

    def __init__(self, path: Path) -> None:
        self._path, self._released = path, 0
        make_private(path)

    def fill(self) -> None:
        """Take up the room again, as much of it as there is."""
        held = self._size()
        try:
            free = shutil.disk_usage(self._path.parent).free
            # What was ours before is ours again, whatever that leaves to others.
            size = min(RESERVE_BYTES, max(held + free - _MARGIN, self._released))
            # Written rather than made longer, which would take up no room.
            with open(self._path, "ab", buffering=0, opener=_open_private) as file:
                while file.tell() < size:
                    file.write(bytes(min(_BLOCK, size - file.tell())))
        except OSError:  # there is less room than the disk said
            if not self._released:
                self.release()

    def release(self) -> bool:
        """Give the room up. Returns whether there was any."""
        self._released = self._size()
        self._path.unlink(missing_ok=True)
        return self._released > 0

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
