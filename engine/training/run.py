"""A training run from its settings to its last event."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from importlib import metadata

import msgspec
import torch
from torch import Tensor

from engine.config import RunConfig
from engine.controls import Controls
from engine.data.dataset import Dataset, thinned
from engine.data.minibatches import Minibatches, evaluation_batches
from engine.events import Event, Noted, RunStarted
from engine.model.build import build, describe
from engine.model.network import Network
from engine.store.checkpoint import Start
from engine.telemetry.predictions import Predictions
from engine.telemetry.vitals import Vitals
from engine.training import going_on, numerics, optimizers
from engine.training.autograd import AutogradGradients
from engine.training.epochs import EvaluationBatches
from engine.training.evaluation import MOST_EVALUATED
from engine.training.gradients import Gradients, choose
from engine.training.manual import ManualGradients
from engine.training.objective import Meter
from engine.training.seeds import derived, generator
from engine.training.shelf import Shelf
from engine.training.stepper import Batches, Stepper
from engine.training.stopwatch import Clock
from engine.training.trainer import Plan, Trainer
from engine.training.unused import unused

_WAYS = {
    "manual": "gradients by the hand-written backward pass",
    "autograd": "gradients by autograd",
}


def train(
    config: RunConfig,
    controls: Controls,
    start: Start | None,
    shelf: Shelf,
    clock: Clock = time.perf_counter,
) -> Iterator[Event]:
    """Train a network; `start` is the saved state of a run to go on from.

    `config.epochs` counts the epochs after `start`; an epoch that it left unfinished is finished
    first. Where `start` asks to resume, the saved run's own settings and plan count instead.
    `shelf` holds data between runs. This thread's torch settings are the run's own until the
    generator ends.

    Raises:
        BadInput: before the first event, when something cannot be used.
    """
    config, threads = going_on.settings(config, start)
    device = numerics.resolve_device(config.device)
    with numerics.applied(config, device, threads) as chosen:
        dataset = shelf.load(config, device, controls.report)
        batches = Minibatches(dataset, config.batch_size, device, derived(config.seed, "shuffling"))
        network = build(
            config,
            dataset.info.features,
            len(dataset.info.classes),
            generator(config.seed, "initialization"),
            device,
            _first_inputs(batches),
        )
        stepper = assemble(config, network, batches, dataset.info.train_examples)
        chosen["gradients"] = stepper.gradients.way
        if not (threads or config.threads) and device.type == "cpu":
            chosen["threads"] = numerics.choose_threads(stepper.probe, os.cpu_count() or 1)
        about = {**_versions(), **numerics.circumstances(device), "gradients": chosen["gradients"]}
        begun = going_on.beginning(config, stepper, start, dataset.info.digest, about)
        per_epoch = batches.steps_per_epoch
        yield RunStarted(
            run_id="",
            experiment="train",
            config=msgspec.to_builtins(config),
            layers=describe(network, config),
            dataset=dataset.info,
            device=numerics.device_name(device),
            versions=_versions(),
            numerics=chosen,
            steps_per_epoch=per_epoch,
            total_steps=begun.steered.epochs * per_epoch,
            first_step=begun.progress.step,
            continues=start.run_id if start else "",
        )
        products = f"float32 products by {chosen['matmul']}"
        yield Noted(text=f"{products}; {_WAYS[chosen['gradients']]}")
        yield from begun.notes
        for text in unused(config):
            yield Noted(text=text, level="warning")
        plan = Plan(
            config=config,
            stepper=stepper,
            test_batches=lambda: evaluation_batches(dataset, "test", device),
            train_batches=_without_dropout(network, dataset, device),
            predictions=Predictions(network, dataset, device),
            progress=begun.progress,
            steered=begun.steered,
            digest=dataset.info.digest,
            circumstances=about,
        )
        yield from Trainer(plan, controls, clock).events()


def assemble(config: RunConfig, network: Network, batches: Batches, examples: int) -> Stepper:
    """Everything one step needs, around a network and its minibatches of so many examples.

    Raises:
        BadInput: when manual gradients were asked for and do not apply.
    """
    like = network.biases[0]
    dropout = generator(config.seed, "dropout", str(like.device))
    meter = Meter(min(config.batch_size, examples), like)
    gradients: Gradients
    if choose(config, network) == "manual":
        gradients = ManualGradients(network, meter)
    else:
        gradients = AutogradGradients(network, meter, dropout)
    optimizer = optimizers.build(config, network, gradients.buffers)
    vitals = Vitals(network, meter.slots)
    return Stepper(network, batches, gradients, optimizer, dropout, meter, vitals)


def _first_inputs(batches: Batches) -> Tensor:
    """A copy of the first minibatch's inputs, for initializers that look at data."""
    position = batches.state()
    inputs = batches.next()[0].clone()
    batches.load_state(position)
    return inputs


def _without_dropout(
    network: Network, dataset: Dataset, device: torch.device
) -> EvaluationBatches | None:
    """Training examples to evaluate in eval mode, where that differs from train mode."""
    if not any(p > 0 for p in network.dropout):
        return None
    some = thinned(dataset, MOST_EVALUATED)
    return lambda: evaluation_batches(some, "train", device)


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "mlp-tui": _own_version(),
    }


def _own_version() -> str:
    try:
        return metadata.version("mlp-tui")
    except metadata.PackageNotFoundError:
        return "from its source directory"
