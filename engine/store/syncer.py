"""Making a growing file durable about once a second without holding up its writer."""

from __future__ import annotations

import os
import threading

INTERVAL = 1.0
# fsync alone where fdatasync is missing (macOS)
_sync = getattr(os, "fdatasync", os.fsync)


class Syncer:
    """A thread that calls fdatasync on a descriptor while there is something new in the file.

    An error is kept for `check`, and nothing is synced after it: the kernel has dropped the pages
    by then, so that a second try would succeed and mean nothing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dirty = threading.Event()
        self._ending = threading.Event()
        self._error: OSError | None = None
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="syncer", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Hand over what went wrong, once.

        Raises:
            OSError: when a sync has failed since the last call.
        """
        error, self._error = self._error, None
        if error:
            raise error

    def written(self) -> None:
        """Something was appended; it is durable within about a second."""
        self._dirty.set()

    def sync(self) -> None:
        """Make everything written so far durable now."""
        self._dirty.clear()
        if self._failed:
            return
        try:
            _sync(self._descriptor)
        except OSError as error:
            self._failed = True
            self._error = error

    def close(self) -> None:
        """Sync once more and end the thread; the descriptor stays open.

        Raises:
            OSError: when a sync has failed since the last `check`.
        """
        self._ending.set()
        self._dirty.set()
        self._thread.join()
        self.sync()
        self.check()

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL):
            self._dirty.wait()
            if not self._ending.is_set():
                self.sync()
