"""SIGINT, SIGTERM and SIGHUP while a run trains without a screen."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from cli import exits
from engine.controls import Controls, Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHOW_CURSOR = b"\x1b[?25h"


class Interrupts:
    """A context in which the first signal asks the run to stop and a second leaves at once.

    While the run prepares it takes no requests, so `check` (called with each piece of news of the
    preparation) raises KeyboardInterrupt there once a signal has come.
    """

    def __init__(self, controls: Controls) -> None:
        self.came = False
        self._controls = controls
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # under nohup the run is to outlive its terminal
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal has come."""
        if self.came:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            if os.isatty(2):
                with suppress(OSError):  # the terminal may be gone
                    os.write(2, SHOW_CURSOR)  # a progress bar hides it
            os._exit(exits.INTERRUPTED)
        self.came = True
        reason = f"ended by {signal.Signals(number).name}"
        self._controls.request(Stop(interrupted=True, reason=reason))
