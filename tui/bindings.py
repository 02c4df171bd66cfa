"""The table of actions as Textual takes it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from tui.keymap import ACTIONS, BY_ID, RECORDING, Action


def bindings(*action_ids: str, priority: bool = False) -> list[Binding]:
    """Bindings of these actions (all, when none is named), each to ``perform('its id')``."""
    chosen = [BY_ID[i] for i in action_ids] if action_ids else list(ACTIONS)
    chosen.sort(key=lambda action: action not in RECORDING)  # while one is open, its keys are first
    return [_binding(action, priority) for action in chosen]


def bindings_of(actions: Sequence[Action]) -> list[Binding]:
    """Bindings of a screen's own actions, each to ``perform('its id')``."""
    return [_binding(action, priority=False) for action in actions]


def _binding(action: Action, priority: bool) -> Binding:
    return Binding(
        ",".join(action.keys),
        f"perform('{action.id}')",
        action.label,
        show=False,
        priority=priority,
        tooltip=action.help,
        id=action.id,
    )
