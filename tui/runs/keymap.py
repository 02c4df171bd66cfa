"""The keys of the list of runs."""

from __future__ import annotations

from tui.keymap import Action, Situation, spelled


def _listed(now: Situation) -> bool:
    return now.runs > 0


_RUN, _VIEW, _PROGRAM = "Runs", "View", "Program"
_NONE = "no run is listed"

ACTIONS: tuple[Action, ...] = (
    Action("mark", ("space",), "mark", "mark the run, or not any more", _RUN, 90, _listed, _NONE),
    Action(
        "mark_all",
        ("a",),
        "mark all",
        "mark all that are shown; none, when they are",
        _RUN,
        20,
        _listed,
        _NONE,
    ),
    Action(
        "open",
        ("enter",),
        "open",
        "the run on the dashboard: live with its steering, else as it was recorded",
        _RUN,
        95,
        _listed,
        _NONE,
    ),
    Action(
        "overlay",
        ("o",),
        "overlay",
        "the curves of the marked runs behind the one on screen",
        _RUN,
        88,
        _listed,
        _NONE,
    ),
    Action(
        "compare",
        ("d",),
        "diff",
        "the settings in which the marked runs differ, and what came of them",
        _RUN,
        86,
        _listed,
        _NONE,
    ),
    Action("details", ("i",), "details", "all that is known of the run", _RUN, 50, _listed, _NONE),
    Action("rename", ("R",), "rename", "give the run a label", _RUN, 60, _listed, _NONE),
    Action("note", ("n",), "note", "keep a line about the run", _RUN, 58, _listed, _NONE),
    Action(
        "delete",
        ("x", "delete"),
        "delete",
        "delete the marked runs; asks",
        _RUN,
        70,
        _listed,
        _NONE,
    ),
    Action(
        "filter",
        ("/",),
        "filter",
        "show only runs in which every typed word occurs",
        _VIEW,
        80,
    ),
    Action("theme", ("t",), "theme", "dark or light", _VIEW, 5),
    Action("help", ("?",), "help", "this list of keys", _PROGRAM, 92),
    Action("back", ("escape",), "back", "take the filter back, then close the list", _PROGRAM, 96),
    Action(
        "quit", ("q", "ctrl+q", "ctrl+c"), "quit", "leave; asks when work is running", _PROGRAM, 99
    ),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def key_of(action_id: str) -> str:
    """The first key of an action, as a person reads it."""
    return spelled(BY_ID[action_id].keys[0])
