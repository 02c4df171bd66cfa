"""From one run's settings to the next one's: what each switching key does, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS
from engine.schema import Field, differences, fields_of, overlay, spell, turned
from engine.text import clean

MORE_EPOCHS = 10
PACES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 0.0)
"""Steps per second, slow to fast; 0 is as fast as it goes."""

_WIDEST = 65536
_DEEPEST = 64
_FIELDS = {field.name: field for field in fields_of(RunConfig)}
_QUIET = frozenset({"pace", "threads", "matmul", "gradients", "data_dir"})
"""Settings that decide how fast a run goes, or where files lie, not what it learns."""


def next_init(config: RunConfig, by: int = 1) -> RunConfig:
    """The settings with the initializer `by` places further in the list, round and round."""
    return changed(config, init=_neighbour(list(INITIALIZERS), config.init, by))


def next_activation(config: RunConfig, by: int = 1) -> RunConfig:
    """The settings with the activation `by` places further in the list, round and round."""
    return changed(config, activation=_neighbour(list(ACTIVATIONS), config.activation, by))


def deeper(config: RunConfig) -> RunConfig:
    """One more hidden layer, as wide as the last.

    Raises:
        BadInput: at 64 hidden layers.
    """
    if len(config.hidden) >= _DEEPEST:
        raise BadInput(
            f"{_DEEPEST} hidden layers are the most that the key adds; the form takes more"
        )
    last = config.hidden[-1] if config.hidden else 256
    return reshaped(config, (*config.hidden, last))


def shallower(config: RunConfig) -> RunConfig:
    """One hidden layer less.

    Raises:
        BadInput: when there is none left to take away.
    """
    if not config.hidden:
        raise BadInput("there is no hidden layer left: this is softmax regression")
    return reshaped(config, config.hidden[:-1])


def scaled(config: RunConfig, factor: float) -> RunConfig:
    """Every hidden width times `factor`, at least 1.

    Raises:
        BadInput: without a hidden layer, or when a width would leave 1 … 65,536.
    """
    if not config.hidden:
        raise BadInput("there is no hidden layer to make wider or narrower; add one first")
    widths = tuple(max(1, int(width * factor)) for width in config.hidden)
    if widths == config.hidden or max(widths) > _WIDEST:
        raise BadInput(f"hidden widths go from 1 to {_WIDEST:,}")
    return reshaped(config, widths)


def decayed(config: RunConfig, by: int = 1) -> RunConfig:
    """The weight decay `by` rungs further on its ladder.

    Raises:
        BadInput: at the ladder's ends.
    """
    field = _FIELDS["weight_decay"]
    decay = turned(field, config.weight_decay, by)
    return _unless_equal(config, changed(config, weight_decay=decay), field)


def dropped(config: RunConfig, by: int = 1) -> RunConfig:
    """Every hidden layer's probability of dropout `by` rungs further on the ladder.

    Raises:
        BadInput: without a hidden layer, or at the ladder's ends.
    """
    if not config.hidden:
        raise BadInput("there is no hidden layer to drop units of; add one first")
    field = _FIELDS["dropout"]
    rates = tuple(turned(field, rate, by) for rate in config.dropout)
    return _unless_equal(config, changed(config, dropout=rates), field)


def _unless_equal(before: RunConfig, after: RunConfig, field: Field) -> RunConfig:
    if after == before:
        low, *_, high = field.setting.ladder
        name = field.name.replace("_", " ")
        raise BadInput(f"{name} goes from {low:g} to {high:g} by its key; the form takes more")
    return after


def reshaped(config: RunConfig, hidden: tuple[int, ...]) -> RunConfig:
    """Other hidden widths; values given for each layer fall back to the first where they no
    longer fit.
    """
    std, dropout = config.init_std, config.dropout
    return changed(
        config,
        hidden=hidden,
        init_std=std if len(std) in (1, len(hidden) + 1) else std[:1],
        dropout=dropout if len(dropout) in (1, len(hidden)) else dropout[:1] or (0.0,),
    )


def paced(config: RunConfig, by: int) -> RunConfig:
    """The pace `by` places faster (or slower, if negative) in `PACES`, stopping at the ends."""
    return changed(config, pace=next_pace(config.pace, by))


def next_pace(pace: float, by: int) -> float:
    """The pace `by` places faster (or slower, if negative) than this one, stopping at the ends."""
    here = pace or float("inf")
    speeds = [pace or float("inf") for pace in PACES]
    if by > 0:
        faster = [pace for pace in speeds if pace > here]
        chosen = faster[0] if faster else here
    else:
        slower = [pace for pace in speeds if pace < here]
        chosen = slower[-1] if slower else here
    return 0.0 if chosen == float("inf") else chosen


def steered_lr(lr: float, by: int) -> float:
    """The learning rate one 1-2-5 step up or down: 0.1 → 0.2 or 0.05."""
    ladder = [float(f"{digit}e{power}") for power in range(-8, 4) for digit in (1, 2, 5)]
    if by > 0:
        return next((rung for rung in ladder if rung > lr * 1.001), lr)
    return next((rung for rung in reversed(ladder) if rung < lr * 0.999), lr)


def changed(config: RunConfig, **values: Any) -> RunConfig:
    """`config` with fields replaced and checked."""
    return msgspec.structs.replace(config, **values)


def with_preset(config: RunConfig, name: str, values: Mapping[str, Any]) -> RunConfig:
    """`config` under a preset.

    Raises:
        BadInput: naming the preset and the setting that cannot be used.
    """
    return overlay(config, values, f"preset {name}")


def what_changed(before: RunConfig, after: RunConfig) -> str:
    """A line such as "init normal 0.01 → kaiming_normal"; "" when nothing a run learns from
    changed.
    """
    found = [change for change in differences(before, after) if change[0] not in _QUIET]
    varying = [name for name, _, _ in found]
    told = [_spelled(msgspec.to_builtins(config)) for config in (before, after)]
    # With the number that an initializer uses, as the runs themselves are named.
    inits = " → ".join(_worded("init", spelled, varying) for spelled in told)
    return ", ".join(
        f"init {inits}" if name == "init" else f"{name} {' → '.join(_brief(name, *values))}"
        for name, *values in found
    )


def _brief(name: str, old: str, new: str) -> tuple[str, str]:
    """The two values, files without their directories where that tells them apart."""
    files = PurePath(old).name, PurePath(new).name
    return files if name == "data" and files[0] != files[1] else (old, new)


def names(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What tells these runs apart, a short name for each, e.g. "normal 0.01", "lecun_normal".

    Only the settings in which they differ are named; runs that do not differ are numbered.
    """
    if not configs:
        return []
    told = [_spelled(config) for config in configs]
    varying = [
        name for name in told[0] if name not in _QUIET and len({t.get(name, "") for t in told}) > 1
    ]
    labels = [" ".join(_worded(name, t, varying) for name in varying or ("init",)) for t in told]
    return [
        label if labels.count(label) == 1 else f"{label} #{labels[: i + 1].count(label)}"
        for i, label in enumerate(labels)
    ]


def _spelled(config: Mapping[str, Any]) -> dict[str, str]:
    """Every known setting as a person would type it."""
    return {
        name: _typed(field, value)
        for name, field in _FIELDS.items()
        if (value := config.get(name)) is not None
    }


def _typed(field: Field, value: Any) -> str:
    try:
        return spell(field, tuple(value) if isinstance(value, list) else value)
    except (TypeError, ValueError):  # a record may hold anything
        return clean(str(value))


def _worded(name: str, told: Mapping[str, str], varying: Sequence[str]) -> str:
    value = told.get(name, "")
    if name == "init":
        detail = INITIALIZERS[value].uses if value in INITIALIZERS else ""
        return f"{value} {told.get(detail, '')}" if detail and detail not in varying else value
    if name == "hidden":
        return value.replace(",", "-")
    if name == "data":
        return PurePath(value).name
    if name in ("activation", "optimizer", "implementation"):
        return value
    return f"{name} {value}"


def _neighbour(choices: Sequence[str], current: str, by: int) -> str:
    return choices[(choices.index(current) + by) % len(choices)]
