"""Settings that several experiments have, each described once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.rules.activations import ACTIVATIONS, ALIASES
from engine.schema import Setting

BY_RULE = tuple(name for name, known in ACTIVATIONS.items() if known.derivative)
"""Activations that have their derivative written down, for a backward pass without autograd."""
SIZES = (200, 500, 1000, 2000, 5000, 10_000)
"""Rungs for a number of examples."""


def pace_of(units: str) -> Setting:
    """How many `units` are shown per second; 0 is as many as are computed."""
    return Setting(f"{units} per second; full is as fast as it goes", gt=0, words={"full": 0.0})


def seed_of(what: str, key: str = "", below: int = 2**63) -> Setting:
    """The seed of `what`, with a key to turn it where one is given."""
    rungs = tuple(range(10)) if key else ()
    return Setting(f"seed of {what}", ge=0, lt=below, key=key, ladder=rungs)


def class_of(what: str, key: str, auto: str = "") -> Setting:
    """A class of the data set by its number; that the set has so many is checked at the start.

    With `auto`, which says what is taken then, ``auto`` is one of its values: -1.
    """
    told = f"{what}, counted from 0" + (f"; auto is {auto}" if auto else "")
    words: dict[str, Any] = {"auto": -1} if auto else {}
    rungs = (*words.values(), *range(10))
    return Setting(told, ge=0, le=999, words=words, key=key, ladder=rungs)


def activation_of(what: str, names: Iterable[str] = ACTIVATIONS) -> Setting:
    """An activation function out of `names`, which a key turns."""
    return Setting(what, choices=tuple(names), aliases=ALIASES, key="a")
