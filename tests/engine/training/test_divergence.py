"""Loss that is not finite: found, explained, and the last good state kept."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from training_tools import Scripted, config, dataset, events, losses, of, start_from

from engine.controls import Controls, Pause, Step
from engine.data.dataset import Dataset
from engine.data.minibatches import Minibatches
from engine.events import CheckpointSaved, EpochFinished, Event, RunFinished, StepsMeasured
from engine.model.build import build
from engine.training.microscope import replay
from engine.training.run import assemble
from engine.training.seeds import generator
from engine.training.stepper import Snapshot, Stepper


def poisoned(index: int, value: float) -> Dataset:
    data = dataset()
    x = data.x_train.clone()
    x[index, 5] = value
    return dataclasses.replace(data, x_train=x)


def explosion(controls: Controls | None = None, **settings: object) -> list[Event]:
    return events(config(lr=1e6, epochs=20, **settings), controls)


@pytest.mark.fault(23)
@pytest.mark.parametrize("gradients", ["manual", "autograd"])
@pytest.mark.parametrize("activation", ["leaky_relu", "gelu", "softplus"])
def test_a_rate_far_too_large_diverges_and_names_the_cause(activation: str, gradients: str) -> None:
    stream = explosion(activation=activation, gradients=gradients, hidden=(8, 8))
    end = of(RunFinished, stream)[0]
    assert stream[-1] is end
    assert end.outcome == "diverged"
    assert end.detail.startswith(f"step {end.step}: ")
    assert "is the first tensor that is not finite (" in end.detail
    found = losses(stream)
    assert len(found) == end.step
    assert all(map(math.isfinite, found[:-1]))


def test_the_block_keeps_the_vitals_up_to_the_bad_step_only() -> None:
    stream = explosion()
    measured = [s for block in of(StepsMeasured, stream) for s in block.measured_steps]
    assert measured == list(range(1, of(RunFinished, stream)[0].step + 1))


@pytest.mark.fault(23)
@pytest.mark.parametrize(
    ("value", "kind"), [(math.nan, "NaN"), (math.inf, "Inf"), (-math.inf, "Inf")]
)
def test_bad_input_data_is_named_as_such(value: float, kind: str) -> None:
    stream = events(config(batch_size=70), data=poisoned(3, value))
    end = of(RunFinished, stream)[0]
    assert end.outcome == "diverged"
    assert end.step == 1
    assert end.detail.startswith(
        f"step 1: the minibatch's input is the first tensor that is not finite "
        f"({kind} in 1 of 840 entries; largest finite magnitude "
    )
    assert not math.isfinite(losses(stream)[0])


@pytest.mark.fault(23)
def test_an_update_beyond_float32_is_named_though_the_loss_was_finite() -> None:
    data = dataclasses.replace(dataset(), x_train=1e3 * dataset().x_train)
    stream = events(config(lr=1e38, hidden=(), epochs=9), data=data)
    end = of(RunFinished, stream)[0]
    assert end.outcome == "diverged"
    assert end.step == 1
    assert "output.weight after the update is the first tensor" in end.detail
    assert len(losses(stream)) == 1
    assert math.isfinite(losses(stream)[0])
    assert not of(EpochFinished, stream)


@pytest.mark.fault(23)
def test_the_last_good_state_is_saved(tmp_path: Path) -> None:
    stream = explosion(Scripted(directory=tmp_path))
    end = of(RunFinished, stream)[0]
    saved = of(CheckpointSaved, stream)[-1]
    assert saved.step == end.step - 1
    start = start_from(tmp_path)
    parameters = {k: v for k, v in start.tensors.items() if k.startswith("parameters/")}
    assert parameters
    assert all(bool(t.isfinite().all()) for t in parameters.values())
    again = events(config(lr=1e6, epochs=20), Controls(), start)
    assert of(RunFinished, again)[0].detail == end.detail
    assert losses(again)[0] == losses(stream)[-1] or math.isnan(losses(stream)[-1])


def stepper(**settings: object) -> Stepper:
    made = config(**settings)
    data = dataset()
    batches = Minibatches(data, made.batch_size, "cpu", 5)
    inputs = data.x_train[:8]
    net = build(made, 12, 3, generator(0, "initialization"), torch.device("cpu"), inputs)
    return assemble(made, net, batches, 70)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adam"},
        {"momentum": 0.9, "clip_norm": 1.0},
        {"dropout": (0.5,)},
        {"optimizer": "rmsprop", "activation": "silu"},
    ],
    ids=str,
)
def test_a_replay_is_bit_identical(settings: dict[str, object]) -> None:
    machine = stepper(**settings)
    for step in range(1, 5):
        machine.advance(step, 0.1, 0)
    start = Snapshot(machine)
    for slot in range(2):
        machine.advance(5 + slot, 0.1, slot)

    def state() -> list[Tensor]:
        tensors = [*machine.tensors().values(), machine.dropout.get_state()]
        tensors += [*machine.batches.state().values(), machine.meter.read(2)[:, :2]]
        return [t.clone() for t in tensors]

    happened = state()
    assert replay(machine, start, 5, [0.1, 0.1]) is None
    assert all(map(torch.equal, state(), happened))
    start.restore()
    assert not all(map(torch.equal, state(), happened))


def test_the_replay_stops_right_before_the_bad_step() -> None:
    machine = stepper()
    start = Snapshot(machine)
    rates = [0.1, 0.1, math.inf, 0.1]
    for slot, lr in enumerate(rates):
        machine.advance(1 + slot, lr, slot)
    finding = replay(machine, start, 1, rates)
    assert finding is not None
    assert finding.step == 3
    assert "after the update" in finding.what
    here = [t.clone() for t in machine.tensors().values()]
    start.restore()
    machine.advance(1, 0.1, 0)
    machine.advance(2, 0.1, 1)
    assert all(map(torch.equal, machine.tensors().values(), here))


def test_no_step_is_asked_of_a_run_that_diverged_while_paused() -> None:
    script = [Step(count=40)]
    stream = explosion(Scripted(script, first=[Pause()]))
    assert of(RunFinished, stream)[0].outcome == "diverged"
