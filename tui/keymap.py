"""The one table of actions: keys, footer, help, palette and hints all read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple


class Situation(NamedTuple):
    """What decides whether an action makes sense right now."""

    running: bool = False
    paused: bool = False
    finished: bool = False
    can_fetch: bool = False
    ghosts: bool = False
    layers: bool = False
    reversible: bool = False
    runs: int = 0
    replaying: bool = False
    playing: bool = False


def _always(now: Situation) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do.

    `keys` are as a terminal types them ("i", "ctrl+p"); the first is the one shown. `label` is
    for the footer, where actions with a higher `rank` survive longer as the terminal narrows
    (0 never stands there). `otherwise` is said when `when` does not hold; where no run is under
    way, `idle` is, if there is one.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    rank: int = 0
    when: Callable[[Situation], bool] = _always
    otherwise: str = ""
    idle: str = ""


def _running(now: Situation) -> bool:
    return now.running


def _replaying(now: Situation) -> bool:
    return now.replaying


_NO_RUN, _NO_RECORDING = "no run is under way", "no recording is open"
_NETWORK, _RUN, _SETTINGS, _RECORDING, _VIEW, _PROGRAM = (
    "Network: each switch starts a new run, the last ones stay as ghosts",
    "Run",
    "Settings",
    "Recording: a run that is replayed, and cannot be steered",
    "View",
    "Program",
)
EXPERIMENT = "Experiment"
"""The group of the laboratory's actions that steer."""
_STEERING = frozenset((_NETWORK, _RUN, _SETTINGS, EXPERIMENT))
RECORDED = "this is a recording: nothing is steered or started from it"

RECORDING: tuple[Action, ...] = tuple(
    Action(name, keys, label, help_, _RECORDING, rank, when=_replaying, otherwise=_NO_RECORDING)
    for name, keys, label, help_, rank in (
        ("play", ("space",), "play", "play on, and hold; from the end, from the start", 95),
        ("earlier", ("left",), "-1 %", "back by a hundredth", 88),
        ("later", ("right",), "+1 %", "on by a hundredth", 90),
        (
            "previous_epoch",
            ("[", "shift+left"),
            "epoch back",
            "back to the end of an epoch; without epochs, by a tenth",
            60,
        ),
        (
            "next_epoch",
            ("]", "shift+right"),
            "epoch",
            "on to the end of an epoch; without epochs, by a tenth",
            62,
        ),
        ("first_moment", ("home",), "start", "the first moment", 50),
        ("last_moment", ("end",), "end", "the last moment; a run under way is followed", 52),
        ("play_faster", ("+", "="), "faster", "a higher speed, the last as fast as it can", 80),
        ("play_slower", ("-",), "slower", "a lower speed, down to a quarter", 78),
    )
)

