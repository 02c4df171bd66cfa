"""The screen of runs on a stage and a shelf that are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import shelved
from driving import CONFIG, new_app, rows_of
from textual.pilot import Pilot
from textual.widgets import Input

from engine.errors import BadInput
from engine.events import Level
from engine.store.catalogue import Entry
from tui.app import DashboardApp
from tui.capabilities import FULL, Capabilities
from tui.runs.keeper import Curves
from tui.screens.runs import RunsScreen


@dataclass
class FakeStage:
    """Meets `Stage`; remembers what it was asked for."""

    app: DashboardApp
    shown_run: str = ""
    terminal: Capabilities = FULL
    opened: list[str] = field(default_factory=list)
    overlaid: list[tuple[list[tuple[str, str]], str, Level]] = field(default_factory=list)
    went: int = 0

    def open_run(self, run: Entry) -> None:
        if run.live:
            raise BadInput(f"run {run.run_id} cannot be shown")
        self.opened.append(run.run_id)

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        self.overlaid.append(([(view.run_id[-6:], label) for view, label in curves], told, level))

    def show_dashboard(self) -> None:
        self.went += 1

    def leave_runs(self) -> None:
        self.app.pop_screen()


@dataclass
class Browsing:
    """What a test holds."""

    screen: RunsScreen
    shelf: shelved.FakeShelf
    stage: FakeStage
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()
            await self.settle()

    async def type(self, text: str) -> None:
        self.top.query_one(Input).insert_text_at_cursor(text)
        await self.settle()

    async def settle(self) -> None:
        self.screen.poll()
        await self.pilot.pause()

    @property
    def top(self) -> object:
        return self.screen.app.screen

    @property
    def said(self) -> str:
        return rows_of(self.screen.query_one("#log")).strip()

    @property
    def current(self) -> str:
        current = self.screen.browser.current
        return current.run_id[-6:] if current else ""

    @property
    def marked(self) -> list[str]:
        return [run.run_id[-6:] for run in self.screen.browser.marked]

    def text(self) -> str:
        return rows_of(self.screen.app.screen)


@asynccontextmanager
async def browsing(
    *runs: Entry, size: tuple[int, int] = (120, 36), read: bool = True
) -> AsyncIterator[Browsing]:
    app = new_app(CONFIG, autostart=False)
    shelf = shelved.FakeShelf(*(runs or shelved.several()))
    stage = FakeStage(app)
    async with app.run_test(size=size) as pilot:
        screen = RunsScreen(shelf, stage, shelved.AtOnce())
        app.push_screen(screen)
        await pilot.pause()
        held = Browsing(screen, shelf, stage, pilot)
        if read:
            await held.settle()
        yield held
