"""What the kernel says of a process, and engines that are looked after."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

from engine.engine_process import EngineProcess
from engine.host.memory import give_back

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def share_one_heap() -> None:
    """Have the threads to come allocate from the main heap (glibc; elsewhere nothing happens).

    Each thread that loads bad input would get an arena of its own, whose free top is never given
    back to the system.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def resident(pid: int) -> int:
    """Bytes of memory in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def held_here() -> int:
    """Bytes of memory in use by this process, when it has given back what is free.

    It looks on, but it also makes the undisturbed runs and eats the bad input, 8 MiB at a time,
    each of which would be a process of its own: the holes that they leave are nobody's growth.
    """
    give_back()
    return resident(os.getpid())


def open_files(pid: int) -> int:
    """How many descriptors are open."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208


def alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


class Engines:
    """The engines that were launched here: nobody else's are touched, and none is left."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._launched: dict[int, EngineProcess] = {}

    def launch(self) -> EngineProcess:
        """One more, which loads while something else is done."""
        engine = EngineProcess(self._runs)
        self._launched[engine.pid] = engine
        return engine

    def kill(self, engine: EngineProcess) -> None:
        """At once, as the kernel does when memory runs out."""
        os.kill(self._own(engine), signal.SIGKILL)

    def terminate(self, engine: EngineProcess) -> None:
        """As a machine that shuts down does."""
        os.kill(self._own(engine), signal.SIGTERM)

    def bury(self, engine: EngineProcess) -> bool:
        """Close what is left of one; whether it had ended by itself."""
        ended = not alive(engine.pid)
        engine.close()
        self._launched.pop(engine.pid, None)
        return ended

    def close(self) -> int:
        """End all; how many processes are alive after that."""
        launched = list(self._launched.values())
        for engine in launched:
            self.bury(engine)
        return sum(alive(engine.pid) for engine in launched)

    def _own(self, engine: EngineProcess) -> int:
        """Its process id, which nobody else can have before it is buried."""
        if engine.pid not in self._launched:
            raise LookupError(f"process {engine.pid} is not ours")
        return engine.pid
