"""Which file is an earlier export: the only kind that a new one may take the place of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.events import decode
from engine.store.files import open_plain

Marked = Callable[[bytes], bool]
"""Tells by the first bytes of a file, at most `ENOUGH`, whether it is an export of some form."""
ENOUGH = 1 << 20
GENERATOR = '<meta name="generator" content="mlp-tui">'
"""What a page says of its maker."""


def is_earlier(path: Path, marked: Marked) -> bool:
    """Whether a file is an export, or empty: either way nobody's work is lost with it."""
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            start = file.read(ENOUGH)
    except OSError:  # nobody knows what it is
        return False
    return not start or marked(start)


def no_file(start: bytes) -> bool:
    """For forms that are directories: no file is one of these."""
    return False


def json_lines(start: bytes) -> bool:
    """Events one a line. A run's own log is none: its lines have checksums."""
    try:
        decode(start.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return True


def svg(start: bytes) -> bool:
    """A picture of the screen, with the title that it has."""
    return start.startswith(b'<svg class="rich-terminal"') and b">mlp-tui:" in start


def html(start: bytes) -> bool:
    """A page that says who made it."""
    return start.startswith(b"<!DOCTYPE html>") and GENERATOR.encode() in start
