"""Private files on the server's disk, and a reserve of disk space."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
from pathlib import Path

_LOG = logging.getLogger(__name__)
RESERVE_BYTES = 8 * 2**20
"""Twice the size of the write-ahead log after storing the largest piece."""
_MARGIN = 2**18
"""Bytes left free for others when the reserve is written."""
_BLOCK = 2**16
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def make_private_folder(folder: Path, content: str) -> None:
    """Create a folder that only its owner can enter, or make an existing one private.

    content: name of a file that identifies a folder of Amadeus. Other folders with files in them
    are left as they are. Raises OSError if the folder cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_shared = folder.stat().st_mode & stat.S_ISVTX  # such as /tmp
    if not is_shared and ((folder / content).exists() or not any(folder.iterdir())):
        make_private(folder, 0o700)


def make_private(path: Path, mode: int = 0o600) -> None:
    """Make a file readable and writable by its owner only, if it exists."""
    try:
        os.chmod(path, mode)
    except FileNotFoundError:
        pass
    except PermissionError:
        _LOG.warning("%s belongs to another user; cannot restrict who can read it", path)


def is_full(error: OSError) -> bool:
    """Whether an error means that a disk, or a user's quota, is full."""
    message = str(error)
    return error.errno in _FULL or any(os.strerror(number) in message for number in _FULL)


class Reserve:
    """A file that reserves disk space, and is deleted when the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path, self._released = path, 0
        make_private(path)

    def fill(self) -> None:
        """Reserve the space again, or as much of it as is available."""
        current = self._size()
        try:
            free = shutil.disk_usage(self._path.parent).free
            # Space that was just released may be taken back without leaving a margin.
            size = min(RESERVE_BYTES, max(current + free - _MARGIN, self._released))
            # Written rather than truncated to length: a sparse file would reserve nothing.
            with open(self._path, "ab", buffering=0, opener=_open_private) as file:
                while file.tell() < size:
                    file.write(bytes(min(_BLOCK, size - file.tell())))
        except OSError:  # less space than the system reported
            if not self._released:
                self.release()

    def release(self) -> bool:
        """Release the space. Returns whether there was any."""
        self._released = self._size()
        self._path.unlink(missing_ok=True)
        return self._released > 0

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
