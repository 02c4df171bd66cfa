"""What the keys do to the run: each takes the hub and returns the words for the message line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from engine import controls
from engine.config import RunConfig
from engine.schema import spell_number
from tui import switch
from tui.hub import REAL_DATA, Hub

Command = Callable[[Hub], str]


def switch_to(change: Callable[[RunConfig], RunConfig], hub: Hub) -> str:
    """Start a run with changed settings.

    Raises:
        BadInput: when there is no such run.
    """
    hub.switch(change(hub.config))
    return hub.status.change


def choose(name: str, value: str, hub: Hub) -> str:
    """Start a run with one setting replaced.

    Raises:
        BadInput: when the setting cannot have this value.
    """
    return switch_to(lambda config: switch.changed(config, **{name: value}), hub)


def _same(config: RunConfig) -> RunConfig:
    return config


def _next_seed(config: RunConfig) -> RunConfig:
    return switch.changed(config, seed=config.seed + 1)


def _pause(hub: Hub) -> str:
    return "pausing…" if hub.toggle_pause() else "going on…"


def _step(hub: Hub) -> str:
    hub.send(controls.Step())
    return "one step…"


def _more_epochs(hub: Hub) -> str:
    hub.go_on(switch.MORE_EPOCHS)
    return f"{switch.MORE_EPOCHS} more epochs…"


def _pace(by: int, hub: Hub) -> str:
    return f"pace {pace_words(hub.steer_pace(by))}"


def pace_words(pace: float) -> str:
    """A pace as people read it."""
    return f"{spell_number(pace)} steps/s" if pace else "full speed"


def _steer(by: int, hub: Hub) -> str:
    lr = switch.steered_lr(hub.base_lr, by)
    hub.steer_lr(lr)
    return f"lr {spell_number(lr)}…"


def _save(hub: Hub) -> str:
    hub.send(controls.Save())
    return "saving…"


def _fetch(hub: Hub) -> str:
    hub.fetch()
    return f"fetching {REAL_DATA}…"


def _clear_ghosts(hub: Hub) -> str:
    hub.clear_ghosts()
    return "the earlier curves are gone"


COMMANDS: dict[str, Command] = {
    "next_init": partial(switch_to, switch.next_init),
    "previous_init": partial(switch_to, partial(switch.next_init, by=-1)),
    "next_activation": partial(switch_to, switch.next_activation),
    "previous_activation": partial(switch_to, partial(switch.next_activation, by=-1)),
    "deeper": partial(switch_to, switch.deeper),
    "shallower": partial(switch_to, switch.shallower),
    "wider": partial(switch_to, partial(switch.scaled, factor=2)),
    "narrower": partial(switch_to, partial(switch.scaled, factor=0.5)),
    "more_decay": partial(switch_to, switch.decayed),
    "less_decay": partial(switch_to, partial(switch.decayed, by=-1)),
    "more_dropout": partial(switch_to, switch.dropped),
    "less_dropout": partial(switch_to, partial(switch.dropped, by=-1)),
    "restart": partial(switch_to, _same),
    "new_seed": partial(switch_to, _next_seed),
    "pause": _pause,
    "step": _step,
    "more_epochs": _more_epochs,
    "faster": partial(_pace, 1),
    "slower": partial(_pace, -1),
    "raise_lr": partial(_steer, 1),
    "lower_lr": partial(_steer, -1),
    "save": _save,
    "fetch": _fetch,
    "clear_ghosts": _clear_ghosts,
}
"""Action id → what it does to the run; the other actions are the screen's own."""
