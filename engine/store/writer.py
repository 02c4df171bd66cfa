"""Writing checkpoints beside the training: one at a time, on a thread of their own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.events import CheckpointSaved
from engine.store.checkpoint import save
from engine.store.digest import state_digest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class State:
    """A complete state after `step` updates: copies of its tensors that nobody else changes.

    `rest` is what belongs to it besides tensors, in canonical form; `best` says whether no state
    before it was better.
    """

    step: int
    tensors: Mapping[str, Tensor]
    meta: Mapping[str, str]
    rest: bytes
    best: bool = False


class Writer:
    """Writes into a run's directory; close it when the run is over."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._writing: Future[CheckpointSaved] | None = None

    @property
    def busy(self) -> bool:
        """Whether a state is being written, or its outcome was not taken yet."""
        return self._writing is not None

    @property
    def done(self) -> bool:
        """Whether there is an outcome to be taken."""
        return self._writing is not None and self._writing.done()

    def begin(self, state: State) -> None:
        """Write a state; not while one is being written."""
        self._writing = self._thread.submit(_written, self._directory, state)

    def take(self) -> CheckpointSaved:
        """The outcome, waiting for it where need be.

        Raises:
            OSError: when the state could not be written.
        """
        if self._writing is None:
            raise RuntimeError("no checkpoint is being written")
        writing, self._writing = self._writing, None
        return writing.result()

    def close(self) -> None:
        """Wait for what is being written; idempotent."""
        self._thread.shutdown()


def _written(directory: Path, state: State) -> CheckpointSaved:
    digest = state_digest(state.tensors, state.rest)
    return save(directory, state.step, state.tensors, state.meta, state=digest, best=state.best)
