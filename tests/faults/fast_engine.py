"""The fake engine at full speed: as many events as the record takes.

With FAST_ENGINE_ROOM its files may have so many bytes, until it gets SIGUSR1.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "engine"


def limit(room: int) -> None:
    """Have this process's files fill up at `room` bytes."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def lift(*_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    signal.signal(signal.SIGUSR1, lift)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))


if __name__ == "__main__":
    sys.path.insert(0, str(ENGINE))
    import fake_engine

    from engine.host.__main__ import leave, main

    fake_engine.PAUSE = 0.0
    if "FAST_ENGINE_ROOM" in os.environ:
        limit(int(os.environ["FAST_ENGINE_ROOM"]))
    leave(main(None, fake_engine.EXPERIMENTS, load=int))
