"""The terminal's driver, with changes of the window's size taken in one after another."""

from __future__ import annotations

import asyncio
import signal

from textual.drivers.linux_driver import LinuxDriver


class OrderlyDriver(LinuxDriver):
    """Textual's driver, whose handler of SIGWINCH cannot be interrupted by itself.

    Textual reads the window's size in the signal's own handler. A second change can interrupt it
    between reading and telling, so that the older size is told last, and stays. Called by the
    event loop instead, each handler ends before the next begins.
    """

    def start_application_mode(self) -> None:
        """Take the terminal, as at the start and again after a suspension."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        handler = signal.getsignal(signal.SIGWINCH)
        if callable(handler):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGWINCH, handler, signal.SIGWINCH, None)
