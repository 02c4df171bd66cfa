"""The laboratory's keys, and those of every experiment in the registry."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.schema import fields_of, turned
from tui import keymap
from tui.keymap import Situation, footer
from tui.lab.keymap import ACTIONS, TAKEN, turning_keys
from tui.screens.lab import LabScreen

REGISTERED = [e for e in EXPERIMENTS if e.name != "train"]
NAMES = [e.name for e in REGISTERED]


def test_no_key_has_two_actions() -> None:
    keys = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_can_be_performed_and_says_why_not() -> None:
    for action in ACTIONS:
        assert hasattr(LabScreen, f"do_{action.id}")
        assert action.label and action.help
        assert action.when(Situation()) or action.otherwise


def test_keys_mean_here_what_they_mean_on_the_dashboard() -> None:
    shared = {"pause", "step", "restart", "faster", "slower", "help", "quit", "back"}
    here = {action.id: action.keys[0] for action in ACTIONS}
    assert {i: here[i] for i in shared} == {i: keymap.BY_ID[i].keys[0] for i in shared}


@pytest.mark.parametrize("experiment", REGISTERED, ids=NAMES)
def test_parameters_have_keys_of_their_own(experiment: Experiment) -> None:
    fields = [f for f in fields_of(experiment.config) if f.setting.key]
    keys = [f.setting.key for f in fields]
    assert all(len(key) == 1 and key.isascii() and key.islower() for key in keys)
    assert len(set(keys)) == len(keys)
    assert not TAKEN & set(turning_keys(experiment))


@pytest.mark.parametrize("experiment", REGISTERED, ids=NAMES)
def test_every_key_turns_its_parameter_to_a_value_the_settings_take(
    experiment: Experiment,
) -> None:
    for field in fields_of(experiment.config):
        if not field.setting.key:
            continue
        value = field.default
        reached = {value}
        for by in [1] * 12 + [-1] * 24:
            value = turned(field, value, by)
            reached.add(value)
            experiment.config(**{field.name: value})
        assert len(reached) > 1, field.name


@pytest.mark.parametrize("experiment", REGISTERED, ids=NAMES)
def test_every_experiment_says_what_it_is(experiment: Experiment) -> None:
    assert experiment.question.endswith("?")
    assert len(experiment.lesson) > 200
    assert experiment.shows and experiment.lasts and experiment.checks
    assert len({chart.name for chart in experiment.charts}) == len(experiment.charts)


@pytest.mark.parametrize("width", [1, 20, 40, 80, 120, 300])
def test_the_footer_fits(width: int) -> None:
    pairs = footer(Situation(running=True, paused=True), width, ACTIONS)
    assert sum(len(f"{key} {label}  ") for key, label in pairs) <= width
    assert not pairs or ("q", "quit") in pairs
