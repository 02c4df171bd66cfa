"""What a checkpoint holds, and how it is put back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from torch import Tensor

from engine.config import RunConfig
from engine.errors import BadInput
from engine.store.checkpoint import Start
from engine.training.epochs import Tally
from engine.training.stepper import Stepper

FORM = 2
_KEY = "state"


class Best(msgspec.Struct, frozen=True):
    """The lowest test loss so far (nats), and after which epoch and update it was."""

    loss: float
    epoch: int
    step: int


class Progress(msgspec.Struct):
    """Where a run stands: updates made, the sums of the epoch under way, and the best so far.

    What stopping early counts belongs here as well.
    """

    step: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    best: Best | None = None


class Steered(msgspec.Struct, frozen=True):
    """What a person may have changed: base learning rate, pace (steps/s) and the last epoch."""

    lr: float
    pace: float
    epochs: int


class Meta(msgspec.Struct):
    """What lies beside the tensors.

    `digest` is that of the data, `circumstances` what else can change a bit. A state of form 1
    has only the first three, and cannot be resumed.
    """

    config: dict[str, object]
    digest: str
    progress: Progress
    steered: Steered | None = None
    circumstances: dict[str, str] = {}
    form: int = 1

    def encoded(self) -> dict[str, str]:
        """As a checkpoint keeps it."""
        return {_KEY: msgspec.json.encode(self).decode()}

    def canonical(self) -> bytes:
        """What belongs to the state itself, without what clocks say or a person sees."""
        progress, tally, steered = self.progress, self.progress.tally, self.steered
        rest = {
            "data": self.digest,
            "step": progress.step,
            "tally": [tally.loss, tally.correct, tally.examples],
            "best": progress.best,
            "lr": steered.lr if steered else None,
            "epochs": steered.epochs if steered else None,
        }
        return msgspec.json.encode(rest)


def meta_of(start: Start) -> Meta:
    """What lies beside the tensors of a saved state.

    Raises:
        BadInput: when it cannot be read.
    """
    try:
        meta = msgspec.json.decode(start.meta[_KEY], type=Meta)
    except (KeyError, ValueError, RecursionError) as error:
        raise BadInput(
            f"run {start.run_id} was saved in a form this version cannot read: {error}"
        ) from error
    if meta.form > FORM:
        raise BadInput(
            f"run {start.run_id} was saved by a newer version, in form {meta.form}; "
            f"this one reads forms up to {FORM}"
        )
    return meta


def check_data(start: Start, meta: Meta, config: RunConfig, digest: str) -> None:
    """Refuse to go on with other data or other minibatches than the saved state had.

    Raises:
        BadInput: saying which.
    """
    if meta.digest != digest:
        raise BadInput(
            f"run {start.run_id} was trained on other data than {config.data!r} gives now; "
            "continue with the data it had, or start afresh"
        )
    if meta.config.get("batch_size") != config.batch_size:
        raise BadInput(
            f"run {start.run_id} has batch_size = {meta.config.get('batch_size')}: its place in "
            f"the data means nothing with batch_size = {config.batch_size}"
        )


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


def copied(stepper: Stepper) -> dict[str, Tensor]:
    """The complete state as copies on the CPU, which the steps to come leave alone."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in saved(stepper).items()}


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
