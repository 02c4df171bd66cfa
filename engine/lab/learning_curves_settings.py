"""What the learning curves let a person choose."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.config import RunConfig
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check, setting_of

_INITIALIZERS = ("kaiming_normal", "normal", "xavier_uniform", "torch_default")


class LearningCurvesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The net, how it is trained, and when it stops."""

    examples: Annotated[
        int,
        Setting(
            "training examples of the net that is watched; those held out are not among them",
            ge=2,
            key="n",
            ladder=(200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000),
        ),
    ] = 5000
    validation: Annotated[
        int,
        Setting(
            "training examples held out to choose the epoch; auto is 5,000, at most a sixth",
            ge=1,
            words={"auto": 0},
            key="a",
            ladder=(100, 500, 1000, 2000, 5000, 10_000),
        ),
    ] = 0
    patience: Annotated[
        int,
        Setting(
            "epochs without a new least validation loss after which training stops",
            ge=1,
            words={"off": 0},
            key="p",
            ladder=(1, 2, 3, 5, 10, 20, 0),
        ),
    ] = 10
    epochs: Annotated[
        int,
        Setting("epochs at most", ge=1, le=10_000, key="f", ladder=(10, 20, 50, 100, 200, 500)),
    ] = 100
    runs: Annotated[
        int,
        Setting(
            "nets at each number of examples, each with a split, order and weights of its own",
            ge=1,
            le=100,
            key="t",
            ladder=(1, 2, 3, 5, 10),
        ),
    ] = 2
    width: Annotated[
        int, Setting("hidden units", ge=1, le=4096, key="w", ladder=(16, 32, 64, 128, 256, 512))
    ] = 128
    init: Annotated[
        str,
        Setting(
            "weight initializer", choices=_INITIALIZERS, key="i", aliases={"he": "kaiming_normal"}
        ),
    ] = "kaiming_normal"
    lr: Annotated[
        float,
        Setting("learning rate", gt=0, le=10, key="v", ladder=(0.003, 0.01, 0.03, 0.1, 0.3)),
    ] = 0.03
    batch_size: Annotated[
        int,
        Setting(
            "examples in a minibatch", ge=1, le=10_000, key="z", ladder=(8, 16, 32, 64, 128, 256)
        ),
    ] = 32
    dropout: Annotated[
        float,
        Setting(
            "probability that a hidden unit is dropped",
            ge=0,
            le=1,
            key="d",
            ladder=(0.0, 0.2, 0.5, 0.8),
        ),
    ] = 0.0
    weight_decay: Annotated[
        float,
        Setting(
            "λ of the L2 penalty λ/2·‖W‖²",
            ge=0,
            key="g",
            ladder=(0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        ),
    ] = 0.0
    budget: Annotated[
        int,
        Setting(
            "examples trained on, an epoch counting each once, after which no further net is begun",
            ge=0,
        ),
    ] = 1_500_000
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    device: Annotated[str, setting_of(RunConfig, "device")] = "cpu"
    seed: Annotated[
        int,
        seed_of(
            "the first net's split, weights and order; the others have the next ones",
            key="u",
            below=2**62,
        ),
    ] = 0
    pace: Annotated[float, pace_of("epochs")] = 0.0

    def __post_init__(self) -> None:
        check(self)
