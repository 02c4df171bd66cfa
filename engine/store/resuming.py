"""Which recorded runs can be resumed: those of training that have not reached their planned end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import BadInput
from engine.store import catalogue
from engine.store.catalogue import Entry
from engine.store.files import open_plain
from engine.store.layout import HEAD

TRAINING = "train"


def check(runs: Path, run_id: str) -> list[str]:
    """What is to be told of a run that is resumed.

    Raises:
        BadInput: when it cannot be.
    """
    found = catalogue.entry(runs, run_id)
    if not found.summary.experiment:
        raise BadInput(f"the record of run {run_id} has lost its beginning: it cannot be resumed")
    if found.summary.experiment != TRAINING:
        raise BadInput(
            f"run {run_id} is of the experiment {found.summary.experiment}: only training runs "
            "are saved and can be resumed"
        )
    if found.live:
        raise BadInput(f"run {run_id} is under way: mlp-tui attach {run_id} opens it")
    if found.summary.outcome == "completed":
        raise BadInput(
            f"run {run_id} is complete: there is nothing left of it to do; "
            f"mlp-tui replay {run_id} shows it"
        )
    if found.summary.outcome == "diverged":
        return [f"run {run_id} has diverged, and the same numbers will lead there again"]
    return []


def chosen(runs: Path, name: str, *, fork: bool = False) -> Entry:
    """The run that a person means to resume; without a name the newest that can be.

    With `fork` it may be one that another run has gone on from.

    Raises:
        BadInput: when there is none, or it cannot be resumed.
    """
    entries = catalogue.entries(runs)
    if not name:
        return _newest(entries)
    run_id = catalogue.resolve(runs, name)
    check(runs, run_id)
    found = next((entry for entry in entries if entry.run_id == run_id), None)
    found = found or catalogue.entry(runs, run_id)
    if found.continued_by and not fork:
        raise BadInput(
            f"{' and '.join(found.continued_by)} went on from run {run_id} already: resume that "
            "one, or give --fork to go on from here once more"
        )
    return found


@contextmanager
def claimed(runs: Path, name: str, *, fork: bool = False) -> Iterator[Entry]:
    """As `chosen`; while the context lasts, nobody else can claim the run without `fork`.

    It must last until the run that goes on has begun: from then on that one stands in the way.

    Raises:
        BadInput: when there is none, it cannot be resumed, or somebody else has claimed it.
    """
    found = chosen(runs, name, fork=fork)
    if fork:
        yield found
        return
    with _locked(found):
        yield chosen(runs, found.run_id)  # once more: another may have begun before the lock


@contextmanager
def _locked(entry: Entry) -> Iterator[None]:
    try:
        head = open_plain(entry.directory / HEAD)
    except OSError as error:
        raise BadInput(f"{entry.directory / HEAD} cannot be read: {error.strerror}") from error
    try:
        with suppress(OSError):  # a file system without such locks does not keep two apart
            _lock(head, entry.run_id)
        yield
    finally:
        os.close(head)  # the lock goes with it


def _lock(head: int, run_id: str) -> None:
    try:
        fcntl.flock(head, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BadInput(
            f"another command is about to go on from run {run_id}: resume what becomes of that, "
            "or give --fork to go on from here once more"
        ) from error


def _newest(entries: list[Entry]) -> Entry:
    for entry in entries:
        told = entry.summary
        open_ended = told.outcome not in ("completed", "diverged") and not entry.live
        own = told.experiment == TRAINING and told.checkpoints and not entry.continued_by
        if open_ended and own:
            return entry
    raise BadInput("no run can be resumed: none has stopped before its end and left a checkpoint")
