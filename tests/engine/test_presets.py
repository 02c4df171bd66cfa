"""Every preset is a run that can be configured, and is found by its name."""

from __future__ import annotations

import pytest
import torch

from engine.config import RunConfig
from engine.errors import BadInput
from engine.model.build import build
from engine.presets import PRESETS, Preset, named
from engine.schema import overlay

RUNNABLE = [preset for preset in PRESETS if preset.name != "w1-square"]


def configured(name: str) -> RunConfig:
    return overlay(RunConfig(), named(name).changes, name)


def test_names_are_unique_and_words_are_there() -> None:
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    assert all(preset.title and preset.lesson.endswith(".") for preset in PRESETS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_changes_are_settings_in_canonical_form(preset: Preset) -> None:
    config = overlay(RunConfig(), preset.changes, preset.name)
    assert {name: getattr(config, name) for name in preset.changes} == preset.changes
    assert (config == RunConfig()) == (preset.name == "chapter")


@pytest.mark.parametrize("preset", RUNNABLE, ids=lambda preset: preset.name)
def test_builds(preset: Preset) -> None:
    x = torch.rand(8, 784, generator=torch.Generator().manual_seed(0))
    config = overlay(RunConfig(), preset.changes, preset.name)
    network = build(config, 784, 10, torch.Generator().manual_seed(0), torch.device("cpu"), x)
    assert network.forward(x).shape == (8, 10)


def test_the_square_w1_is_explained() -> None:
    config = configured("w1-square")
    with pytest.raises(BadInput) as refused:
        build(config, 784, 10, torch.Generator(), torch.device("cpu"), torch.zeros(1, 784))
    for word in ("(256, 784)", "(256, 256)", "inner sizes", "first_layer_inputs", "auto"):
        assert word in str(refused.value)


@pytest.mark.parametrize("spelling", ["w1-normal", "W1_Normal", " w1 normal "])
def test_is_found_however_it_is_spelled(spelling: str) -> None:
    assert named(spelling).name == "w1-normal"


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(BadInput, match="did you mean 'printed'"):
        named("prnted")
