"""What the propagation experiment lets a person choose."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.lab.common_settings import activation_of, pace_of, seed_of
from engine.rules import initializers
from engine.schema import Setting, check, setting_of

MOST_WEIGHTS = 2**27  # of one layer of all nets: a second or two of drawing
MOST_UNITS = 2**26  # of all layers of all nets, for each input
CALIBRATION_INPUTS = 32
GAUSSIAN = "gaussian"


class PropagationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which networks, on which inputs."""

    init: Annotated[
        str,
        Setting(
            "weight initializer",
            choices=tuple(initializers.INITIALIZERS),
            aliases=initializers.ALIASES,
            key="i",
        ),
    ] = "kaiming_normal"
    activation: Annotated[str, activation_of("activation function of the hidden layers")] = "relu"
    depth: Annotated[
        int,
        Setting("hidden layers", ge=1, le=500, key="d", ladder=(1, 2, 5, 10, 20, 50, 100, 200)),
    ] = 20
    width: Annotated[
        int,
        Setting("units of a hidden layer", ge=2, le=4096, key="w", ladder=(16, 32, 64, 128, 256)),
    ] = 128
    nets: Annotated[
        int, Setting("networks drawn at once", ge=1, le=10_000, key="n", ladder=(10, 30, 100, 400))
    ] = 100
    bias_std: Annotated[
        float,
        Setting(
            "σb, the standard deviation of a bias",
            ge=0,
            le=10,
            key="v",
            ladder=(0.0, 0.1, 0.2, 0.3, 0.5, 1.0),
        ),
    ] = 0.0
    init_std: Annotated[
        float,
        Setting(
            "std of init normal",
            ge=0,
            le=1e3,
            key="g",
            ladder=(0.001, 0.01, 0.05, 0.1, 0.125, 0.15, 0.2, 1.0),
        ),
    ] = 0.01
    init_constant: Annotated[float, Setting("the value of init constant", ge=-1e3, le=1e3)] = 0.01
    data: Annotated[
        str,
        Setting(
            "the two inputs: gaussian, or two examples of a data set; "
            "auto takes fashion-mnist if it is on this machine, otherwise synthetic",
            choices=(GAUSSIAN, "auto", "synthetic", "fashion-mnist", "mnist", "kmnist"),
            key="t",
            ladder=(GAUSSIAN, "auto"),
        ),
    ] = GAUSSIAN
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    second_moment: Annotated[
        float, Setting("mean square of an entry of a Gaussian input", gt=0, le=1e6)
    ] = 1.0
    correlation: Annotated[
        float,
        Setting(
            "of the two Gaussian inputs",
            ge=-1,
            le=1,
            key="p",
            ladder=(-0.5, 0.0, 0.5, 0.9, 0.99),
        ),
    ] = 0.5
    seed: Annotated[int, seed_of("all draws", key="u")] = 0
    pace: Annotated[float, pace_of("layers")] = 20.0

    def __post_init__(self) -> None:
        check(self)
        if self.nets * self.width**2 > MOST_WEIGHTS:
            raise BadInput(
                f"nets = {self.nets} with layers of width = {self.width} are more than the "
                f"{MOST_WEIGHTS:,} weights drawn for a layer: take fewer nets or a smaller width"
            )
        if self.inputs * self.nets * self.width * self.depth > MOST_UNITS:
            raise BadInput(
                f"nets = {self.nets} with depth = {self.depth} layers of width = {self.width} are "
                f"more than the {MOST_UNITS // self.inputs:,} units held at once: take fewer of any"
            )
        if self.calibrated and self.bias_std >= 1:
            raise BadInput(
                f"bias_std = {self.bias_std:g} leaves init {self.init} nothing to scale: biases "
                "alone have a variance of at least 1; take a bias_std below 1"
            )

    @property
    def calibrated(self) -> bool:
        """Whether the initializer looks at inputs."""
        return initializers.INITIALIZERS[self.init].calibrated

    @property
    def inputs(self) -> int:
        """The two that are followed, and those that calibration needs besides."""
        return CALIBRATION_INPUTS if self.calibrated else 2
