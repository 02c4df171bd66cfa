"""Passes over the test set as contestants: the evaluation of an epoch, and all predictions."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.contestant import Prepared, Work
from benchmarks.ours import config
from engine.data.dataset import Dataset
from engine.data.minibatches import evaluation_batches
from engine.data.sources import load
from engine.events import encode
from engine.model.build import build
from engine.model.network import Network
from engine.telemetry.predictions import Predictions
from engine.training import numerics
from engine.training.evaluation import evaluate
from engine.training.seeds import generator


def evaluation(work: Work) -> Prepared:
    """Test loss and accuracy, as after every epoch."""

    def passing(network: Network, dataset: Dataset) -> Callable[[], object]:
        return lambda: evaluate(network, evaluation_batches(dataset, "test", "cpu"))

    return _prepared(work, passing)


def predictions(work: Work) -> Prepared:
    """The predictions with their pictures, as a line of the record."""

    def passing(network: Network, dataset: Dataset) -> Callable[[], object]:
        told = Predictions(network, dataset)
        return lambda: encode(told.measure(0))

    return _prepared(work, passing)


def _prepared(work: Work, passing: Callable[[Network, Dataset], Callable[[], object]]) -> Prepared:
    settings, device = config(work, init="he"), torch.device("cpu")
    dataset = load(settings)
    widths = dataset.info.features, len(dataset.info.classes)
    inputs = dataset.x_train[: work.batch_size].float()
    network = build(settings, *widths, generator(0, "initialization"), device, inputs)
    once = passing(network, dataset)

    def epoch() -> float:
        with numerics.applied(settings, device):
            began = time.perf_counter()
            once()
            return time.perf_counter() - began

    return Prepared(epoch)
