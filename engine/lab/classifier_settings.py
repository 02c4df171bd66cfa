"""Which classifier an experiment on distribution shift puts to the test."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.config import RunConfig
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, setting_of


class ClassifierSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A net with one hidden layer and its training; a settings class adds what is done to it.

    With the defaults it comes to .828 on Fashion-MNIST, within half a second.
    """

    train_examples: Annotated[
        int, Setting("training examples of the classifier, at most", ge=1, le=60_000)
    ] = 20_000
    width: Annotated[int, Setting("hidden units of the classifier", ge=1, le=4096)] = 128
    epochs: Annotated[int, Setting("passes over its training examples", ge=1, le=100)] = 3
    batch_size: Annotated[int, Setting("examples in a minibatch", ge=1, le=10_000)] = 64
    lr: Annotated[
        float, Setting("its learning rate, which falls to 0 along half a cosine", gt=0, le=10)
    ] = 0.1
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    seed: Annotated[int, seed_of("the classifier and of all draws", key="u")] = 0
    pace: Annotated[float, pace_of("steps")] = 2.0
