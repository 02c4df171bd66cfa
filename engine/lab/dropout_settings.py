"""What the dropout experiment lets a person choose."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.config import RunConfig
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check, setting_of

_RATES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)
_AUTO = {"auto": 0}


class DropoutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which units are dropped, and on what the nets are trained."""

    p1: Annotated[
        float,
        Setting(
            "probability that a unit of hidden1 is dropped", ge=0, le=1, key="p", ladder=_RATES
        ),
    ] = 0.2
    p2: Annotated[
        float,
        Setting(
            "probability that a unit of hidden2 is dropped", ge=0, le=1, key="d", ladder=_RATES
        ),
    ] = 0.5
    examples: Annotated[
        int,
        Setting(
            "training examples, at most",
            ge=1,
            words={"all": 0},
            key="n",
            ladder=(200, 500, 1000, 2000, 5000, 0),
        ),
    ] = 1000
    nets: Annotated[
        int,
        Setting(
            "pairs of nets, with and without; auto is 4 on few examples, 2 beyond 10,000",
            ge=1,
            le=64,
            words=_AUTO,
            key="g",
            ladder=(0, 1, 2, 4, 8),
        ),
    ] = 0
    lr: Annotated[
        float,
        Setting(
            "learning rate; auto is the book's .5 beyond 10,000 examples, else .1",
            gt=0,
            words={"auto": 0.0},
            key="u",
            ladder=(0.0, 0.05, 0.1, 0.2, 0.5),
        ),
    ] = 0.0
    epochs: Annotated[
        int,
        Setting(
            "passes over the examples; auto is the book's 10 beyond 10,000 examples, else as many "
            "as make 1,200 updates, 300 at most",
            ge=1,
            words=_AUTO,
            key="t",
            ladder=(0, 10, 30, 100, 300),
        ),
    ] = 0
    width: Annotated[
        int,
        Setting(
            "units of a hidden layer; auto is the book's 256 beyond 10,000 examples, else 128",
            ge=1,
            le=1024,
            words=_AUTO,
            key="w",
            ladder=(0, 64, 128, 256, 512),
        ),
    ] = 0
    batch_size: Annotated[
        int,
        Setting(
            "examples in a minibatch; auto is the book's 256 beyond 10,000 examples, else 128",
            ge=1,
            le=10_000,
            words=_AUTO,
        ),
    ] = 0
    masks: Annotated[
        int,
        Setting("masks drawn of 256 units, and of the linear model's inputs", ge=1, le=1_000_000),
    ] = 4000
    test_examples: Annotated[int, Setting("test examples that nets are tested on", ge=1)] = 2000
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    device: Annotated[str, setting_of(RunConfig, "device")] = "cpu"
    seed: Annotated[int, seed_of("images, weights, order and masks")] = 0
    pace: Annotated[float, pace_of("updates")] = 30.0

    def __post_init__(self) -> None:
        check(self)
