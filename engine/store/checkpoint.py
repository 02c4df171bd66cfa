"""Checkpoints: the complete state of a run in a safetensors file whose digest is in the log.

Neither torch nor safetensors notices a flipped bit, so nothing is loaded that does not have the
SHA-256 which the run's log gives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import BadInput
from engine.events import CheckpointSaved
from engine.store.files import TEMPORARY, sync_directory, write_whole
from engine.store.layout import CHECKPOINTS, LOG, run_directory
from engine.store.reader import read

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 2
_NAME = re.compile(r"step-(\d+)\.safetensors")


@dataclass(frozen=True)
class Start:
    """The state a run goes on from: that of `run_id` after `step` updates."""

    run_id: str
    tensors: Mapping[str, Tensor]
    meta: Mapping[str, str]
    step: int = 0


def save(
    directory: Path, step: int, tensors: Mapping[str, Tensor], meta: Mapping[str, str]
) -> CheckpointSaved:
    """Write the state after `step` updates into a run's directory, and keep the last two.

    The tensors may live on any device and may share memory. Yield the returned event: without it
    in the log the file cannot be loaded.

    Raises:
        OSError: when the file cannot be written; the ones before it still stand.
    """
    from safetensors.torch import save as to_bytes

    copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
    data = to_bytes({name: copy.contiguous() for name, copy in copies.items()}, dict(meta))
    folder = directory / CHECKPOINTS
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"step-{step}.safetensors"
    write_whole(path, data)
    _forget_older(folder)
    return CheckpointSaved(
        step=step, file=f"{CHECKPOINTS}/{path.name}", sha256=hashlib.sha256(data).hexdigest()
    )


def load(
    directory: Path, event: CheckpointSaved | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the meta of a checkpoint; the newest when none is named.

    Raises:
        BadInput: when there is none, or it is not what was recorded.
    """
    from safetensors.torch import load as from_bytes

    event = event or newest(directory)
    path = directory / CHECKPOINTS / _plain_name(event)
    try:
        data = path.read_bytes()  # not a map: a file that shrinks under a map kills the process
    except OSError as error:
        raise BadInput(f"checkpoint {path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != event.sha256:
        raise BadInput(
            f"checkpoint {path} is damaged: its SHA-256 is not the one in the run's log; "
            "start from another run"
        )
    return from_bytes(data), _meta(data)


def newest(directory: Path) -> CheckpointSaved:
    """The last checkpoint that a run's log tells of.

    Raises:
        BadInput: when there is no such run or it saved none.
    """
    try:
        saved = [event for event in read(directory / LOG) if isinstance(event, CheckpointSaved)]
    except OSError as error:
        raise BadInput(f"run {directory.name} has no readable log: {error.strerror}") from error
    if not saved:
        raise BadInput(f"run {directory.name} saved no checkpoint to go on from")
    return saved[-1]


def start_from(runs: Path, run_id: str) -> Start:
    """The last saved state of a run on this machine.

    Raises:
        BadInput: when there is no such run, it saved no checkpoint, or the file is damaged.
    """
    directory = run_directory(runs, run_id)
    event = newest(directory)
    tensors, meta = load(directory, event)
    return Start(run_id, tensors, meta, event.step)


def _plain_name(event: CheckpointSaved) -> str:
    name = event.file.removeprefix(f"{CHECKPOINTS}/")
    if not _NAME.fullmatch(name):
        raise BadInput(f"checkpoint {event.file!r} does not have the name of a checkpoint")
    return name


def _meta(data: bytes) -> dict[str, str]:
    """The metadata in a safetensors header: a length of 8 bytes, then JSON."""
    header: dict[str, Any] = msgspec.json.decode(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return msgspec.convert(header.get("__metadata__", {}), dict[str, str])


def _forget_older(folder: Path) -> None:
    steps = {
        int(match[1]): path for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))
    }
    for step in sorted(steps)[:-KEPT]:
        steps[step].unlink(missing_ok=True)
    for leftover in folder.glob(f"*{TEMPORARY}"):
        leftover.unlink(missing_ok=True)
    sync_directory(folder)
