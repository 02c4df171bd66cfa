"""Small networks and data sets, and runs of them, for the tests of training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Generator, Tensor

from engine.config import RunConfig
from engine.controls import AnyControl, Controls, Report
from engine.data.dataset import Dataset, make_dataset
from engine.events import Event, StepsMeasured
from engine.model.concise import ConciseNetwork
from engine.model.network import Network
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS
from engine.store.checkpoint import Start, load
from engine.training.run import train
from engine.training.shelf import Shelf

E = TypeVar("E", bound=Event)
FEATURES, CLASSES = 12, 3


def dataset(examples: int = 70, seed: int = 0) -> Dataset:
    """Three noisy clusters; 70 examples make batches of 32, 32 and 6."""
    generator = Generator().manual_seed(seed)
    centres = torch.randn(CLASSES, FEATURES, generator=generator)
    y = torch.arange(examples + 30) % CLASSES
    x = centres[y] + 0.5 * torch.randn(len(y), FEATURES, generator=generator)
    return make_dataset(
        "clusters",
        (x[:examples], y[:examples], x[examples:], y[examples:]),
        classes=("a", "b", "c"),
        source="drawn by a test",
    )


class Given(Shelf):
    """A shelf that holds what it was given."""

    def __init__(self, data: Dataset) -> None:
        super().__init__()
        self._given = data

    def load(self, config: RunConfig, device: torch.device, report: Report) -> Dataset:
        return self._given


class Scripted(Controls):
    """Requests by script: `at[step]` arrive at the boundary after that step, `paused` one by one
    whenever the run waits without a limit."""

    def __init__(
        self,
        paused: Iterable[AnyControl] = (),
        first: Sequence[AnyControl] = (),
        directory: Path | None = None,
    ) -> None:
        super().__init__()
        self.directory = directory
        self._paused = iter(paused)
        for control in first:
            self.request(control)

    def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
        if timeout is None:
            self.request(next(self._paused))
        return super().take(0.0)


def config(**settings: object) -> RunConfig:
    """A small net on CPU, quick to train."""
    base: dict[str, object] = {
        "hidden": (8,),
        "init": "he",
        "batch_size": 32,
        "epochs": 2,
        "device": "cpu",
        "measure_every": 1,
    }
    return RunConfig(**{**base, **settings})  # type: ignore[arg-type]


def events(
    settings: RunConfig,
    controls: Controls | None = None,
    start: Start | None = None,
    data: Dataset | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> list[Event]:
    """A whole run. Time stands still unless a clock is given, so blocks end with the epoch."""
    shelf = Given(data or dataset())
    return list(train(settings, controls or Controls(), start, shelf, clock))


def of(kind: type[E], stream: Iterable[Event]) -> list[E]:
    """The events of one kind."""
    return [event for event in stream if isinstance(event, kind)]


def losses(stream: Iterable[Event]) -> list[float]:
    """Every step's loss."""
    return [loss for block in of(StepsMeasured, stream) for loss in block.loss]


def start_from(directory: Path) -> Start:
    """The last checkpoint that a run has left in `directory`."""
    from engine.events import CheckpointSaved

    steps = {int(p.stem.split("-")[1]): p for p in (directory / "checkpoints").iterdir()}
    step, path = max(steps.items())
    import hashlib

    saved = CheckpointSaved(
        step=step,
        file=f"checkpoints/{path.name}",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return Start("before", *load(directory, saved), saved.step)


def network(
    implementation: str = "scratch",
    activation: str = "tanh",
    hidden: Sequence[int] = (5,),
    dtype: torch.dtype = torch.float64,
    dropout: float = 0.0,
) -> Network:
    """A network with weights and biases from N(0, ½)."""
    generator = Generator().manual_seed(1)
    widths = [FEATURES, *hidden, CLASSES]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [0.5 * torch.randn(s, generator=generator, dtype=dtype) for s in shapes]
    biases = [0.5 * torch.randn(s[0], generator=generator, dtype=dtype) for s in shapes]
    kind = ConciseNetwork if implementation == "concise" else ScratchNetwork
    rates = (dropout,) * len(hidden)
    return kind(weights, biases, ACTIVATIONS[activation], rates, torch.device("cpu"))


def minibatch(batch: int = 9, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Inputs [batch, features] and labels [batch]."""
    generator = Generator().manual_seed(2)
    x = torch.randn(batch, FEATURES, generator=generator, dtype=dtype)
    return x, torch.randint(CLASSES, (batch,), generator=generator)
