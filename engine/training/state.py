"""What a checkpoint holds besides tensors, and how a run goes on from one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from torch import Tensor

from engine.config import RunConfig
from engine.errors import BadInput
from engine.store.checkpoint import Start
from engine.training.epochs import Tally
from engine.training.stepper import Stepper

_KEY = "state"


class Progress(msgspec.Struct):
    """Where a run stands: updates made, and the sums of the epoch under way."""

    step: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)


class _Meta(msgspec.Struct):
    config: dict[str, object]
    digest: str
    progress: Progress


def to_meta(config: RunConfig, digest: str, progress: Progress) -> dict[str, str]:
    """The text beside the tensors of a checkpoint; `digest` is that of the data."""
    meta = _Meta(msgspec.to_builtins(config), digest, progress)
    return {_KEY: msgspec.json.encode(meta).decode()}


def from_start(start: Start, config: RunConfig, digest: str) -> tuple[Progress, list[str]]:
    """Where the saved run stood, and what will not go on exactly as it would have.

    Raises:
        BadInput: when the saved state does not belong to this data or cannot be read.
    """
    try:
        meta = msgspec.json.decode(start.meta[_KEY], type=_Meta)
    except (KeyError, msgspec.DecodeError) as error:
        raise BadInput(
            f"run {start.run_id} was saved in a form this version cannot read: {error}"
        ) from error
    saved = meta.config
    if meta.digest != digest:
        raise BadInput(
            f"run {start.run_id} was trained on other data than {config.data!r} gives now; "
            "continue with the data it had, or start afresh"
        )
    if saved.get("batch_size") != config.batch_size:
        raise BadInput(
            f"run {start.run_id} has batch_size = {saved.get('batch_size')}: its place in the "
            f"data means nothing with batch_size = {config.batch_size}"
        )
    notes = []
    if saved.get("optimizer") != config.optimizer or saved.get("momentum") != config.momentum:
        notes.append("the optimizer differs from the saved one, so its state starts from zero")
    return meta.progress, notes


def load(stepper: Stepper, start: Start, fresh_optimizer: bool) -> None:
    """Put a saved state into a stepper.

    Raises:
        BadInput: when a tensor is missing or has another shape.
    """
    for name, tensor in stepper.tensors().items():
        if fresh_optimizer and name.startswith("optimizer/"):
            continue
        tensor.copy_(_fitting(start, name, tensor))
    stepper.batches.load_state(_under(start.tensors, "batches/"))
    masks = start.tensors.get("dropout")
    if masks is None:
        raise BadInput(f"the saved state of run {start.run_id} has no dropout generator")
    if masks.shape == stepper.dropout.get_state().shape:  # else it comes from another device
        stepper.dropout.set_state(masks)


def saved(stepper: Stepper) -> dict[str, Tensor]:
    """The complete state, as `load` takes it back; weights are [fan_out, fan_in]."""
    batches = {f"batches/{name}": t for name, t in stepper.batches.state().items()}
    return {**stepper.tensors(), **batches, "dropout": stepper.dropout.get_state()}


def _fitting(start: Start, name: str, wanted: Tensor) -> Tensor:
    tensor = start.tensors.get(name)
    if tensor is None:
        raise BadInput(f"the saved state of run {start.run_id} has no {name}")
    if tensor.shape != wanted.shape:
        raise BadInput(
            f"{name} of run {start.run_id} is {_shape(tensor)} but this network needs "
            f"{_shape(wanted)}; continue with the sizes it was trained with"
        )
    return tensor


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
