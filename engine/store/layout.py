"""Where runs lie: a directory of runs, and in it one directory for each, named by its id."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

import platformdirs

from engine.errors import BadInput
from engine.paths import in_home
from engine.store.files import make_private

LOG = "events.jsonl"
HEAD = "run.json"
END = "end.jsonl"
ABOUT = "about.json"
SUMMARY = "summary.json"
CHECKPOINTS = "checkpoints"
VARIABLE = "MLP_TUI_RUNS"
_WRITABLE = "a directory that can be written"
_RUN_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")


def runs_directory() -> Path:
    """The directory of runs: MLP_TUI_RUNS, else the platform's place for state.

    It may be missing, which is as good as empty, or full, or read-only: that matters to who
    begins a record, and to nobody who reads, stops or deletes one.

    Raises:
        BadInput: when it is no directory, cannot be read, or is not this user's own.
    """
    path = _place()
    try:
        _check_own(path)
        os.scandir(path).close()
    except FileNotFoundError:
        return path
    except OSError as error:
        raise _unusable(path, f": {error.strerror}", "another") from error
    return path


def writable_runs_directory() -> Path:
    """The directory of runs for who is about to begin a record. Made if missing.

    Raises:
        BadInput: when it cannot be made or written, or is not this user's own.
    """
    path = _place()
    try:
        make_private(path)
        _check_own(path)
    except OSError as error:
        raise _unusable(path, f": {error.strerror}", _WRITABLE) from error
    try:
        # Permissions promise what a full disk or a kernel's own file system does not keep.
        Path(tempfile.mkdtemp(prefix=".probe-", dir=path)).rmdir()
    except OSError as error:
        reason = f" cannot be written: {error.strerror}"
        raise _unusable(path, reason, _WRITABLE) from error
    return path


def _place() -> Path:
    given = os.environ.get(VARIABLE, "")
    if given:
        return in_home(given).absolute()
    return platformdirs.user_state_path("mlp-tui", appauthor=False) / "runs"


def _check_own(path: Path) -> None:
    owner = path.stat().st_uid
    if owner != os.getuid():
        whose = f" belongs to another user (uid {owner})"
        why = f"{whose}, who could put anything in the place of a run"
        raise _unusable(path, why, "one of your own")


def _unusable(path: Path, why: str, instead: str) -> BadInput:
    return BadInput(
        f"the directory of runs {path}{why}; give --runs-dir or set {VARIABLE} to {instead}"
    )


def run_directory(runs: Path, run_id: str) -> Path:
    """The directory of a run, whether or not it exists.

    Raises:
        BadInput: when that cannot be a run's id (so that no name leads out of `runs`).
    """
    if not _RUN_ID.fullmatch(run_id):
        raise BadInput(
            f"{run_id!r} is not a run's id: lower-case letters, digits and -, at most 64"
        )
    return runs / run_id


def is_own(directory: Path) -> bool:
    """Whether it is a real directory of this user: a link may lead anywhere."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