ACTIONS: tuple[Action, ...] = (
    Action("next_init", ("i",), "init", "next weight initializer", _NETWORK, 90),
    Action("previous_init", ("I",), "previous init", "previous weight initializer", _NETWORK),
    Action("init_menu", ("1",), "inits", "choose the initializer from a list", _NETWORK, 30),
    Action("next_activation", ("a",), "activation", "next activation function", _NETWORK, 85),
    Action(
        "previous_activation",
        ("A",),
        "previous activation",
        "previous activation function",
        _NETWORK,
    ),
    Action(
        "activation_menu", ("2",), "activations", "choose the activation from a list", _NETWORK, 29
    ),
    Action("deeper", ("d",), "deeper", "one more hidden layer, as wide as the last", _NETWORK, 60),
    Action("shallower", ("D",), "shallower", "one hidden layer less", _NETWORK),
    Action("wider", ("w",), "wider", "double the hidden widths", _NETWORK, 58),
    Action("narrower", ("W",), "narrower", "halve the hidden widths", _NETWORK),
    Action("more_decay", ("v",), "decay", "more weight decay", _NETWORK, 24),
    Action("less_decay", ("V",), "less decay", "less weight decay", _NETWORK),
    Action("more_dropout", ("o",), "dropout", "drop more hidden units", _NETWORK, 23),
    Action("less_dropout", ("O",), "less dropout", "drop fewer hidden units", _NETWORK),
    Action(
        "pause",
        ("space",),
        "pause",
        "pause, and go on",
        _RUN,
        95,
        when=_running,
        otherwise=_NO_RUN,
    ),
    Action(
        "step",
        ("s",),
        "step",
        "one step while paused",
        _RUN,
        50,
        when=lambda now: now.paused,
        otherwise="pause first: a single step is taken from a pause",
        idle=_NO_RUN,
    ),
    Action("restart", ("r",), "restart", "the same settings again", _RUN, 55),
    Action("new_seed", ("n",), "new seed", "the same settings with the next seed", _RUN, 45),
    Action(
        "more_epochs",
        ("e",),
        "+10 epochs",
        "ten more epochs from where it stands",
        _RUN,
        70,
        when=lambda now: now.running or now.finished,
        otherwise="no run to go on from",
    ),
    Action("faster", ("+", "="), "faster", "more steps per second, up to full speed", _RUN, 40),
    Action("slower", ("-",), "slower", "fewer steps per second, down to one", _RUN, 40),
    Action(
        "raise_lr",
        ("]",),
        "lr up",
        "raise the learning rate of the run under way",
        _RUN,
        when=_running,
        otherwise=_NO_RUN,
    ),
    Action(
        "lower_lr",
        ("[",),
        "lr down",
        "lower the learning rate of the run under way",
        _RUN,
        when=_running,
        otherwise=_NO_RUN,
    ),
    Action(
        "save", ("k",), "save", "write a checkpoint now", _RUN, when=_running, otherwise=_NO_RUN
    ),
    Action("form", ("c",), "config", "every setting in one form", _SETTINGS, 65),
    Action("preset_menu", ("3",), "presets", "choose a preset from a list", _SETTINGS, 28),
    Action("data_menu", ("4",), "data", "choose the data set from a list", _SETTINGS, 27),
    Action("optimizer_menu", ("5",), "optimizer", "choose the optimizer from a list", _SETTINGS),
    Action("schedule_menu", ("6",), "schedule", "choose the learning-rate schedule", _SETTINGS),
    Action(
        "fetch",
        ("f",),
        "fetch data",
        "download the real data set and train on it",
        _SETTINGS,
        88,
        when=lambda now: now.can_fetch,
        otherwise="the run is on the data that was asked for",
    ),
    *RECORDING,
    Action("log_axis", ("l",), "log axis", "logarithmic or linear loss axis", _VIEW, 48),
    Action("smoothing", ("m",), "smooth", "smooth the curves; raw stays behind", _VIEW, 46),
    Action(
        "layer",
        ("enter",),
        "layer",
        "histories and histograms of the chosen layer",
        _VIEW,
        52,
        when=lambda now: now.layers,
        otherwise="no layer has been measured yet",
    ),
    Action(
        "predictions",
        ("p",),
        "predictions",
        "test images and what it says of them: confusion, worst mistakes, classes",
        _VIEW,
        57,
        when=lambda now: now.layers,
        otherwise="no run has begun",
    ),
    Action(
        "next_layer",
        ("down",),
        "next layer",
        "choose the layer below",
        _VIEW,
        when=lambda now: now.layers,
        otherwise="no layer has been measured yet",
    ),
    Action(
        "previous_layer",
        ("up",),
        "previous layer",
        "choose the layer above",
        _VIEW,
        when=lambda now: now.layers,
        otherwise="no layer has been measured yet",
    ),
    Action(
        "clear_ghosts",
        ("x",),
        "clear ghosts",
        "forget the curves of earlier runs",
        _VIEW,
        25,
        when=lambda now: now.ghosts,
        otherwise="there are no ghosts",
    ),
    Action("theme", ("t",), "theme", "dark or light", _VIEW, 20),
    Action("focus", ("tab",), "focus", "next field of a form or menu", _VIEW),
    Action("focus_back", ("shift+tab",), "focus back", "previous field of a form or menu", _VIEW),
    Action(
        "lab",
        ("b",),
        "lab",
        "the laboratory: experiments beside their theory",
        _PROGRAM,
        56,
        when=lambda now: not now.replaying,
        otherwise=RECORDED,
    ),
    Action("runs", ("g",), "runs", "recorded runs: open, overlay, compare", _PROGRAM, 54),
    Action("help", ("?",), "help", "this list of keys", _PROGRAM, 98),
    Action("palette", ("ctrl+p",), "palette", "find any action by name", _PROGRAM, 15),
    Action("back", ("escape",), "back", "close what is open", _PROGRAM),
    Action(
        "detach",
        ("ctrl+d",),
        "detach",
        "leave the run to itself; mlp-tui attach comes back",
        _PROGRAM,
        when=_running,
        otherwise=_NO_RUN,
    ),
    Action("suspend", ("ctrl+z",), "suspend", "back to the shell; its fg comes back", _PROGRAM),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "quit", "leave; asks when work is running", _PROGRAM, 99
    ),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
RECORDING_BY_ID: dict[str, Action] = {action.id: action for action in RECORDING}
_SPELLED = {"escape": "esc"}
_FIRST = 97
"""The rank of a screen's own keys: help and quit alone stay longer."""


def spelled(key: str) -> str:
    """A key as a person reads it."""
    return _SPELLED.get(key, key)


def key_of(action_id: str) -> str:
    """The first key of an action, as a person reads it.

    Raises:
        KeyError: when no action has this id.
    """
    return spelled(BY_ID[action_id].keys[0])


def groups() -> Iterator[tuple[str, list[Action]]]:
    """The table by group, in its own order."""
    for name, actions in groupby(ACTIONS, key=lambda action: action.group):
        yield name, list(actions)


def obstacle(action: Action, now: Situation) -> str:
    """Why an action makes no sense right now; "" when it does."""
    if now.replaying and action.group in _STEERING:
        return RECORDED
    if action.when(now):
        return ""
    return action.otherwise if now.running else action.idle or action.otherwise


def footer(
    now: Situation, width: int, actions: Sequence[Action] = ACTIONS
) -> list[tuple[str, str]]:
    """The (key, label) pairs that fit `width` cells, the most useful ones first to stay."""
    offered = [a for a in actions if a.rank and not obstacle(a, now)]
    kept: set[str] = set()
    room = width
    for action in sorted(offered, key=lambda a: -a.rank):
        need = len(spelled(action.keys[0])) + len(_label(action, now)) + 3
        if need <= room:
            kept.add(action.id)
            room -= need
    return [(spelled(a.keys[0]), _label(a, now)) for a in offered if a.id in kept]


def promoted(**labels: str) -> tuple[Action, ...]:
    """The table for a screen whose own keys are the actions of these ids, called so there."""
    return tuple(
        replace(a, label=labels[a.id], rank=_FIRST) if a.id in labels else a for a in ACTIONS
    )


def _label(action: Action, now: Situation) -> str:
    if action.id == "pause" and now.paused:
        return "go on"
    return "hold" if action.id == "play" and now.playing else action.label
