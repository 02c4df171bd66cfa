"""Where runs lie: a directory of runs, and in it one directory for each, named by its id."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

import platformdirs

from engine.errors import BadInput
from engine.store.files import in_home, make_private

LOG = "events.jsonl"
HEAD = "run.json"
END = "end.jsonl"
ABOUT = "about.json"
SUMMARY = "summary.json"
CHECKPOINTS = "checkpoints"
VARIABLE = "MLP_TUI_RUNS"
_RUN_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")


def runs_directory() -> Path:
    """The directory of runs: MLP_TUI_RUNS, else the platform's place for state. Made if missing.

    Raises:
        BadInput: when it cannot be made or written, or is not this user's own.
    """
    given = os.environ.get(VARIABLE, "")
    path = (
        in_home(given).absolute()
        if given
        else platformdirs.user_state_path("mlp-tui", appauthor=False) / "runs"
    )
    hint = f"give --runs-dir or set {VARIABLE} to a directory that can be written"
    try:
        make_private(path)
        owner = path.stat().st_uid
    except OSError as error:
        raise BadInput(f"the directory of runs {path}: {error.strerror}; {hint}") from error
    if owner != os.getuid():
        raise BadInput(
            f"the directory of runs {path} belongs to another user (uid {owner}), who could put "
            f"anything in the place of a run; {hint}, of your own"
        )
    try:
        # Permissions promise what a full disk or a kernel's own file system does not keep.
        Path(tempfile.mkdtemp(prefix=".probe-", dir=path)).rmdir()
    except OSError as error:
        reason = f"cannot be written: {error.strerror}"
        raise BadInput(f"the directory of runs {path} {reason}; {hint}") from error
    return path


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
