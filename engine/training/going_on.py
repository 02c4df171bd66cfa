"""How a run begins: afresh, with more epochs for a saved state, or as the saved run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.events import Level, Noted
from engine.store.checkpoint import Start
from engine.store.digest import state_digest
from engine.training import state
from engine.training.state import Meta, Progress, Steered
from engine.training.stepper import Stepper

THREADS = "CPU threads"
DEVICE = "device"


@dataclass(frozen=True)
class Beginning:
    """Where a run stands when it begins, what it is steered by, and what is to be told of it."""

    progress: Progress
    steered: Steered
    notes: tuple[Noted, ...] = ()


def settings(config: RunConfig, start: Start | None) -> tuple[RunConfig, int]:
    """The settings of the run to begin, and its CPU threads where they are given (else 0).

    A run that is resumed has its own: `config` does not count.

    Raises:
        BadInput: when the saved state tells none that this version can use.
    """
    if start is None or not start.resume:
        return config, 0
    meta = state.meta_of(start)
    if meta.steered is None:
        raise BadInput(
            f"run {start.run_id} was saved by a version that did not keep its plan: it cannot be "
            "resumed, but be gone on from with more epochs"
        )
    try:
        own = msgspec.convert(meta.config, RunConfig)
        threads = max(0, int(meta.circumstances.get(THREADS, 0)))
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInput(
            f"run {start.run_id} has settings that this version cannot use: {error}"
        ) from error
    return own, threads


def beginning(
    config: RunConfig,
    stepper: Stepper,
    start: Start | None,
    data_digest: str,
    circumstances: Mapping[str, str],
) -> Beginning:
    """Put `start`, where there is one, into the stepper, and say where the run stands.

    Raises:
        BadInput: when the saved state does not belong to this run, or is not what was recorded.
    """
    if start is None:
        return Beginning(Progress(), Steered(config.lr, config.pace, config.epochs))
    meta = state.meta_of(start)
    state.check_data(start, meta, config, data_digest)
    notes = [_note(warning, "warning") for warning in start.warnings]
    if start.resume and meta.steered:
        state.load(stepper, start, fresh_optimizer=False)
        notes.append(_compared(stepper, start, meta, circumstances))
        return Beginning(meta.progress, meta.steered, tuple(notes))
    fresh = any(meta.config.get(n) != getattr(config, n) for n in ("optimizer", "momentum"))
    state.load(stepper, start, fresh)
    if fresh:
        notes.append(
            _note("the optimizer differs from the saved one, so its state starts from zero")
        )
    done = -(-meta.progress.step // stepper.batches.steps_per_epoch)
    return Beginning(
        meta.progress, Steered(config.lr, config.pace, done + config.epochs), tuple(notes)
    )


def _compared(
    stepper: Stepper, start: Start, meta: Meta, circumstances: Mapping[str, str]
) -> Noted:
    """Whether the run goes on bit for bit.

    Raises:
        BadInput: when the state is not the one that was recorded.
    """
    was = meta.circumstances
    moved = was.get(DEVICE) != circumstances.get(DEVICE)
    loaded = start.tensors if moved else state.saved(stepper)  # a generator may not fit the device
    found = state_digest(loaded, meta.canonical())
    if start.state and found != start.state:
        raise BadInput(
            f"the state of run {start.run_id} at step {start.step:,} has the digest {found} but "
            f"{start.state} was recorded: something of it is missing or was changed"
        )
    changed = [
        f"{name} was {was.get(name, 'not recorded')} and is {now}"
        for name, now in circumstances.items()
        if was.get(name) != now
    ]
    if changed:
        return _note(f"not bitwise: {'; '.join(changed)}", "warning")
    proof = f"; its state {found[:12]} is the recorded one" if start.state else ""
    return _note(f"resumed at step {start.step:,} of run {start.run_id}{proof}")


def _note(text: str, level: Level = "info") -> Noted:
    return Noted(text=text, level=level)
