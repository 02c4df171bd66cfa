"""Directories for what is under way, which a later process can tell from those of the dead."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".fetching-"


@contextlib.contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """A new directory in `directory`, locked while in use and removed afterwards.

    Those that nobody uses any more, because their process was killed, are removed first. Where
    `directory` had to be made and nothing came into it, it is removed again.

    Raises:
        OSError: when `directory` cannot be made or written.
    """
    with contextlib.ExitStack() as held:
        held.callback(_remove_empty, _missing(directory))
        directory.mkdir(parents=True, exist_ok=True)
        with _opened(directory) as whole:
            _lock(whole)  # between its making and its lock, nobody may take ours for a dead one
            _remove_dead(directory)
            made = Path(tempfile.mkdtemp(dir=directory, prefix=PREFIX))
            held.callback(shutil.rmtree, made, ignore_errors=True)
            _lock(held.enter_context(_opened(made)))
        yield made


def _missing(directory: Path) -> list[Path]:
    """What has to be made for `directory` to be there, the innermost first."""
    return [path for path in (directory, *directory.parents) if not os.path.lexists(path)]


def _remove_empty(made: list[Path]) -> None:
    with contextlib.suppress(OSError):  # what is in use stays, and so does what it lies in
        for directory in made:
            directory.rmdir()


def _remove_dead(directory: Path) -> None:
    for found in directory.glob(f"{PREFIX}*"):
        try:
            with _opened(found) as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(found, ignore_errors=True)
        except OSError:
            continue  # in use, or not ours to remove


def _lock(handle: int) -> None:
    with contextlib.suppress(OSError):  # without locks on this file system, none is found dead
        fcntl.flock(handle, fcntl.LOCK_EX)


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield handle
    finally:
        os.close(handle)
