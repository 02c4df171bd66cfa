"""What an experiment is: the same record serves the catalogue, the command line and the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from engine.controls import Controls
from engine.events import Event

if TYPE_CHECKING:
    from engine.store.checkpoint import Start


class Run(Protocol):
    """The generator of an experiment; its config is of the experiment's own class.

    `start` is a saved state to go on from; an experiment without one refuses it as `BadInput`.
    """

    def __call__(
        self, config: Any, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]: ...


@dataclass(frozen=True)
class Experiment:
    """A question, its settings and the generator that answers it.

    `run(config, controls, start)` first prepares (whatever it needs may raise `BadInput` here,
    before anything is recorded), then yields `RunStarted` (its `run_id` is filled in by the
    session) and ends by yielding one `RunFinished`. Between two steps it takes what `controls`
    holds.
    """

    name: str
    question: str
    config: type[msgspec.Struct]
    run: Run
