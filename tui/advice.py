"""What to try next, told from what a run showed. Short, and only what the figures support."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.text import clean
from tui.keymap import key_of
from tui.run_view import RunView

_MANY_DEAD = 0.5
_FAINT = 1e-3
_GAP = 0.05

Rule = Callable[[RunView, dict[str, Any]], str]


def advice(view: RunView) -> str:
    """One or two sentences for a run that has ended; "" for one that has not."""
    if view.finished is None:
        return ""
    outcome = view.finished.outcome
    if outcome == "failed":
        return (
            f"Press {key_of('form')} to change the settings, or {key_of('restart')} to try again."
        )
    if outcome in ("stopped", "interrupted"):
        return (
            f"Press {key_of('more_epochs')} to go on from here, "
            f"or {key_of('restart')} to start over."
        )
    try:
        config = msgspec.to_builtins(msgspec.convert(view.config, RunConfig))
    except (msgspec.ValidationError, BadInput) as error:
        return f"Nothing is advised, for the settings are not this version's: {clean(str(error))}"
    return next(said for rule in _RULES if (said := rule(view, config)))


def _diverged(view: RunView, config: dict[str, Any]) -> str:
    if view.finished is None or view.finished.outcome != "diverged":
        return ""
    smaller = f"Lower lr with {key_of('form')} (it was {view.lr:g})"
    return f"{smaller}, or press {key_of('next_init')} for another init."


def _copies(view: RunView, config: dict[str, Any]) -> str:
    """d2l 4.8.1.3: units that start equal get equal gradients unless something parts them."""
    equal = config.get("init") in ("zeros", "constant") and config.get("bias_init") in (
        "zeros",
        "constant",
    )
    if not (equal and config.get("hidden")) or any(config.get("dropout", ())):
        return ""
    return (
        f"All hidden units of a layer are identical: init {config['init']} starts them equal and "
        f"they get equal gradients. Press {key_of('next_init')}."
    )


def _linear(view: RunView, config: dict[str, Any]) -> str:
    if config.get("activation") != "identity" or not config.get("hidden"):
        return ""
    return (
        "Without an activation all layers are one affine map. "
        f"Press {key_of('next_activation')} for relu."
    )


def _faint_gradient(view: RunView, config: dict[str, Any]) -> str:
    deltas = {name: columns["delta_norm"].last for name, columns in view.vitals.items()}
    if len(deltas) < 2:
        return ""
    first, *_, last = deltas
    ratio = deltas[first] / deltas[last] if deltas[last] > 0 else math.nan
    if not ratio < _FAINT:
        return ""
    return (
        f"The error signal at {first} is {ratio:.0e} of the {last}'s: press "
        f"{key_of('next_init')} for another init, {key_of('next_activation')} for an activation."
    )


def _dead(view: RunView, config: dict[str, Any]) -> str:
    for name, columns in list(view.vitals.items())[:-1]:
        share = columns["dead"].last
        if config.get("activation") == "relu" and share > _MANY_DEAD and _learns_badly(view):
            return (
                f"{share:.0%} of {name}'s activations are zero: press "
                f"{key_of('next_activation')} for leaky_relu, or {key_of('next_init')}."
            )
    return ""


def _overfits(view: RunView, config: dict[str, Any]) -> str:
    without_masks = view.train_accuracy_eval  # measured where there is dropout
    train = without_masks.last if len(without_masks) else view.train_accuracy.last
    test = view.test_accuracy.last
    if not train - test > _GAP:
        return ""
    return (
        f"Train accuracy is {100 * (train - test):.0f} points above test: "
        f"{key_of('more_dropout')} (dropout) or {key_of('more_decay')} (decay) may narrow that."
    )


def _default(view: RunView, config: dict[str, Any]) -> str:
    if config.get("init") == "normal" and config.get("hidden"):
        menu = key_of("init_menu")
        return f"Press {menu} and choose He (kaiming_normal), {_more()}."
    if not config.get("hidden"):
        return f"Press {key_of('deeper')} for a hidden layer, {_more()}."
    return f"Press {key_of('next_activation')} for another activation, {_more()}."


def _more() -> str:
    return f"or {key_of('more_epochs')} for ten more epochs"


def _learns_badly(view: RunView) -> bool:
    return view.train_accuracy.last < 0.5


_RULES: tuple[Rule, ...] = (
    _diverged,
    _copies,
    _linear,
    _faint_gradient,
    _dead,
    _overfits,
    _default,
)
