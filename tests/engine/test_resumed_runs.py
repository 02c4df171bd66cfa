"""A link resumes a run: with the settings of its checkpoint, whatever the front end says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import RunConfig
from engine.controls import Stop
from engine.events import AnyEvent, CheckpointSaved, Event, RunFinished, RunStarted, StepsMeasured
from engine.experiments.train import EXPERIMENT
from engine.link import Refused
from engine.local_link import LocalLink

PATIENCE = 60.0
STEPS = 32


@pytest.fixture
def link(tmp_path: Path) -> Iterator[LocalLink]:
    made = LocalLink({"train": EXPERIMENT}, runs=tmp_path)
    yield made
    made.close()


@pytest.fixture
def settings(small_data: Path) -> RunConfig:
    """A run of 32 steps, slow enough to be stopped on the way."""
    return RunConfig(
        data=str(small_data),
        batch_size=256,
        hidden=(8,),
        device="cpu",
        optimizer="adam",
        lr=0.01,
        epochs=4,
        pace=200.0,
    )


def until(link: LocalLink, kind: type) -> list[AnyEvent]:
    """The news down to the first of a kind."""
    news: list[AnyEvent] = []
    deadline = time.monotonic() + PATIENCE
    while not any(isinstance(item, kind) for item in news):
        assert time.monotonic() < deadline, news
        news += [item for item in link.drain() if isinstance(item, Event | Refused)]  # type: ignore[misc]
    return news


def test_the_rest_of_a_stopped_run(link: LocalLink, settings: RunConfig) -> None:
    link.start(settings)
    whole = until(link, RunFinished)
    link.start(settings)
    first = until(link, StepsMeasured)
    link.send(Stop())
    first += until(link, RunFinished)
    run_id = next(event for event in first if isinstance(event, RunStarted)).run_id
    link.start(RunConfig(lr=7.0), continues=run_id, resume=True)
    rest = until(link, RunFinished)
    started = next(event for event in rest if isinstance(event, RunStarted))
    assert started.continues == run_id
    assert started.config["lr"] == 0.01
    assert 0 < started.first_step < STEPS
    assert final(rest) == final(whole)
    finished = rest[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.outcome, finished.step) == ("completed", STEPS)


def test_a_run_that_is_complete_is_refused(link: LocalLink, settings: RunConfig) -> None:
    link.start(settings)
    started = until(link, RunFinished)[0]
    assert isinstance(started, RunStarted)
    link.start(settings, continues=started.run_id, resume=True)
    refused = until(link, Refused)[-1]
    assert f"run {started.run_id} is complete" in refused.text  # type: ignore[union-attr]


def final(news: list[AnyEvent]) -> str:
    return [event for event in news if isinstance(event, CheckpointSaved)][-1].state
