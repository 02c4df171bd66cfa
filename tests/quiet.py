"""Waiting until an app under a pilot has nothing left to do, and not a moment longer."""

from __future__ import annotations

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable

from textual._context import active_app
from textual.constants import MAX_FPS

SOON = 2.5 / MAX_FPS
"""Seconds: what is due within them is waited for, as a screen's update after a change is. A timer
that has rested goes on at the second of its periods from then, so that this can be up to two."""
PATIENCE = 30.0
"""Seconds after which an app is taken to work without an end."""

Waits = Callable[..., Awaitable[None]]


def until_quiet(otherwise: Waits) -> Waits:
    """A stand-in for Textual's `wait_for_idle`, which sleeps until little processor time is used.

    Nothing is left when the event loop has no callback to run and none that is due soon. Work on
    threads that began since then is nothing that the loop knows of: that is waited for `otherwise`
    first.
    """
    before = {*threading.enumerate()}

    async def quiet(*args: float) -> None:
        if {*threading.enumerate()} - before:
            await otherwise(*args)
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while not _leaving() and (wait := _until_more(loop)) is not None:
            assert loop.time() < end, "the app comes to no rest"
            await asyncio.sleep(wait)

    return quiet


def _leaving() -> bool:
    """Whether the app is about to close; its timers go on, and do nothing."""
    app = active_app.get(None)
    return app is not None and app._exit


def _until_more(loop: AbstractEventLoop) -> float | None:
    """Seconds until the loop has more to do; None where that is not soon."""
    if loop._ready:  # type: ignore[attr-defined]
        return 0.0
    scheduled = loop._scheduled  # type: ignore[attr-defined]
    due = [timer.when() for timer in scheduled if not timer.cancelled()]
    wait = min(due, default=float("inf")) - loop.time()
    return max(wait, 0.0) if wait < SOON else None
