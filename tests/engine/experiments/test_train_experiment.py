from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.config import RunConfig
from engine.controls import Controls
from engine.errors import BadInput
from engine.events import EpochFinished, Event, RunFinished, RunStarted
from engine.experiments import EXPERIMENTS, named


def trained(**settings: object) -> list[Event]:
    base: dict[str, object] = {"hidden": (8,), "epochs": 2, "device": "cpu", "init": "he"}
    config = RunConfig(**{**base, **settings})  # type: ignore[arg-type]
    return list(named("train").run(config, Controls()))


def test_the_registry_can_be_read_without_torch(repository: Path) -> None:
    script = (
        "import sys, engine.experiments as e\n"
        "print([x.question for x in e.EXPERIMENTS])\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository,
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "How does" in done.stdout


def test_experiments_have_one_name_each() -> None:
    names = [experiment.name for experiment in EXPERIMENTS]
    assert len(set(names)) == len(names)
    assert all(e.question.endswith("?") for e in EXPERIMENTS)
    with pytest.raises(KeyError):
        named("nothing")


def test_a_file_of_ones_own_is_learned(small_data: Path) -> None:
    stream = trained(data=str(small_data), epochs=60, lr=0.2)
    started, finished = stream[0], stream[-1]
    assert isinstance(started, RunStarted)
    assert started.experiment == "train"
    assert isinstance(finished, RunFinished)
    assert finished.outcome == "completed"
    last = [e for e in stream if isinstance(e, EpochFinished)][-1]
    assert last.test_accuracy > 0.9


def test_a_second_run_finds_the_data_loaded_and_a_changed_file_anew(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    x, y = np.random.default_rng(0).random((60, 4), dtype=np.float32), np.arange(60) % 2
    for rows in (40, 50):
        np.savez(path, x_train=x[:rows], y_train=y[:rows], x_test=x[50:], y_test=y[50:])
        reports: list[str] = []
        for _ in range(2):
            controls = Controls(lambda text, done, total, said=reports: said.append(text))
            config = RunConfig(data=str(path), hidden=(3,), epochs=1, device="cpu")
            started = next(iter(named("train").run(config, controls)))
            assert isinstance(started, RunStarted)
            assert started.dataset is not None
            assert started.dataset.train_examples == rows
        assert reports == ["reading set.npz"]


def test_bad_input_raises_before_anything_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        next(iter(named("train").run(RunConfig(data=str(tmp_path / "no.npz")), Controls())))
