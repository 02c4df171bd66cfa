"""Signals end the dashboard in order, with the terminal as it was found."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

INTERRUPTED = 130
HUNG_UP = 128 + signal.SIGHUP
_PATIENCE = 5.0


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Have `leave(exit code)` called on the running loop for SIGINT, SIGTERM and SIGHUP.

    After a hang-up the terminal may be gone, and writing to it may fail or hang: when the
    process is still there after five seconds, it is ended without further ceremony.
    """
    loop = asyncio.get_running_loop()

    def hang_up() -> None:
        last_resort = threading.Timer(_PATIENCE, os._exit, (HUNG_UP,))
        last_resort.daemon = True
        last_resort.start()
        leave(HUNG_UP)

    loop.add_signal_handler(signal.SIGINT, leave, INTERRUPTED)
    loop.add_signal_handler(signal.SIGTERM, leave, INTERRUPTED)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def can_be_continued() -> bool:
    """Whether a shell with job control started this program and would notice that it stops.

    Such a shell is in the same session and has given its child a process group of its own;
    without one (``ssh host mlp-tui``) a program that stops is stopped for good.
    """
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except OSError:  # the parent is gone
        return False


def writes_waiting(app: object) -> int:
    """How many writes the terminal has not taken yet; 0 where that cannot be told.

    Textual's driver hands its writes to a thread over a queue that blocks the whole screen when
    it is full. The queue is Textual's own business, so this is the one place that looks at it.
    """
    writer = getattr(getattr(app, "_driver", None), "_writer_thread", None)
    queue = getattr(writer, "_queue", None)
    return queue.qsize() if queue is not None else 0
