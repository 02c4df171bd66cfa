"""A recording on screen under a pilot, its clock in the test's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driving import rows_of
from textual.pilot import Pilot

from engine.config import RunConfig
from engine.events import AnyEvent, RunStarted
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.store.record import RecordSink
from tui.app import DashboardApp, Replay
from tui.capabilities import FULL, Capabilities
from tui.replay.deck import Deck
from tui.replay.no_link import NoLink


@dataclass
class Clock:
    """Seconds, as the test says."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def record(runs: Path, said: Iterable[AnyEvent], *, close: bool = True) -> tuple[str, RecordSink]:
    """The id of a run that is recorded there, and what writes it."""
    sink = RecordSink(runs)
    run_id = ""
    for event in said:
        run_id = event.run_id if isinstance(event, RunStarted) else run_id
        sink.accept(event)
    if close:
        sink.close()
    return run_id, sink


@dataclass
class Stage:
    """What a test holds."""

    app: DashboardApp
    pilot: Pilot[Any]
    clock: Clock
    deck: Deck

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def pass_by(self, seconds: float = 0.0) -> None:
        """So many seconds, and what is drawn after them."""
        self.clock.now += seconds
        for _ in range(2):
            self.app.tick()
        self.app.draw()
        await self.pilot.pause()

    async def read(self) -> None:
        """Until the record has been read."""
        while not self.deck.player.opened:
            self.app.tick()
        for _ in range(3):  # panels that have come take their places, then they are drawn
            await self.pass_by()

    def text(self, selector: str = "") -> str:
        widget = self.app.screen.query_one(selector) if selector else self.app.screen
        return rows_of(widget)

    @property
    def at(self) -> int:
        return self.deck.player.at


def new_app(
    runs: Path,
    run_id: str,
    clock: Clock,
    terminal: Capabilities = FULL,
    experiments: Sequence[Experiment] = EXPERIMENTS,
) -> DashboardApp:
    return DashboardApp(
        NoLink(),
        RunConfig(),
        capabilities=terminal,
        autostart=False,
        experiments=experiments,
        opening=Replay(Deck(runs, run_id, experiments, clock)),
    )


def stage_of(app: DashboardApp, pilot: Pilot[Any], clock: Clock) -> Stage:
    deck = app.recordings.deck
    assert deck is not None
    return Stage(app, pilot, clock, deck)


@asynccontextmanager
async def replay(
    runs: Path,
    run_id: str,
    *,
    size: tuple[int, int] = (120, 36),
    experiments: Sequence[Experiment] = EXPERIMENTS,
) -> AsyncIterator[Stage]:
    clock = Clock()
    app = new_app(runs, run_id, clock, experiments=experiments)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        stage = stage_of(app, pilot, clock)
        await stage.read()
        yield stage
