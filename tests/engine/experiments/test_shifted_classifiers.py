"""What holds for each of the experiments that put a classifier to the test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.controls import Controls, Pause, Resume, Stop
from engine.events import (
    Advanced,
    BarsChanged,
    ClaimChecked,
    Event,
    GridChanged,
    PicturesShown,
    RunFinished,
    TableChanged,
)
from engine.experiments import named

NAMES = ("label-shift", "concept-shift", "corruptions")
OWN: dict[str, dict[str, Any]] = {
    "label-shift": {"label": 1, "held": 300, "examples": 300, "targets": 20},
    "concept-shift": {"held": 300, "examples": 300, "repeats": 3},
    "corruptions": {"pictures": 400, "repeats": 10},
}


@dataclass(frozen=True)
class Small:
    """An experiment on few and small pictures."""

    name: str
    data: Path

    def settings(self, seed: int = 0) -> Any:
        shared = {"pace": 0.0, "data": str(self.data), "train_examples": 400, "width": 8}
        return named(self.name).config(**shared, seed=seed, **OWN[self.name])

    def events(self, seed: int = 0) -> list[Event]:
        return list(named(self.name).run(self.settings(seed), Controls()))


@pytest.fixture(params=NAMES)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Small:
    rng = np.random.default_rng(0)
    y = np.arange(1800) % 3
    x = rng.random((1800, 8, 8)) * 0.5
    for label in range(3):
        x[y == label, 2 * label : 2 * label + 2] += 0.4
    images = (x * 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("pictures") / "bars.npz"
    np.savez(path, x_train=images[:1200], y_train=y[:1200], x_test=images[1200:], y_test=y[1200:])
    return Small(request.param, path)


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_the_same_seed_gives_the_same_events_and_leaves_the_process_as_it_was(
    small: Small,
) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    kinds = (TableChanged, ClaimChecked, BarsChanged, GridChanged, PicturesShown)
    one, two, other = (
        msgspec.json.encode([e for e in small.events(seed) if isinstance(e, kinds)])
        for seed in (1, 1, 2)
    )
    assert one == two != other
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("tables", [0, 1, 6])
def test_stopped_at_any_time(small: Small, tables: int) -> None:
    controls, events = Controls(), []
    for event in named(small.name).run(small.settings(), controls):
        events.append(event)
        if len(of(TableChanged, events)) >= tables:
            controls.request(Stop())
    last = events[-1]
    assert isinstance(last, RunFinished) and last.outcome == "stopped"
    assert of(ClaimChecked, events) == []


def test_paused_it_holds(small: Small) -> None:
    controls = Controls()
    controls.request(Pause())
    run = named(small.name).run(small.settings(), controls)
    while not isinstance(next(run), Advanced):
        pass
    controls.request(Resume())
    assert of(RunFinished, list(run))[-1].outcome == "completed"
