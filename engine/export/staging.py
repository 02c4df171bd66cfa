"""Exports that are either whole or not there: made beside their place, then moved into it."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import BadInput
from engine.export.about import ABOUT, listed_files
from engine.export.earlier import Marked, is_earlier, no_file
from engine.store.files import sync_directory
from engine.store.layout import CHECKPOINTS, LOG


@contextmanager
def staged(
    target: Path, *, directory: bool, force: bool, marked: Marked = no_file
) -> Iterator[Path]:
    """A path to write a file at, or an empty directory; in its place once the block is left.

    When the block raises, nothing is left behind and what stood at `target` is untouched. Modes
    are those that the umask gives. With `force` an earlier export is replaced: a file that is
    `marked` as one or empty, or a directory that holds one and nothing else.

    Raises:
        BadInput: when something is there that may not be replaced, or there is no place for it.
        OSError: when it cannot be written.
    """
    check(target, directory=directory, force=force, marked=marked)
    temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        if directory:
            temporary.mkdir()
        yield temporary
        _sync(temporary)
        check(target, directory=directory, force=force, marked=marked)
        _move(temporary, target)
    finally:
        if directory:
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def check(target: Path, *, directory: bool, force: bool, marked: Marked = no_file) -> None:
    """Refuse a place that an export may not take.

    Raises:
        BadInput: saying why, and what to do.
    """
    if target.name in ("", ".."):
        named = os.path.join(target, "run")  # noqa: PTH118 - pathlib leaves out the dot
        raise BadInput(f"--out {target} is a directory: give the export a name in it, as {named}")
    if not target.parent.is_dir():
        raise BadInput(f"--out {target}: there is no directory {target.parent}")
    if not os.path.lexists(target):
        return
    if target.is_symlink():
        raise BadInput(f"--out {target} is a symbolic link: give the place itself")
    if directory and not target.is_dir():
        raise BadInput(f"--out {target} is there and is no directory: give another")
    if not directory and not target.is_file():
        raise BadInput(f"--out {target} is there and is no file: give a file's name")
    if not force:
        raise BadInput(f"{target} exists: give --force to replace it, or another --out")
    if directory and (strange := _strange(target)):
        raise BadInput(
            f"{target} holds {strange!r}, which no export has put there: --force replaces "
            "earlier exports alone; give another --out"
        )
    if not (directory or is_earlier(target, marked)):
        raise BadInput(
            f"{target} is no earlier export of this form, and --force replaces nothing else: "
            "give another --out"
        )


def keep_out(target: Path, runs: Path) -> None:
    """Refuse a place in the record of a run, whichever way leads there.

    Raises:
        BadInput: naming the run.
    """
    home, place = Path(os.path.realpath(runs)), Path(os.path.realpath(target))
    if not place.is_relative_to(home) or place == home:
        return
    record = home / place.relative_to(home).parts[0]
    if any((record / name).exists() for name in (LOG, CHECKPOINTS)):
        raise BadInput(
            f"--out {target} lies in the record of run {record.name}: give a place outside of it"
        )


def _strange(directory: Path) -> str:
    """The name of something in `directory` that is not of an export; "" when there is nothing."""
    known = {*listed_files(directory), ABOUT}
    there = sorted(path.name for path in directory.iterdir())
    return next((name for name in there if name not in known), "")


def _sync(made: Path) -> None:
    """A disk may say only now that it has no room."""
    for path in sorted(made.iterdir()) if made.is_dir() else [made]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _move(temporary: Path, target: Path) -> None:
    if not (target.is_dir() and temporary.is_dir()):
        temporary.replace(target)
    else:
        aside = temporary.with_suffix(".old")
        target.rename(aside)
        try:
            temporary.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside)
    with suppress(OSError):  # some file systems cannot; the files themselves are synced
        sync_directory(target.parent)


def explained(error: OSError) -> str:
    """Why an export could not be written or a record not be read, in a few words."""
    where = f" ({error.filename})" if error.filename and error.errno != errno.ENOSPC else ""
    return f"{error.strerror or error}{where}"
