"""One update after another, and the whole state that they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from engine.model.network import Network
from engine.telemetry.vitals import Vitals
from engine.training.gradients import Gradients, Passed, Watch, named
from engine.training.objective import Meter
from engine.training.optimizers import Optimizer


class Batches(Protocol):
    """An endless stream of minibatches whose position can be saved."""

    steps_per_epoch: int

    def next(self) -> tuple[Tensor, Tensor]: ...

    def state(self) -> dict[str, Tensor]: ...

    def load_state(self, state: dict[str, Tensor]) -> None: ...


@dataclass(eq=False)
class Stepper:
    """The order of one step: minibatch, forward and backward, vitals, update."""

    network: Network
    batches: Batches
    gradients: Gradients
    optimizer: Optimizer
    dropout: Generator
    meter: Meter
    vitals: Vitals

    def __post_init__(self) -> None:
        network = self.network
        self.parameters = named(network, network.weights, network.biases, network.slopes)
        self._last: tuple[Tensor, Tensor] | None = None

    def advance(
        self, step: int, lr: float, slot: int, *, measure: bool = False, watch: Watch | None = None
    ) -> int:
        """Make update `step` with rate `lr`, its loss going to the meter's `slot`.

        Returns the number of examples. Telemetry only reads: the numbers are the same with and
        without it. `watch` sees every tensor in the order of computation.
        """
        x, y = self._last = self.batches.next()
        if watch:
            watch("the minibatch's input", x)
            self._show_parameters("{} before the update", watch)
        passed = self.gradients.compute(x, y, slot, watch)
        if measure:
            buffers = self.gradients.buffers
            self.vitals.before(
                step, (buffers.weights, buffers.biases), (passed.pre, passed.post, passed.delta)
            )
            if self.optimizer.proportional:
                self.vitals.update_is(lr)
                measure = False
            else:
                self.vitals.remember()
        self.optimizer.step(lr)
        if measure:
            self.vitals.update_is_difference()
        if watch:
            self._show_parameters("{} after the update", watch)
        return len(y)

    def probe(self) -> Passed:
        """Forward and backward on the last minibatch (before the first step: on the first one)
        with the parameters as they are, changing nothing but the gradient buffers."""
        position = None
        if self._last is None:
            position = self.batches.state()
            self._last = self.batches.next()
        masks = self.dropout.get_state()
        passed = self.gradients.compute(*self._last, self.meter.probe)
        self.dropout.set_state(masks)
        if position is not None:
            self.batches.load_state(position)
            self._last = None
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """The state on the device by name; reading and writing these is reading and writing it."""
        return {
            **{f"parameters/{name}": tensor for name, tensor in self.parameters.items()},
            **{f"optimizer/{name}": tensor for name, tensor in self.optimizer.state.items()},
        }

    def _show_parameters(self, phrase: str, watch: Watch) -> None:
        for name, tensor in self.parameters.items():
            watch(phrase.format(name), tensor)


class Snapshot:
    """A copy of a stepper's whole state, in memory that is allocated once."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._live = list(stepper.tensors().values())
        self._copies = [torch.empty_like(tensor) for tensor in self._live]
        self.take()

    def take(self) -> None:
        """Remember the state as it is now."""
        torch._foreach_copy_(self._copies, self._live)
        self._batches = self._stepper.batches.state()
        self._dropout = self._stepper.dropout.get_state()

    def restore(self) -> None:
        """Put the stepper back to where it was at the last `take`."""
        torch._foreach_copy_(self._live, self._copies)
        self._stepper.batches.load_state(self._batches)
        self._stepper.dropout.set_state(self._dropout)
