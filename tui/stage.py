"""The app as the list of runs sees it: where runs are opened and overlaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.store.catalogue import Entry
from tui.capabilities import Capabilities
from tui.keymap import key_of
from tui.runs.keeper import Curves, Level

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
        return self._app.hub.view.run_id

    def open_run(self, run: Entry) -> None:
        """Show a run."""
        if run.run_id == self.shown_run:
            self._to_dashboard()
            return
        raise BadInput(f"mlp-tui attach {run.run_id} shows it" if run.live else "")

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        """Draw these curves behind those on the dashboard, and go there."""
        hub = self._app.hub
        hub.ghosts = hub.ghosts.overlaid(curves)
        self._app.board.say(f"{told}; {key_of('clear_ghosts')} takes them away", level)
        self._to_dashboard()
        self._app.board.draw()

    def leave_runs(self) -> None:
        """Close the list."""
        self._app.pop_screen()

    def _to_dashboard(self) -> None:
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        self._app.board.echo()
