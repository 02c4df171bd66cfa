"""The data set that was used last, kept for the next run of this process."""

from __future__ import annotations

import contextlib

import torch

from engine.config import RunConfig
from engine.controls import Report
from engine.data import names
from engine.data.dataset import Dataset
from engine.data.sources import load
from engine.paths import in_home


class Shelf:
    """Holds one data set on its device, so that the next run on it begins at once."""

    def __init__(self) -> None:
        self._key: object = None
        self._dataset: Dataset | None = None

    def load(
        self,
        config: RunConfig,
        device: torch.device,
        report: Report,
        *,
        at_most: bool = False,
    ) -> Dataset:
        """The data that `config` names, on `device`; `at_most` so many examples, where that is set.

        Raises:
            BadInput: as `engine.data.sources.load`.
        """
        key = _key(config, device), at_most
        if self._dataset is None or key != self._key:
            self._dataset = None  # room for the next one
            self._dataset = load(config, report, at_most=at_most).to(device)
            self._key = key
        return self._dataset


def _key(config: RunConfig, device: torch.device) -> object:
    """What decides the data: a file by its size and time, ``auto`` by what is there now."""
    name = names.resolve(config.data)
    stamp: object = None
    if name == names.AUTO:
        stamp = names.available(names.FASHION_MNIST.name, config.data_dir)
    elif name not in names.NAMED:
        with contextlib.suppress(OSError, ValueError):  # whoever reads it says what is wrong
            status = in_home(name).stat()
            stamp = (status.st_mtime_ns, status.st_size)
    return (
        name,
        stamp,
        config.data_dir,
        config.label_column,
        config.train_examples,
        config.seed if config.train_examples or name.lower().endswith(".csv") else 0,
        device,
    )
