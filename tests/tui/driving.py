"""The app under a pilot, its link in the test's hand: no engine, no clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fake_link import FakeLink
from textual.pilot import Pilot
from textual.widget import Widget

from engine.config import RunConfig
from engine.link import News
from tui.app import DashboardApp
from tui.capabilities import FULL
from tui.hub import SETTLING

CONFIG = RunConfig(data="fashion-mnist")


def new_app(config: RunConfig = CONFIG, *, autostart: bool = True) -> DashboardApp:
    return DashboardApp(FakeLink(), config, capabilities=FULL, autostart=autostart)


@dataclass
class Driver:
    """What a test holds: `feed` stands for the engine, `press` for the person."""

    app: DashboardApp
    pilot: Pilot[Any]

    @property
    def link(self) -> FakeLink:
        link = self.app.hub.link
        assert isinstance(link, FakeLink)
        return link

    async def feed(self, news: Sequence[News]) -> None:
        self.link.push(*news)
        await self.let_settle()

    async def let_settle(self) -> None:
        """As many polls as a held key waits for, and a drawing."""
        for _ in range(SETTLING + 2):
            self.app.hub.poll()
        self.app.draw()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    def text(self, selector: str = "") -> str:
        """What stands on screen, or in one widget."""
        if selector:
            return rows_of(self.app.board.query_one(selector))
        return rows_of(self.app.screen)


def rows_of(widget: Widget) -> str:
    """The cells of a widget as text."""
    region = widget.region
    strips = widget.app.screen._compositor.render_strips()
    return "\n".join(
        strip.crop(region.x, region.right).text for strip in strips[region.y : region.bottom]
    )


@asynccontextmanager
async def dashboard(
    config: RunConfig = CONFIG,
    *,
    size: tuple[int, int] = (120, 36),
    autostart: bool = True,
) -> AsyncIterator[Driver]:
    app = new_app(config, autostart=autostart)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)
