"""Settings that nothing in a run asks for are told, and only those."""

from __future__ import annotations

from typing import Any

import pytest
from training_tools import config, events, of

from engine.config import RunConfig
from engine.events import Noted
from engine.presets import PRESETS
from engine.training.unused import unused


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({"momentum": 0.9, "optimizer": "adam"}, ["momentum = 0.9 is not used by optimizer adam"]),
        ({"momentum": 0.9, "optimizer": "rmsprop"}, []),
        ({"init": "he", "init_std": (5,)}, ["init_std = 5 is not used by init kaiming_normal"]),
        ({"init_std": (5,)}, []),
        ({"init_constant": 0.5}, ["init_constant = 0.5 is not used by init normal"]),
        ({"init": "constant", "init_constant": 0.5}, []),
        ({"bias_value": 1.0}, ["bias_value = 1 is not used by bias_init zeros"]),
        ({"bias_init": "normal", "bias_value": 1.0}, []),
        ({"label_column": "y"}, ["label_column = y is not used by data auto"]),
        ({"label_column": "y", "data": "Mine.CSV"}, []),
        (
            {"data_dir": "here", "data": "synthetic"},
            ["data_dir = here is not used by data synthetic"],
        ),
        ({"data_dir": "here"}, []),
        (
            {"decay_epochs": 2, "decay_factor": 0.5},
            [
                "decay_epochs = 2 is not used by schedule constant",
                "decay_factor = 0.5 is not used by schedule constant",
            ],
        ),
        ({"decay_epochs": 2, "decay_factor": 0.5, "schedule": "step"}, []),
        (
            {"hidden": (), "activation": "tanh", "dropout": (0.5,)},
            [
                "activation = tanh is not used by a net without hidden layers",
                "dropout = 0.5 is not used by a net without hidden layers",
            ],
        ),
    ],
)
def test_what_is_not_used(settings: dict[str, Any], sentences: list[str]) -> None:
    assert unused(RunConfig(**settings)) == sentences


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_no_preset_sets_what_it_does_not_use(preset: Any) -> None:
    assert unused(RunConfig(**preset.changes)) == []


def test_a_run_says_it_as_a_warning() -> None:
    stream = events(config(momentum=0.9, optimizer="adam", epochs=1))
    warnings = [note.text for note in of(Noted, stream) if note.level == "warning"]
    assert warnings == ["momentum = 0.9 is not used by optimizer adam"]
