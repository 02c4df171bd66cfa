"""Loading what takes long beside the control socket."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable


class Loader:
    """Loads torch on a thread, so that the socket is served and the first run is quick."""

    def __init__(self, load: Callable[[], object]) -> None:
        self._load = load
        self._thread = threading.Thread(target=self._work, name="loader", daemon=True)
        self._thread.start()

    def loading(self) -> bool:
        """Whether it is not there yet."""
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._load()
        except ImportError as error:  # the first run fails with it, too, and tells
            sys.stderr.write(f"{error}\n")
