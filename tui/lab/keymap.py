"""The laboratory's own keys; what turns a parameter stands in the experiment's settings."""

from __future__ import annotations

from dataclasses import replace

from engine.experiments.contract import Experiment
from engine.schema import Field, fields_of
from tui.keymap import EXPERIMENT, RECORDED, RECORDING, Action, Situation, spelled

_RUN, _VIEW, _PROGRAM = EXPERIMENT, "View", "Program"


def _running(now: Situation) -> bool:
    return now.running


def _free(now: Situation) -> bool:
    return not now.replaying


_NO_RUN = "the experiment is not under way"
_STEPS, _FIRST = ("step", "step_back"), 35
_FIGURES = ("next_figure", "previous_figure")
"""A recording takes the first of their keys."""

ACTIONS: tuple[Action, ...] = (
    Action("pause", ("space",), "pause", "pause, and go on", _RUN, 95, _running, _NO_RUN),
    Action(
        "step",
        ("s",),
        "step",
        "one step while paused",
        _RUN,
        60,
        lambda now: now.paused or (now.running and now.reversible),
        "pause first: a single step is taken from a pause",
        idle=_NO_RUN,
    ),
    Action(
        "step_back",
        ("S",),
        "step back",
        "one step back, where an experiment can go back",
        _RUN,
        59,
        _running,
        _NO_RUN,
    ),
    Action("restart", ("r",), "restart", "the same settings again", _RUN, 80),
    Action(
        "stop",
        ("x",),
        "stop",
        "end the experiment; what it found stays",
        _RUN,
        55,
        _running,
        _NO_RUN,
    ),
    Action("faster", ("+", "="), "faster", "more steps per second, up to full speed", _RUN, 40),
    Action("slower", ("-",), "slower", "fewer steps per second, down to one", _RUN, 40),
    Action("defaults", ("c",), "defaults", "every parameter as it was at first", _RUN, 20),
    Action(
        "lesson", ("l", "enter"), "lesson", "the question, the lesson, the parameters", _VIEW, 90
    ),
    Action("source", ("o",), "source", "the program of this experiment", _VIEW, 70),
    Action("next_figure", ("right", ">"), "next figure", "the next figure or table", _VIEW, 35),
    Action("previous_figure", ("left", "<"), "previous figure", "the figure before", _VIEW),
    Action("down", ("down", "j"), "down", "further down in the tables", _VIEW),
    Action("up", ("up", "k"), "up", "back up in the tables", _VIEW),
    Action(
        "next",
        ("]", "tab"),
        "next experiment",
        "the next experiment",
        _PROGRAM,
        50,
        _free,
        RECORDED,
    ),
    Action(
        "previous",
        ("[", "shift+tab"),
        "previous",
        "the experiment before",
        _PROGRAM,
        when=_free,
        otherwise=RECORDED,
    ),
    Action("back", ("escape", "b"), "catalogue", "back to the list of experiments", _PROGRAM, 85),
    Action("help", ("?",), "help", "this list of keys", _PROGRAM, 97),
    Action("theme", ("y",), "theme", "dark or light", _PROGRAM, 10),
    Action(
        "detach",
        ("ctrl+d",),
        "detach",
        "leave the experiment to itself; mlp-tui attach comes back",
        _PROGRAM,
        when=_running,
        otherwise=_NO_RUN,
    ),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "quit", "leave; asks when work is running", _PROGRAM, 99
    ),
)


def offered(now: Situation) -> list[Action]:
    """The actions for the line of keys; steps come first where there is a way back."""
    if now.replaying:
        kept = [action for action in ACTIONS if action.id not in _FIGURES]
        return [*RECORDING, *(replace(a, label="close") if a.id == "back" else a for a in kept)]
    if not now.reversible:
        return [action for action in ACTIONS if action.id != "step_back"]
    return [replace(a, rank=a.rank + _FIRST) if a.id in _STEPS else a for a in ACTIONS]


BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
TAKEN = frozenset(key for action in (*ACTIONS, *RECORDING) for key in action.keys)
"""Keys that no parameter may have; a parameter's capital turns it back."""


def key_of(action_id: str, *, replaying: bool = False) -> str:
    """The first key of an action, as a person reads it; in a recording, the first it has there."""
    taken = {key for action in RECORDING for key in action.keys} if replaying else ()
    return spelled(next(key for key in BY_ID[action_id].keys if key not in taken))


def turning_keys(experiment: Experiment) -> dict[str, tuple[Field, int]]:
    """The keys that turn the experiment's parameters: letter and capital, forth and back."""
    turns: dict[str, tuple[Field, int]] = {}
    for field in fields_of(experiment.config):
        if field.setting.key:
            turns[field.setting.key] = (field, 1)
            turns[field.setting.key.upper()] = (field, -1)
    return turns
