"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

TEMPORARY = ".tmp"
MOST = 64 << 20
"""Bytes that a file beside a log may have: what is larger was not written by this program."""


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` (mode 0600) so that a crash leaves the old file or the new one.

    Written beside it, synced, renamed over it, and the directory synced.

    Raises:
        OSError: when the data cannot be written; what stood at `path` is untouched.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    temporary.unlink(missing_ok=True)  # a leftover, or a link that somebody put in the way
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def open_plain(path: Path) -> int:
    """A descriptor that reads a plain file. Opening a pipe that nobody writes does not wait.

    Raises:
        OSError: when it cannot be opened, or is a symbolic link or anything else.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return descriptor


def read_plain(path: Path, most: int = MOST) -> bytes:
    """What a file holds.

    Raises:
        OSError: when it cannot be read, is no plain file, or has more than `most` bytes.
    """
    with os.fdopen(open_plain(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read()


def make_private(path: Path) -> None:
    """Make a directory, and those above it that are missing, for this user alone.

    Whatever the umask says, nobody else gets into what is made here. What is there already is
    left as it is.

    Raises:
        OSError: when one cannot be made.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):  # somebody else was quicker
            each.mkdir(mode=0o700)
    if missing and not missing[0].is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(missing[0]))


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable.

    Raises:
        OSError: when it cannot be synced.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
