"""The run of elsewhere that is open in the app, if any, recorded or under way: its screen, and
whom the keys are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from tui.replay.deck import Deck
from tui.screens.dashboard import Dashboard
from tui.visit import Visit

if TYPE_CHECKING:
    from tui.app import DashboardApp


class Recordings:
    """Opens records, and runs of other engines, above whatever the app shows; one at a time."""

    def __init__(self, app: DashboardApp) -> None:
        self._app = app
        self._opened: tuple[Deck | Visit, Screen[None]] | None = None

    @property
    def shown(self) -> Deck | Visit | None:
        """What is replayed or visited, while its screen is open."""
        opened = self._opened
        return opened[0] if opened and opened[1] in self._app.screen_stack else None

    @property
    def deck(self) -> Deck | None:
        """What is replayed, while its screen is open."""
        return self.shown if isinstance(self.shown, Deck) else None

    @property
    def board(self) -> Dashboard | None:
        """The dashboard of a training run that is replayed or visited."""
        screen = self._opened[1] if self._opened and self.shown else None
        return screen if isinstance(screen, Dashboard) else None

    @property
    def on_top(self) -> bool:
        """Whether a recording is what the app shows."""
        return self._opened is not None and self._opened[1] is self._app.screen

    def open(self, deck: Deck | Visit) -> None:
        """Show this run, in place of the one that is open."""
        app = self._app
        self.close()
        screen: Screen[None] = Dashboard(deck.hub, app.board.terminal, app.log_place)
        if deck.in_lab:
            from tui.screens.lab import LabScreen

            screen = LabScreen(
                deck.lab, deck.hub, deck.experiment, app.board.terminal, app.log_place
            )
        self._opened = deck, screen
        app.push_screen(screen)

    def perform(self, action_id: str) -> None:
        """Do what a key of a recording asks for; the figures follow at the next poll."""
        if self.deck:
            self.deck.perform(action_id)
            self._app.draw_soon()

    def poll(self) -> bool:
        """Read and play on; whether anything to be seen has changed."""
        if self._opened and not self.shown:
            self.close()  # a person has left its screen
        return self.shown is not None and self.shown.poll()

    def close(self) -> None:
        """Let the run go; idempotent."""
        if self._opened:
            self._opened[0].close()
            self._opened = None
