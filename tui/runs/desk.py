"""Work that may take its time, away from the screen: one job after another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from engine.errors import BadInput
from engine.text import clean

Then = Callable[[], None]
Job = Callable[[], Then | None]
"""Runs in the background; what it returns is done on the screen's own thread."""


class Desk:
    """Does jobs on a thread of its own; what came of them is taken in by `poll`.

    A job that raises BadInput or OSError has failed with a sentence; anything else that it raises
    comes out of `poll`. The thread ends with the process, whatever it is at.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Job, Callable[[str], None]] | None] = (
            queue.SimpleQueue()
        )
        self._told: queue.SimpleQueue[Then] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.closed = False

    def ask(self, job: Job, failed: Callable[[str], None]) -> None:
        """Have a job done; `failed` is told on the screen's thread why it was not."""
        self._jobs.put((job, failed))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="runs", daemon=True)
            self._thread.start()

    def tell(self, then: Then) -> None:
        """Have the screen told something before the job at hand is done."""
        self._told.put(then)

    def poll(self) -> bool:
        """Do what the jobs ask to be done on this thread; whether there was anything."""
        any_told = False
        while not self.closed:
            try:
                then = self._told.get_nowait()
            except queue.Empty:
                break
            any_told = True
            then()
        return any_told

    def close(self) -> None:
        """Nobody waits any more: jobs look at `closed` where they are long."""
        self.closed = True
        self._jobs.put(None)

    def _work(self) -> None:
        while not self.closed:
            asked = self._jobs.get()
            if asked is not None:
                self._told.put(done(*asked))


def done(job: Job, failed: Callable[[str], None]) -> Then:
    """Do a job here and now; what is to be done on the screen's thread."""
    try:
        return job() or _nothing
    except (BadInput, OSError) as error:
        why = sentence(error)
        return lambda: failed(why)
    except BaseException as error:
        return _raising(error)


def sentence(error: BadInput | OSError) -> str:
    """What went wrong, fit for one line of a terminal."""
    if isinstance(error, BadInput):
        return clean(str(error), 500)
    place = f": {error.filename}" if error.filename else ""
    return clean(f"{error.strerror or error}{place}", 500)


def _raising(error: BaseException) -> Then:
    def again() -> None:
        raise error

    return again


def _nothing() -> None:
    return None
