"""How every reader says that a file cannot be used."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import NoReturn

from engine.errors import BadInput
from engine.text import clean

ROOM = 2 << 30  # bytes that one user's file may take up in memory


def refuse(path: Path, what: str) -> NoReturn:
    """Raise `BadInput` with the file's name before `what`, both fit for a terminal."""
    raise BadInput(f"{clean(str(path), 300)} {clean(what, 500)}")


def check_regular(path: Path) -> int:
    """The file's size in bytes.

    Raises:
        BadInput: when it does not exist, is a directory or device, or cannot be looked at.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        refuse(path, f"does not exist{_beginning(path)}: give the path of a .npz or .csv file")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        refuse(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if S_ISDIR(status.st_mode):
        refuse(path, "is a directory: give the path of a .npz or .csv file")
    if not S_ISREG(status.st_mode):
        refuse(path, "is not a regular file")
    return status.st_size


def _beginning(path: Path) -> str:
    """Where a relative path begins: a record may have been made in another directory."""
    if path.is_absolute():
        return ""
    try:
        return f" in the current directory, {Path.cwd()}"
    except OSError:
        return " in the current directory, which is gone"
