"""What one linear layer does to variances, forward and backward, for every initializer.

Var[o] = fan_in·Var[w]·E x² and E δx² = fan_out·Var[w]·E δo² (Glorot and Bengio 2010, eq. 2–10).
Both are 1 only when fan_in = fan_out; Xavier's 2/(fan_in + fan_out) makes their mean 1 and neither
of them. A net of ReLU layers needs 2 where a linear one needs 1 (He et al. 2015, eq. 10 and 14).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import BadInput
from engine.rules.initializers import INITIALIZERS, Draw, Initializer

D2L = Draw(std=0.01, constant=0.01)


@dataclass(frozen=True)
class LayerGain:
    """Factors on second moments per entry: `forward` = fan_in·Var[w], `backward` = fan_out·Var[w].

    `exact` is False for an initializer that looks at data after its draw (the gains are those
    before it) or whose entries do not have mean zero (they add up instead of cancelling: a layer's
    outputs are all alike, and no variance tells their size).
    """

    initializer: str
    fan_in: int
    fan_out: int
    variance: float
    forward: float
    backward: float
    exact: bool


def layer_gain(rule: Initializer, fan_in: int, fan_out: int, draw: Draw = D2L) -> LayerGain:
    """Both gains of a [fan_out, fan_in] weight; 784→256 by Xavier: 1.508 and .492.

    Raises:
        BadInput: for fans below 1.
    """
    if fan_in < 1 or fan_out < 1:
        raise BadInput(f"a layer has at least 1 input and 1 unit, not {fan_in} and {fan_out}")
    variance = rule.variance(fan_in, fan_out, draw)
    exact = not rule.calibrated and rule.uses != "init_constant"
    return LayerGain(
        rule.name, fan_in, fan_out, variance, fan_in * variance, fan_out * variance, exact
    )


def layer_gains(fan_in: int, fan_out: int, draw: Draw = D2L) -> tuple[LayerGain, ...]:
    """The gains of every initializer, in the order of the menu."""
    return tuple(layer_gain(rule, fan_in, fan_out, draw) for rule in INITIALIZERS.values())


def compromise(fan_in: int, fan_out: int) -> tuple[float, float]:
    """Forward and backward gain of Xavier, 2·fan_in/(fan_in + fan_out) and 2·fan_out/(...).

    They add up to 2: what one direction gains, the other loses.
    """
    return 2 * fan_in / (fan_in + fan_out), 2 * fan_out / (fan_in + fan_out)


def gain_tolerance(entries: int, sigmas: float = 5.0) -> float:
    """Relative deviation of a gain measured on `entries` independent Gaussian outputs.

    The mean of `entries` squares of N(0, 1) has variance 2/entries.
    """
    return sigmas * math.sqrt(2 / entries)
