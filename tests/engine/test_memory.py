"""What an ended run leaves in an engine: nothing, and its room is the system's again."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import wire
from engine.config import RunConfig
from engine.controls import Controls
from engine.events import Event, RunFinished, RunStarted
from engine.experiments.contract import Experiment
from engine.host.memory import give_back
from engine.host.run import Means
from engine.host.runner import Runner

PATIENCE = 20.0
_PIECE, _PIECES = 100_000, 1000  # bytes of each: small enough to lie in the C library's heap


class Tensor:
    """Something large that a run holds."""


class Engine:
    """Its runs hold a `Tensor` each; `left` is what there is of it when they tidy up."""

    def __init__(self) -> None:
        self.left: list[Tensor | None] = []
        self._held: weakref.ref[Tensor] | None = None
        self._over = threading.Event()
        means = Means(
            sinks=lambda opened: [],
            saved=lambda run_id, resume: pytest.fail("nothing is resumed"),
            post=self._post,
            tidy=self._tidy,
        )
        self._runner = Runner({"train": Experiment("train", "", RunConfig, self._train)}, means)

    def run(self, lr: float) -> None:
        """One run from its beginning to its end."""
        self._over.clear()
        self._runner.start(wire.Start(id=1, experiment="train", config={"lr": lr}))
        assert self._over.wait(PATIENCE)
        self._runner.advance()
        assert not self._runner.busy

    def _train(self, config: RunConfig, controls: Controls) -> Iterator[Event]:
        tensor = Tensor()
        self._held = weakref.ref(tensor)
        yield RunStarted(run_id="", experiment="train", config={})
        if config.lr > 1:
            raise ZeroDivisionError(repr(tensor))
        yield RunFinished(outcome="completed", detail="")

    def _tidy(self) -> None:
        assert self._held is not None
        self.left.append(self._held())

    def _post(self, answer: wire.Answer | None) -> None:
        if answer is None:
            self._over.set()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("lr", [0.1, 2.0])
def test_an_ended_run_is_tidied_up_after_when_it_has_let_go_of_everything(lr: float) -> None:
    engine = Engine()
    for _ in range(3):
        engine.run(lr)
    assert engine.left == [None, None, None]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_room_between_what_stays_is_given_back() -> None:
    pieces = [bytearray(_PIECE) for _ in range(_PIECES)]
    kept = pieces[::10]
    del pieces
    before = _resident()
    give_back()
    assert _resident() < before - _PIECE * _PIECES / 2
    assert len(kept) == _PIECES / 10


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing goes that is not let go of."""
    gc.disable()
    yield
    gc.enable()


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
