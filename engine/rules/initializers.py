"""Weight initializers, each with its formula, gain and source.

A weight has shape [fan_out, fan_in] (out × in), as in ``torch.nn.Linear``, and a stack of weights
[..., fan_out, fan_in] is filled at once. Every random number comes from the generator that is
passed in; the global one is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Draw:
    """What a rule may depend on besides the shape: the settings' std and constant."""

    std: float
    constant: float


Fill = Callable[["Tensor", Draw, "Generator"], object]
Variance = Callable[[int, int, Draw], float]


@dataclass(frozen=True)
class Initializer:
    """A rule that fills a weight in place.

    `fill(weight, draw, generator)` takes weights of shape [..., fan_out, fan_in]. `variance(fan_in,
    fan_out, draw)` is the exact variance of one entry (before any calibration). `calibrated` marks
    rules that look at data after filling (LSUV). `gain` is the rms of an entry times the root of
    the fan that the rule counts. `uses` names the setting that the rule reads, if any.
    """

    name: str
    formula: str
    gain: str
    source: str
    fill: Fill
    variance: Variance
    aliases: tuple[str, ...] = ()
    uses: str = ""
    calibrated: bool = False


def _normal(variance: Variance) -> Fill:
    def fill(weight: Tensor, draw: Draw, generator: Generator) -> object:
        fan_out, fan_in = weight.shape[-2:]
        return weight.normal_(0, math.sqrt(variance(fan_in, fan_out, draw)), generator=generator)

    return fill


def _uniform(variance: Variance) -> Fill:
    def fill(weight: Tensor, draw: Draw, generator: Generator) -> object:
        fan_out, fan_in = weight.shape[-2:]
        bound = math.sqrt(3 * variance(fan_in, fan_out, draw))  # U(−b, b) has variance b²/3
        return weight.uniform_(-bound, bound, generator=generator)

    return fill


def _orthogonal(weight: Tensor, draw: Draw, generator: Generator) -> object:
    import torch

    *stack, rows, columns = weight.shape
    tall = weight.new_empty(*stack, max(rows, columns), min(rows, columns))
    q, r = torch.linalg.qr(tall.normal_(generator=generator))
    # makes the draw uniform (Haar), Mezzadri 2007
    q = q * r.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]
    return weight.copy_(q if rows >= columns else q.mT)


def _orthogonal_entry(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 1 / max(fan_in, fan_out)


def _xavier(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 2 / (fan_in + fan_out)


def _he_in(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 2 / fan_in


def _he_out(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 2 / fan_out


def _lecun(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 1 / fan_in


def _torch_default(fan_in: int, fan_out: int, draw: Draw) -> float:
    return 1 / (3 * fan_in)


_GLOROT = "Glorot and Bengio 2010, eq. 12 and 16"
_HE = "He et al. 2015, eq. 10 and 14"
_ALL = (
    Initializer(
        "normal",
        "N(0, std²)",
        "std·√fan_in",
        "d2l chapter 4: std = 0.01",
        lambda w, draw, g: w.normal_(0, draw.std, generator=g),
        lambda i, o, draw: draw.std**2,
        ("gaussian",),
        uses="init_std",
    ),
    Initializer(
        "zeros",
        "0",
        "0",
        "the symmetric start that never parts",
        lambda w, draw, g: w.zero_(),
        lambda i, o, draw: 0.0,
        ("zero",),
    ),
    Initializer(
        "constant",
        "c",
        "c·√fan_in",
        "d2l 4.8.1.3: symmetry",
        lambda w, draw, g: w.fill_(draw.constant),
        lambda i, o, draw: 0.0,
        ("const",),
        uses="init_constant",
    ),
    Initializer(
        "xavier_uniform",
        "U(−b, b), b = √(6/(fan_in + fan_out))",
        "1",
        _GLOROT,
        _uniform(_xavier),
        _xavier,
        ("xavier", "glorot", "glorot_uniform"),
    ),
    Initializer(
        "xavier_normal",
        "N(0, 2/(fan_in + fan_out))",
        "1",
        _GLOROT,
        _normal(_xavier),
        _xavier,
        ("glorot_normal",),
    ),
    Initializer(
        "kaiming_uniform",
        "U(−b, b), b = √(6/fan_in)",
        "√2",
        _HE,
        _uniform(_he_in),
        _he_in,
        ("he_uniform",),
    ),
    Initializer(
        "kaiming_normal",
        "N(0, 2/fan_in)",
        "√2",
        _HE,
        _normal(_he_in),
        _he_in,
        ("he", "kaiming", "he_normal"),
    ),
    Initializer(
        "kaiming_uniform_fan_out",
        "U(−b, b), b = √(6/fan_out)",
        "√2",
        _HE,
        _uniform(_he_out),
        _he_out,
        ("he_uniform_fan_out",),
    ),
    Initializer(
        "kaiming_normal_fan_out",
        "N(0, 2/fan_out)",
        "√2",
        _HE,
        _normal(_he_out),
        _he_out,
        ("he_fan_out", "he_normal_fan_out"),
    ),
    Initializer(
        "lecun_normal",
        "N(0, 1/fan_in)",
        "1",
        "LeCun et al. 1998, Efficient BackProp, eq. 16",
        _normal(_lecun),
        _lecun,
        ("lecun",),
    ),
    Initializer(
        "orthogonal",
        "QᵀQ = 1 (or QQᵀ = 1)",
        "1",
        "Saxe et al. 2014",
        _orthogonal,
        _orthogonal_entry,
        ("ortho",),
    ),
    Initializer(
        "lsuv",
        "orthogonal, then each layer scaled until Var[z] = 1 on a batch",
        "from data",
        "Mishkin and Matas 2016",
        _orthogonal,
        _orthogonal_entry,
        calibrated=True,
    ),
    Initializer(
        "torch_default",
        "U(−b, b), b = 1/√fan_in",
        "1/√3",
        "torch.nn.Linear: kaiming_uniform with a = √5",
        _uniform(_torch_default),
        _torch_default,
        (
            "default",
            "torch",
            "pytorch",
        ),
    ),
)
INITIALIZERS: dict[str, Initializer] = {i.name: i for i in _ALL}
ALIASES: dict[str, str] = {alias: i.name for i in _ALL for alias in i.aliases}
