"""Which recorded runs can be resumed: those of training that have not reached their planned end."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BadInput
from engine.store import catalogue
from engine.store.catalogue import Entry

TRAINING = "train"


def check(runs: Path, run_id: str) -> list[str]:
    """What is to be told of a run that is resumed.

    Raises:
        BadInput: when it cannot be.
    """
    found = catalogue.entry(runs, run_id)
    if found.summary.experiment != TRAINING:
        raise BadInput(
            f"run {run_id} is of the experiment {found.summary.experiment}: only training runs "
            "are saved and can be resumed"
        )
    if found.live:
        raise BadInput(f"run {run_id} is under way: mlp-tui attach {run_id} opens it")
    if found.summary.outcome == "completed":
        raise BadInput(
            f"run {run_id} is complete: there is nothing left of it to do; train for more epochs"
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


def _newest(entries: list[Entry]) -> Entry:
    for entry in entries:
        told = entry.summary
        open_ended = told.outcome not in ("completed", "diverged") and not entry.live
        own = told.experiment == TRAINING and told.checkpoints and not entry.continued_by
        if open_ended and own:
            return entry
    raise BadInput("no run can be resumed: none has stopped before its end and left a checkpoint")
