"""Checkpoints: the complete state of a run in a safetensors file whose digest is in the log.

Neither torch nor safetensors notices a flipped bit, so nothing is loaded that does not have the
SHA-256 which the run's log gives.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.events import CheckpointSaved
from engine.store import resuming
from engine.store.files import TEMPORARY, read_plain, write_whole
from engine.store.layout import CHECKPOINTS, LOG, is_own, run_directory
from engine.store.reader import read
from engine.store.tensor_file import checked

if TYPE_CHECKING:
    from torch import Tensor

MOST = 1 << 37
"""Bytes that a checkpoint may have: more than any card's memory holds."""
KEPT = 2
"""The last so many are kept, and the best."""
_NAME = re.compile(r"step-(\d+)(-\d+)?\.safetensors")


@dataclass(frozen=True)
class Start:
    """The state a run goes on from: that of `run_id` after `step` updates.

    With `resume` it goes on as that run would have, with its settings and to its planned end.
    `state` is the digest of the state in that run's log ("" from a version that had none), and
    `warnings` are to be told.
    """

    run_id: str
    tensors: Mapping[str, Tensor]
    meta: Mapping[str, str]
    step: int = 0
    state: str = ""
    resume: bool = False
    warnings: tuple[str, ...] = ()


def save(  # noqa: PLR0913
    directory: Path,
    step: int,
    tensors: Mapping[str, Tensor],
    meta: Mapping[str, str],
    *,
    state: str = "",
    best: bool = False,
) -> CheckpointSaved:
    """Write the state after `step` updates, whose digest is `state`, into a run's directory.

    The tensors may live on any device and may share memory. Yield the returned event: without it
    in the log the file cannot be loaded. No file that is there is touched; see `forget`.

    Raises:
        OSError: when the file cannot be written; the ones before it still stand.
    """
    from safetensors.torch import save as to_bytes

    copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
    data = to_bytes({name: copy.contiguous() for name, copy in copies.items()}, dict(meta))
    folder = directory / CHECKPOINTS
    folder.mkdir(mode=0o700, exist_ok=True)
    path = _unused(folder, step)
    write_whole(path, data)
    return CheckpointSaved(
        step=step,
        file=f"{CHECKPOINTS}/{path.name}",
        sha256=hashlib.sha256(data).hexdigest(),
        state=state,
        best=best,
    )


def worth_keeping(saved: Iterable[CheckpointSaved]) -> list[CheckpointSaved]:
    """Of a run's checkpoints the last two and the best, in their order."""
    ordered = sorted(saved, key=lambda event: event.step)
    best = [event for event in ordered[:-KEPT] if event.best]
    later = any(event.best for event in ordered[-KEPT:])
    return [*([] if later else best[-1:]), *ordered[-KEPT:]]


def forget(directory: Path, kept: Iterable[CheckpointSaved]) -> None:
    """Delete every checkpoint of a run but those `kept`, and what a killed writer left.

    Call it when the newest one is in the log, and while none is being written. What cannot be
    deleted stays, and costs room alone.
    """
    names = {Path(event.file).name for event in kept}
    with contextlib.suppress(OSError):
        for path in (directory / CHECKPOINTS).iterdir():
            if (_NAME.fullmatch(path.name) and path.name not in names) or _leftover(path):
                path.unlink(missing_ok=True)


def load(
    directory: Path, event: CheckpointSaved | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the meta of a checkpoint; the newest when none is named.

    Raises:
        BadInput: when there is none, or it is not what was recorded.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    event = event or newest(directory)
    path = directory / CHECKPOINTS / _plain_name(event)
    try:
        # not a map: a file that shrinks under a map kills the process
        data = read_plain(path, MOST)
    except OSError as error:
        raise BadInput(f"checkpoint {path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != event.sha256:
        raise BadInput(f"checkpoint {path} is damaged: its SHA-256 is not the one in the run's log")
    try:
        meta = checked(data)  # before anything is allocated for what its header claims
        return from_bytes(data), meta
    except (SafetensorError, ValueError) as error:
        raise BadInput(f"checkpoint {path} holds no state: {error}") from error


def newest(directory: Path) -> CheckpointSaved:
    """The checkpoint of the latest state that a run's log tells of.

    Raises:
        BadInput: when there is no such run or it saved none.
    """
    return _told(directory)[-1]


def start_from(runs: Path, run_id: str, resume: bool = False) -> Start:
    """The latest saved state of a run on this machine, or the one before where that is damaged.

    Raises:
        BadInput: when there is no such run, it saved no checkpoint, none of them is whole, or it
            cannot be resumed though it was asked to.
    """
    directory = run_directory(runs, run_id)
    if directory.exists() and not is_own(directory):
        raise BadInput(f"there is no run {run_id} in {runs}")
    warnings: list[str] = []
    if resume:
        warnings += resuming.check(runs, run_id)
        _sweep(directory)
    lost: list[str] = []
    for event in reversed(_told(directory)):
        try:
            tensors, meta = load(directory, event)
        except BadInput as error:
            lost.append(str(error))
            continue
        warnings += [f"{reason}; going on from step {event.step:,}" for reason in lost]
        return Start(run_id, tensors, meta, event.step, event.state, resume, tuple(warnings))
    rest = "there is no other" if len(lost) == 1 else f"none of {len(lost)} is whole"
    raise BadInput(f"{lost[0]}, and {rest}; start from another run")


def _told(directory: Path) -> list[CheckpointSaved]:
    """The checkpoints in a run's log, at least one, ordered by their steps.

    Raises:
        BadInput: when there is no such run or it saved none.
    """
    try:
        saved = [event for event in read(directory / LOG) if isinstance(event, CheckpointSaved)]
    except OSError as error:
        raise BadInput(f"run {directory.name} has no readable log: {error.strerror}") from error
    if not saved:
        raise BadInput(f"run {directory.name} saved no checkpoint to go on from")
    return sorted(saved, key=lambda event: event.step)


def _sweep(directory: Path) -> None:
    """Delete what the killed writer of a run that nobody writes any more has left."""
    with contextlib.suppress(OSError):
        for path in filter(_leftover, (directory / CHECKPOINTS).iterdir()):
            path.unlink(missing_ok=True)


def _leftover(path: Path) -> bool:
    return path.name.endswith(TEMPORARY)


def _unused(folder: Path, step: int) -> Path:
    """A name of its own: a file that a log tells of is never written again."""
    names = [f"step-{step}.safetensors"]
    while (folder / names[-1]).exists():
        names.append(f"step-{step}-{len(names) + 1}.safetensors")
    return folder / names[-1]


def _plain_name(event: CheckpointSaved) -> str:
    name = event.file.removeprefix(f"{CHECKPOINTS}/")
    if not _NAME.fullmatch(name):
        raise BadInput(f"checkpoint {event.file!r} does not have the name of a checkpoint")
    return name
