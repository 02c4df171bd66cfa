"""What an experiment is: the same record serves the catalogue, the command line and the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.controls import Controls
from engine.events import Event

Run = Callable[[Any, Controls], Iterator[Event]]


@dataclass(frozen=True)
class Experiment:
    """A question, its settings and the generator that answers it.

    `run(config, controls)` first prepares (whatever it needs may raise `BadInput` here, before
    anything is recorded), then yields `RunStarted` (its `run_id` is filled in by the session) and
    ends by yielding one `RunFinished`. Between two steps it takes what `controls` holds.
    """

    name: str
    question: str
    config: type[msgspec.Struct]
    run: Run
