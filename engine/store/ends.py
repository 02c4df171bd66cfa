"""The first word of a run and its last, without reading what lies between."""

from __future__ import annotations

import os
from pathlib import Path

from engine.events import AnyEvent, RunFinished, RunStarted, decode
from engine.store.files import open_plain
from engine.store.lines import unframed
from engine.store.reader import Follower

_TAIL = 64 << 10  # bytes, many times what the end of a run takes


def first_word(log: Path) -> RunStarted | None:
    """The event that a run began with; None where it cannot be read.

    Raises:
        OSError: when the log cannot be opened.
    """
    found: list[AnyEvent] = []
    with Follower(log) as follower:
        while not (found or follower.caught_up):
            found = follower.drain(0.0)
    first = found[0] if found else None
    return first if isinstance(first, RunStarted) else None


def last_word(log: Path) -> RunFinished | None:
    """The event that a run ended with; None where its last whole line is another.

    Raises:
        OSError: when the log cannot be opened.
    """
    descriptor = open_plain(log)
    try:
        size = os.fstat(descriptor).st_size
        lines = os.pread(descriptor, _TAIL, max(0, size - _TAIL)).split(b"\n")
    finally:
        os.close(descriptor)
    try:
        last = decode(unframed(lines[-2] if len(lines) > 1 else b"") or b"")
    except (ValueError, RecursionError):
        return None
    return last if isinstance(last, RunFinished) else None
