"""What killed engines have left behind: rooms with a socket that nobody serves."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BadInput
from engine.host.private import check_private, clear, is_stale

ROOM = "mlp-tui-"
"""How the name of a directory begins that is made for one engine and its socket."""


@contextlib.contextmanager
def occupied(room: Path) -> Iterator[None]:
    """While this lasts, and the process lives, nobody sweeps the room. It is made when missing.

    Raises:
        BadInput: when it cannot be made, or is open to others.
    """
    try:
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(room)
        descriptor = _opened(room)
    except OSError as error:
        raise BadInput(f"the control socket's directory {room}: {error.strerror}") from error
    try:
        with contextlib.suppress(OSError):  # where there are no locks, nothing is swept either
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def sweep(socket: Path) -> None:
    """Clear the rooms beside that of `socket` whose engines are dead; a log with words stays."""
    for other in socket.parent.parent.glob(f"{ROOM}*"):
        # It is not this user's, or occupied, or gone by now: nothing is to be done about it.
        with contextlib.suppress(OSError, BadInput):
            check_private(other)
            _clear_dead(other / socket.name)


def _clear_dead(socket: Path) -> None:
    """Both must tell that nobody is there: the lock, and the socket itself."""
    room = _opened(socket.parent)
    try:
        fcntl.flock(room, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_stale(socket):
            clear(socket)
    finally:
        os.close(room)


def _opened(room: Path) -> int:
    return os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
