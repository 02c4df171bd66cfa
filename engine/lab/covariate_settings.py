"""The settings of covariate shift; menus read them, so that no tensors are loaded here."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.errors import BadInput
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check

FUNCTIONS = {"cubic": (0.0, -1.0, 0.0, 1.0), "square": (0.0, 0.0, 1.0), "line": (0.0, 1.0)}
"""The coefficients of 1, x, x², x³ of what is learned."""
DEGREES = {"linear": 1, "quadratic": 2}
MOST = 2**22  # examples in all
_SIZES = (50, 100, 200, 500, 1000, 2000, 5000)


class CovariateShiftSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the inputs go, what is learned, and how the weights are had."""

    function: Annotated[
        str,
        Setting("what a line is fitted to: x³ − x, x², or x", choices=tuple(FUNCTIONS), key="f"),
    ] = "cubic"
    mean: Annotated[
        float,
        Setting(
            "mean of the target's inputs; the source has 0",
            ge=-4,
            le=4,
            key="a",
            ladder=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
        ),
    ] = 1.0
    std: Annotated[
        float,
        Setting(
            "standard deviation of the target's inputs; the source has 1",
            ge=0.3,
            le=3,
            key="d",
            ladder=(0.5, 0.7, 1.0, 1.2, 1.5),
        ),
    ] = 0.7
    weights: Annotated[
        str,
        Setting(
            "from a domain classifier, the true ratio of densities, or none",
            choices=("classifier", "true", "none"),
            key="w",
        ),
    ] = "classifier"
    features: Annotated[
        str,
        Setting("the classifier's: 1, x, x² or 1, x", choices=("quadratic", "linear"), key="t"),
    ] = "quadratic"
    clip: Annotated[
        float,
        Setting(
            "largest weight; off leaves all as they are",
            gt=0,
            words={"off": 0.0},
            key="p",
            ladder=(0.0, 1.0, 2.0, 5.0, 10.0),
        ),
    ] = 0.0
    n: Annotated[
        int, Setting("labelled examples of the source", ge=20, le=20_000, key="n", ladder=_SIZES)
    ] = 1000
    m: Annotated[
        int,
        Setting("unlabelled examples of the target", ge=20, le=20_000, key="u", ladder=_SIZES),
    ] = 500
    noise: Annotated[
        float,
        Setting("std of the labels' noise", ge=0, le=10, key="z", ladder=(0.0, 0.1, 0.3, 1.0, 3.0)),
    ] = 0.1
    seeds: Annotated[
        int, Setting("runs side by side", ge=2, le=1000, key="g", ladder=(20, 50, 100, 200))
    ] = 100
    stops: Annotated[int, Setting("stops on the way to the shift", ge=1, le=200)] = 30
    seed: Annotated[int, seed_of("all draws")] = 0
    pace: Annotated[float, pace_of("stops")] = 8.0

    def __post_init__(self) -> None:
        check(self)
        if (self.n + self.m) * self.seeds > MOST:
            raise BadInput(
                f"seeds = {self.seeds} of n + m = {self.n + self.m:,} examples are more than "
                f"{MOST:,} in all: take fewer seeds or examples"
            )
