"""Train the chapter's MLP and watch it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.controls import Controls
from engine.events import Event
from engine.experiments.contract import Experiment

if TYPE_CHECKING:
    from engine.store.checkpoint import Start
    from engine.training.shelf import Shelf


class Training:
    """Training runs of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None

    def __call__(
        self, config: RunConfig, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """A training run, fresh or from a saved state; see `engine.training.run.train`."""
        # torch is loaded when a run begins, not by a menu
        from engine.training.run import train
        from engine.training.shelf import Shelf

        self._shelf = self._shelf or Shelf()
        yield from train(config, controls, start, self._shelf)


EXPERIMENT = Experiment(
    name="train",
    question="How does a multilayer perceptron learn, layer by layer?",
    config=RunConfig,
    run=Training(),
    shows="the dashboard: loss, accuracy and every layer's vitals while it trains",
    lasts="seconds to hours, as many epochs as you like",
)
