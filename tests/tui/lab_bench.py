"""The laboratory under a pilot, its link in the test's hand: no engine, no clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from driving import rows_of
from fake_experiment import EXPERIMENTS
from fake_link import FakeLink
from textual.pilot import Pilot

from engine.config import RunConfig
from engine.experiments.contract import Experiment
from engine.link import News
from tui.app import DashboardApp, Opening
from tui.capabilities import FULL, Capabilities
from tui.lab.state import SETTLING
from tui.screens.lab import LabScreen


@dataclass
class Bench:
    """What a test holds: `feed` stands for the engine, `press` for the person."""

    app: DashboardApp
    pilot: Pilot[Any]

    @property
    def link(self) -> FakeLink:
        link = self.app.hub.link
        assert isinstance(link, FakeLink)
        return link

    @property
    def screen(self) -> LabScreen:
        assert isinstance(self.app.screen, LabScreen)
        return self.app.screen

    async def feed(self, news: Sequence[News]) -> None:
        self.link.push(*news)
        await self.let_settle()

    async def let_settle(self) -> None:
        for _ in range(SETTLING + 2):
            self.app.hub.poll()
            self.app.lab.poll()
        for _ in range(2):  # panels that have come take their places, then they are drawn
            self.app.draw()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    def text(self) -> str:
        return rows_of(self.app.screen)


GROWTH = Opening("growth")


def new_app(
    opening: Opening | None = GROWTH,
    terminal: Capabilities = FULL,
    experiments: Sequence[Experiment] = EXPERIMENTS,
) -> DashboardApp:
    return DashboardApp(
        FakeLink(),
        RunConfig(),
        capabilities=terminal,
        autostart=False,
        experiments=experiments,
        opening=opening,
    )


@asynccontextmanager
async def bench(
    opening: Opening | None = GROWTH,
    *,
    size: tuple[int, int] = (120, 36),
    terminal: Capabilities = FULL,
    experiments: Sequence[Experiment] = EXPERIMENTS,
) -> AsyncIterator[Bench]:
    app = new_app(opening, terminal, experiments)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Bench(app, pilot)
