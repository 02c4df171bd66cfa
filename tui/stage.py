"""The app as the list of runs sees it: where runs are opened and overlaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.store.catalogue import Entry
from tui.capabilities import Capabilities
from tui.keymap import key_of
from tui.replay.deck import Deck
from tui.runs.keeper import Curves, Level
from tui.screens.dashboard import Dashboard

if TYPE_CHECKING:
    from tui.app import DashboardApp


class AppStage:
    """Shows on `app` what is chosen in a list of runs above it."""

    def __init__(self, app: DashboardApp) -> None:
        self._app = app

    @property
    def terminal(self) -> Capabilities:
        """What the terminal can show."""
        return self._app.board.terminal

    @property
    def shown_run(self) -> str:
        """The id of the run on the dashboard; "" without one."""
        return self._board.hub.view.run_id

    def open_run(self, run: Entry) -> None:
        """Show a run: the one on screen as it is, any other as it was recorded.

        Raises:
            BadInput: when there is no such run, or it cannot be shown.
        """
        if run.run_id == self.shown_run:
            self.show_dashboard()
            return
        try:
            deck = Deck(run.directory.parent, run.run_id, self._app.experiments)
        except OSError as error:
            raise BadInput(f"run {run.run_id} cannot be read: {error.strerror}") from error
        while self._app.recordings.deck:  # below the list: this one takes its place
            self._app.pop_screen()
        self._app.recordings.open(deck)

    def show_dashboard(self) -> None:
        """Go there."""
        board = self._board
        while self._app.screen is not board:
            self._app.pop_screen()
        board.draw()

    def leave_runs(self) -> None:
        """Back to where the list was opened."""
        self._app.pop_screen()

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        """Draw these curves behind those on the dashboard."""
        board = self._board
        board.hub.ghosts = board.hub.ghosts.overlaid(curves)
        board.say(f"{told}; {key_of('clear_ghosts')} takes them away", level)

    @property
    def _board(self) -> Dashboard:
        """The uppermost dashboard: that of a recording, where one is open."""
        boards = [screen for screen in self._app.screen_stack if isinstance(screen, Dashboard)]
        return boards[-1]
