"""Recorded runs that were never recorded, and a shelf that holds them; jobs are done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import synthetic_run

from engine.config import RunConfig
from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.store.catalogue import About, Entry, linked
from engine.store.summary import Summary
from tui.run_view import RunView, fold
from tui.runs.desk import Desk, Job, done
from tui.runs.shelf import Reading, listed

NOW = 1_760_100_000.0
PLACE = Path("/state/mlp-tui/runs")
KINDS = {experiment.name: experiment.config for experiment in EXPERIMENTS}


def entry(  # noqa: PLR0913
    run_id: str = "20251009-085320-3f9a1c",
    state: str = "completed",
    *,
    experiment: str = "train",
    label: str = "",
    note: str = "",
    ago: float = 3600.0,
    size: int = 1_250_000,
    summary: dict[str, Any] | None = None,
    **config: Any,
) -> Entry:
    """A run as the catalogue tells it; what is not a setting goes into `summary`."""
    kind = KINDS[experiment]
    training = experiment == "train"
    told = Summary(
        run_id=run_id,
        experiment=experiment,
        config=msgspec.to_builtins(kind(**config)),
        data="fashion-mnist" if training else "",
        device="cpu",
        versions={"torch": "2.15.0", "mlp-tui": "0.1.0"},
        started=NOW - ago,
        step=2350,
        steps_per_epoch=235 if training else 0,
        total_steps=2350,
        epoch=10 if training else 0,
        best_accuracy=0.846 if training else None,
        best_loss=0.4392 if training else None,
        best_epoch=9 if training else 0,
        claims=0 if training else 6,
        held=0 if training else 5,
        outcome="" if state in ("running", "paused", "crashed") else state,
        detail="10 epochs: train loss 0.384, test accuracy 84.6 %" if training else "",
    )
    for name, value in (summary or {}).items():
        setattr(told, name, value)
    return Entry(
        run_id=run_id,
        directory=PLACE / run_id,
        state=state,
        live=state in ("running", "paused"),
        summary=told,
        about=About(label, note),
        size=size,
    )


def several() -> list[Entry]:
    """Runs of every kind, the newest first."""
    return linked(
        [
            entry("20251009-120000-aaaaaa", "running", ago=90, init="he", summary={"epoch": 3}),
            entry(
                "20251009-110000-bbbbbb", label="deep tanh", activation="tanh", hidden=(256,) * 6
            ),
            entry(
                "20251009-100000-cccccc",
                "diverged",
                ago=7200,
                lr=1e9,
                summary={
                    "epoch": 0,
                    "step": 4,
                    "best_accuracy": None,
                    "best_loss": None,
                    "detail": "the loss is NaN at step 4; first not finite: output.weight",
                },
            ),
            entry(
                "20251009-090000-dddddd",
                note="the baseline of everything above",
                ago=10_800,
                summary={"damaged": 2, "checkpoints": 12},
            ),
            entry(
                "20251009-080000-eeeeee",
                "stopped",
                ago=14_400,
                summary={"continues": "20251009-090000-dddddd", "epoch": 4},
            ),
            entry("20251008-070000-ffffff", "crashed", ago=90_000, init="xavier"),
            entry("20251007-060000-000000", experiment="vanishing", ago=180_000, size=18_300),
        ]
    )


class FakeShelf:
    """Meets `Shelf`. `broken` is raised by the next call instead of an answer."""

    def __init__(self, *runs: Entry) -> None:
        self.place = PLACE
        self.runs = list(runs)
        self.read = 0
        self.removed: list[str] = []
        self.broken: Exception | None = None
        self.curve_runs: dict[str, RunView] = {}

    def readings(self) -> Iterator[Reading]:
        self._break()
        self.read += 1
        yield Reading(tuple(listed(run, NOW) for run in linked(self.runs)), len(self.runs), True)

    def remove(self, run_id: str) -> None:
        self._break()
        self._entry(run_id)
        self.runs = [run for run in self.runs if run.run_id != run_id]
        self.removed.append(run_id)

    def describe(self, run_id: str, *, label: str | None, note: str | None) -> None:
        self._break()
        before = self._entry(run_id)
        if label is not None and len(label) > 64:
            raise BadInput("a label is one line of at most 64 printable characters")
        about = About(
            before.about.label if label is None else label,
            before.about.note if note is None else note,
        )
        self.runs = [r if r is not before else replace(r, about=about) for r in self.runs]

    def curves(self, run_id: str, given_up: Callable[[], bool]) -> RunView:
        self._break()
        return curves(self._entry(run_id))

    def _entry(self, run_id: str) -> Entry:
        for run in self.runs:
            if run.run_id == run_id:
                return run
        raise BadInput(f"there is no run {run_id} in {self.place}")

    def _break(self) -> None:
        error, self.broken = self.broken, None
        if error:
            raise error


def curves(run: Entry) -> RunView:
    """A training run's curves, the same every time."""
    view = RunView()
    config = msgspec.convert(run.summary.config, RunConfig)
    floor = 0.3 + (sum(run.run_id.encode()) % 17) / 50
    for event in synthetic_run.run(config, run_id=run.run_id, floor=floor):
        view = fold(event, view)
    return view


class AtOnce(Desk):
    """A desk without a thread: a job is done when it is asked for, its outcome kept for `poll`."""

    def ask(self, job: Job, failed: Callable[[str], None]) -> None:
        self._told.put(done(job, failed))
