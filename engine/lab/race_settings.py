"""What everything that trains several networks together lets a person choose."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.config import RunConfig
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, setting_of


class TogetherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what, how fast and how wide; a settings class adds who trains, and checks itself."""

    width: Annotated[
        int,
        Setting(
            "units of a hidden layer", ge=1, le=4096, key="w", ladder=(16, 32, 64, 128, 256, 512)
        ),
    ] = 128
    lr: Annotated[
        float,
        Setting("learning rate", gt=0, key="n", ladder=(0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)),
    ] = 0.1
    epochs: Annotated[
        int, Setting("passes over the examples", ge=1, le=100, key="t", ladder=(1, 2, 5, 10))
    ] = 1
    batch_size: Annotated[int, Setting("examples in a minibatch", ge=1, le=10_000)] = 64
    train_examples: Annotated[
        int, Setting("training examples, at most", ge=1, words={"all": 0})
    ] = 10_000
    test_examples: Annotated[int, Setting("test examples that accuracy is taken on", ge=1)] = 2_000
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    device: Annotated[str, setting_of(RunConfig, "device")] = "cpu"
    seed: Annotated[int, seed_of("the run's own generators")] = 0
    pace: Annotated[float, pace_of("steps")] = 30.0
