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


def run(config: RunConfig, controls: Controls, start: Start | None = None) -> Iterator[Event]:
    """A training run, fresh or from a saved state; see `engine.training.run.train`."""
    from engine.training.run import train  # torch is loaded when a run begins, not by a menu

    return train(config, controls, start)


EXPERIMENT = Experiment(
    "train", "How does a multilayer perceptron learn, layer by layer?", RunConfig, run
)
