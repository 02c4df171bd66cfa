"""What comes over a link: waited for, and held against what a whole run tells."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TypeVar, get_args
from weakref import WeakKeyDictionary

from engine.engine_process import EngineProcess
from engine.events import (
    AnyEvent,
    RunFinished,
    RunStarted,
)
from engine.link import News, RunLink

PATIENCE = 20.0
PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_engine.py")))
T = TypeVar("T")


def launch(runs: Path) -> EngineProcess:
    return EngineProcess(runs, PROGRAM)


def until(link: RunLink, kind: type[T], *, after: list[News] | None = None) -> T:
    """The next news of a kind; all that came before it, and it, is added to `after`.

    What came together with it is kept for the next call.
    """
    kept = _kept.setdefault(link, deque())
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        kept.extend(link.drain())
        while kept:
            item = kept.popleft()
            if after is not None:
                after.append(item)
            if isinstance(item, kind):
                return item
        threading.Event().wait(0.005)
    raise AssertionError(f"no {kind.__name__} came")


_kept: WeakKeyDictionary[RunLink, deque[News]] = WeakKeyDictionary()


def events(news: list[News]) -> list[AnyEvent]:
    return [item for item in news if isinstance(item, get_args(AnyEvent))]


def check_whole(run: list[AnyEvent]) -> None:
    """A run's events: the start first, the end last, no number left out."""
    assert [event.seq for event in run] == list(range(len(run)))
    assert isinstance(run[0], RunStarted)
    assert isinstance(run[-1], RunFinished)
