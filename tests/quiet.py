"""Waiting until an app under a pilot has nothing left to do, and not a moment longer."""

from __future__ import annotations

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable

SOON = 0.02
"""Seconds: what is due within them is waited for, as a screen's update after a change is."""
PATIENCE = 1.0

Waits = Callable[..., Awaitable[None]]


def until_quiet(otherwise: Waits) -> Waits:
    """A stand-in for Textual's `wait_for_idle`, which sleeps until little processor time is used.

    Nothing is left when the event loop has no callback to run and none that is due soon. Work on
    threads that began since then is nothing that the loop knows of: that is waited for `otherwise`.
    """
    before = {*threading.enumerate()}

    async def quiet(*args: float) -> None:
        if {*threading.enumerate()} - before:
            await otherwise(*args)
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while (wait := _until_more(loop)) is not None and loop.time() < end:
            await asyncio.sleep(wait)

    return quiet


def _until_more(loop: AbstractEventLoop) -> float | None:
    """Seconds until the loop has more to do; None where that is not soon."""
    if loop._ready:  # type: ignore[attr-defined]
        return 0.0
    scheduled = loop._scheduled  # type: ignore[attr-defined]
    due = [timer.when() for timer in scheduled if not timer.cancelled()]
    wait = min(due, default=float("inf")) - loop.time()
    return max(wait, 0.0) if wait < SOON else None
