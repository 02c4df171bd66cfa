"""The app as the list of runs sees it: where runs are opened and overlaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.events import Level
from engine.store.catalogue import Entry
from engine.store.head import head_of
from tui.capabilities import Capabilities
from tui.keymap import key_of
from tui.replay.deck import Deck
from tui.runs.keeper import Curves
from tui.screens.dashboard import Dashboard
from tui.visit import Visit

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
        """Show a run: one that is open already as it is, one under way elsewhere with its
        steering, any other as it was recorded.

        Raises:
            BadInput: when there is no such run, or it cannot be shown.
        """
        app, runs = self._app, run.directory.parent
        if run.run_id in (self.shown_run, app.hub.view.run_id):
            while self.shown_run != run.run_id or app.screen is not self._board:
                app.pop_screen()
            self._board.draw()
            return
        steered = run.live and bool(head_of(run.directory).address)
        kind = Visit if steered else Deck
        try:
            shown = kind(runs, run.run_id, app.experiments)
        except OSError as error:
            raise BadInput(f"run {run.run_id} cannot be read: {error.strerror}") from error
        while app.recordings.shown:  # below the list: this one takes its place
            app.pop_screen()
        app.recordings.open(shown)

    def show_dashboard(self) -> None:
        """Go there."""
        board = self._board
        while self._app.screen is not board:
            self._app.pop_screen()
        board.draw()

    def leave_runs(self) -> None:
        """Back to where the list was opened."""
        self._app.do_back()

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
