"""Paths as people type them."""

from __future__ import annotations

import os
from pathlib import Path


def in_home(path: str) -> Path:
    """The path with its ``~`` or ``~user`` replaced, where there is such a user.

    pathlib raises a RuntimeError where there is none.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


def from_anywhere(path: str) -> str:
    """The path as it reads from every directory: absolute, links and ``..`` left as they are."""
    try:
        return str(in_home(path).absolute())
    except OSError:  # the current directory is gone: who opens the path says what is wrong
        return path
