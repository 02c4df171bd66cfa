"""A socket that nobody but this user can reach."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from pathlib import Path

from engine.errors import BadInput

LOG = "engine.log"
"""The name, beside the socket, of the file that the engine's output goes to."""
_BACKLOG = 128
"""Connections that may wait while the loop is busy; one more is refused at once."""


def listen(path: Path) -> socket.socket:
    """A listening unix socket, mode 0600, in a directory that only this user can enter.

    The directory is made when it is missing; a socket that nobody serves any more is replaced.

    Raises:
        BadInput: when the directory is open to others, or the socket is served or cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(path.parent)
        if is_stale(path):
            path.unlink()
        return _bound(path)
    except OSError as error:
        raise BadInput(f"the control socket {path}: {error.strerror or error}") from error


def clear(path: Path) -> None:
    """Remove a socket, with its directory when nothing but an empty log is left in it."""
    path.unlink(missing_ok=True)
    log = path.with_name(LOG)
    with contextlib.suppress(OSError):  # it holds something, or is not ours to remove
        if log.stat().st_size == 0:
            log.unlink()
        path.parent.rmdir()


def is_own(connection: socket.socket) -> bool:
    """Whether the process at the other end belongs to this user, as the kernel tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the mode of the directory has to do
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", packed)[1]
    return uid == os.getuid()


def check_private(directory: Path) -> None:
    """Make sure that nobody but this user can enter a directory.

    Raises:
        BadInput: when others can, or it is no directory.
        OSError: when there is none.
    """
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise BadInput(
            f"the control socket's directory {directory} must be this user's own, with mode 0700"
        )


def is_stale(path: Path) -> bool:
    """Whether there is a socket, and nobody answers at it.

    Raises:
        OSError: when that cannot be told.
    """
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener
