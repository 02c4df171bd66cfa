"""Where races are held: the data set, the device and the product kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from engine.config import RunConfig
from engine.controls import Report
from engine.errors import BadInput
from engine.lab.entrants import Entrant
from engine.lab.race import Race, Rules
from engine.lab.race_settings import TogetherSettings
from engine.training import numerics
from engine.training.shelf import Shelf


class Grounds:
    """Keeps the data set that was used last for the next race of this process."""

    def __init__(self) -> None:
        self._shelf = Shelf()

    @contextmanager
    def opened(
        self, config: TogetherSettings, entrants: Sequence[Entrant], report: Report
    ) -> Iterator[Race]:
        """All nets at their start; this thread's torch settings are the race's until it ends.

        Raises:
            BadInput: when the data cannot be had, or the nets cannot be made.
        """
        source = RunConfig(
            data=config.data,
            data_dir=config.data_dir,
            train_examples=config.train_examples,
            seed=config.seed,
        )
        rules = Rules(
            width=config.width,
            lr=config.lr,
            batch_size=config.batch_size,
            epochs=config.epochs,
            seed=config.seed,
            test_examples=config.test_examples,
        )
        device = numerics.resolve_device(config.device)
        with numerics.applied(source, device), torch.no_grad():
            dataset = self._shelf.load(source, device, report, at_most=True)
            if len(dataset.info.classes) < 2:
                raise BadInput(
                    f"{dataset.info.name} has one class, which leaves nothing to learn: take a "
                    "data set of two classes or more"
                )
            yield Race(entrants, rules, dataset, device)
