"""A run from its first event to its last, and what happened to it on the way."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.events.base import Event

Outcome = Literal["completed", "stopped", "diverged", "failed", "interrupted"]
Level = Literal["info", "warning", "error"]


class Layer(msgspec.Struct, frozen=True, gc=False):
    """One affine layer: its name, its weight's shape [fan_out, fan_in] and its parameter count."""

    name: str
    fan_in: int
    fan_out: int
    parameters: int
    activation: str
    initializer: str


class DatasetInfo(msgspec.Struct, frozen=True, gc=False):
    """What is trained on. `classes` are names for people, cleaned of control characters."""

    name: str
    train_examples: int
    test_examples: int
    features: int
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    source: str
    digest: str


class RunStarted(Event, frozen=True, kw_only=True):
    """The first event of every run.

    `continues` names the run whose final state this one starts from ("" for a fresh start), and
    `first_step` is the number of updates that state has already seen.
    """

    run_id: str
    experiment: str
    config: dict[str, Any]
    layers: tuple[Layer, ...] = ()
    dataset: DatasetInfo | None = None
    device: str = ""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    numerics: dict[str, str] = msgspec.field(default_factory=dict)
    steps_per_epoch: int = 0
    total_steps: int = 0
    first_step: int = 0
    continues: str = ""


class ControlApplied(Event, frozen=True, kw_only=True):
    """A person's request and what came of it, at the step boundary where it took effect.

    `before` and `after` are spelled for people; a request that changed nothing has them equal
    and says why in `note`.
    """

    step: int
    what: str
    before: str = ""
    after: str = ""
    note: str = ""
    request: int = 0


class CheckpointSaved(Event, frozen=True, kw_only=True):
    """The complete state after `step` updates, in `file` relative to the run's directory.

    `sha256` is the file's. `state` is a digest of the state itself, without clock times: two runs
    are the same bit for bit if and only if theirs are. `best` says that no epoch before had a
    lower test loss; the files of older ones are deleted. The last two files and the best stay.
    """

    step: int
    file: str
    sha256: str
    state: str = ""
    best: bool = False


class Noted(Event, frozen=True, kw_only=True):
    """A line for the log, e.g. which product kernel runs and why.

    `about`, of an error, is what it has happened to: a later success there takes it back.
    """

    text: str
    level: Level = "info"
    about: Literal["", "checkpoint", "record"] = ""


class RunFinished(Event, frozen=True, kw_only=True):
    """The last event of every run that ended by itself or was ended in order.

    `detail` is a sentence a person can read; `step` counts all updates so far.
    """

    outcome: Outcome
    detail: str
    step: int = 0
