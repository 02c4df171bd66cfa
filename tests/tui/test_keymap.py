"""The table of actions is the one place where keys stand."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tui import keymap
from tui.commands import COMMANDS
from tui.keymap import (
    ACTIONS,
    BY_ID,
    RECORDED,
    RECORDING,
    Action,
    Situation,
    footer,
    groups,
    key_of,
    obstacle,
)

EVERYTHING = Situation(
    running=True, paused=True, finished=True, can_fetch=True, ghosts=True, layers=True
)
REPLAYING = Situation(finished=True, layers=True, replaying=True)


@pytest.mark.parametrize("others", [[a for a in ACTIONS if a not in RECORDING], RECORDING])
def test_no_key_has_two_actions(others: list[Action]) -> None:
    keys = Counter(key for action in others for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_a_key_that_a_recording_takes_steers_otherwise() -> None:
    """So that nothing is out of reach while one is open."""
    taken = {key for action in RECORDING for key in action.keys}
    for action in ACTIONS:
        if action not in RECORDING and not taken.isdisjoint(action.keys):
            assert obstacle(action, REPLAYING) == RECORDED


def test_a_recording_is_looked_at_and_not_steered() -> None:
    free = {action.id for action in ACTIONS if not obstacle(action, REPLAYING)}
    assert {action.id for action in RECORDING} <= free
    assert {"log_axis", "smoothing", "layer", "predictions", "theme", "help", "quit"} <= free
    assert free.isdisjoint({*COMMANDS} - {"clear_ghosts"})
    assert free.isdisjoint({"form", "lab", "detach", "data_menu"})
    assert ("space", "play") in footer(REPLAYING, 500)
    assert ("space", "hold") in footer(REPLAYING._replace(playing=True), 500)


def test_ids_are_unique_and_every_action_is_described() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert all(action.keys and action.label and action.help for action in ACTIONS)


def test_what_is_not_always_possible_says_why_not() -> None:
    nothing = Situation()
    for action in ACTIONS:
        assert action.when(EVERYTHING) or action.when(REPLAYING)
        assert action.when(nothing) or action.otherwise


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (Situation(), "no run is under way"),
        (Situation(finished=True), "no run is under way"),
        (Situation(running=True), "pause first: a single step is taken from a pause"),
        (Situation(running=True, paused=True), ""),
    ],
)
def test_a_step_needs_a_run_and_then_a_pause(now: Situation, why: str) -> None:
    assert obstacle(BY_ID["step"], now) == why


def test_keys_that_multiplexers_and_terminals_take_are_left_alone() -> None:
    taken = {f"ctrl+{letter}" for letter in "abimjh"}
    assert taken.isdisjoint(key for action in ACTIONS for key in action.keys)


def test_groups_hold_every_action_once() -> None:
    assert [action for _, actions in groups() for action in actions] == list(ACTIONS)
    assert len({name for name, _ in groups()}) == len(list(groups()))


@pytest.mark.parametrize("width", [1, 10, 40, 80, 120, 300])
def test_the_footer_fits_and_quit_is_the_last_to_go(width: int) -> None:
    pairs = footer(EVERYTHING, width)
    assert sum(len(f"{key} {label}  ") for key, label in pairs) <= width
    assert not pairs or (key_of("quit"), "quit") in pairs


def test_the_footer_offers_only_what_is_possible() -> None:
    labels = {label for _, label in footer(Situation(), 500)}
    assert "pause" not in labels and "fetch data" not in labels
    assert {"pause", "fetch data"} <= {
        label for _, label in footer(Situation(running=True, can_fetch=True), 500)
    }


def test_a_screen_s_own_keys_stay_as_the_terminal_narrows() -> None:
    own = keymap.promoted(predictions="close", next_layer="page")
    now = Situation(running=True, layers=True)
    for width in (40, 80, 120):
        assert {("p", "close"), ("down", "page")} <= {*footer(now, width, own)}
    assert [action.id for action in own] == [action.id for action in ACTIONS]


def test_a_pause_turns_into_going_on() -> None:
    assert ("space", "go on") in footer(Situation(running=True, paused=True), 500)


def test_every_command_on_the_run_is_in_the_table() -> None:
    assert set(COMMANDS) <= set(keymap.BY_ID)


def test_no_other_module_spells_a_key_in_what_it_says(repository: Path) -> None:
    """Words such as "press i" come from the table, or they would lie after it changed."""
    for path in (repository / "tui").rglob("*.py"):
        if path.name == "keymap.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.lower().split()
                after = [b for a, b in pairwise(words) if a == "press"]
                assert not [word for word in after if len(word.strip(".,:;")) == 1], path
