"""The ways out of the app: the end, leaving a run to itself, and the shell for a while."""

from __future__ import annotations

from textual import on
from textual.app import App
from textual.driver import Driver

from engine.errors import BadInput
from tui.hub import Hub
from tui.lab.state import Lab
from tui.replay.recordings import Recordings
from tui.screens.dashboard import Dashboard
from tui.signals import HUNG_UP, can_be_continued
from tui.visit import Visit


class Leaving(App[None]):
    """Knows what leaving would end, and asks first.

    After a hang-up `hung_up` is True, and after a person has left the run to itself `detached` is
    its id: then the engine is meant to be left to its work.
    """

    hub: Hub
    lab: Lab
    board: Dashboard
    recordings: Recordings
    hung_up = False
    detached = ""

    def leave(self, code: int) -> None:
        """End the app with this exit code."""
        self.hung_up = code == HUNG_UP
        self.exit(return_code=code)

    def do_quit(self) -> None:
        """Leave, asking first when that would end some work."""
        work = self._work()
        if not work:
            self.leave(0)
            return
        from tui.screens.quit import Answer, QuitScreen

        def take(answer: Answer | None) -> None:
            if answer == "end":
                self.leave(0)
            elif answer == "detach" and self._under_way:
                self.do_detach()

        self.push_screen(QuitScreen(work, detach=bool(self._under_way), now=self._work), take)

    def _work(self) -> str:
        """What leaving would end, in a sentence; "" when that is nothing."""
        if self.lab.working:
            return "An experiment is under way. Leaving ends it; its record stays."
        return self.board.work() if self.hub.working else ""

    def do_detach(self) -> None:
        """Leave, and leave the run under way to itself."""
        run_id = self._under_way
        if not run_id:
            raise BadInput("this run ends with its screen: it cannot be left to itself")
        self.detached = run_id
        self.exit(return_code=0)

    @property
    def _under_way(self) -> str:
        """The run that would go on without this screen; "" when none would."""
        if isinstance(self.recordings.shown, Visit):
            return self.recordings.shown.run_id
        if not self.hub.link.can_detach:
            return ""
        if self.lab.under_way:
            return self.lab.results[self.lab.under_way].view.run_id
        return self.hub.view.run_id if self.hub.running else ""

    def do_suspend(self) -> None:
        """Stop this program until the shell continues it; what trains goes on."""
        self.action_suspend_process()

    def action_suspend_process(self) -> None:
        """Stop, unless nobody could bring the program back."""
        if can_be_continued():
            super().action_suspend_process()
        else:
            self.board.say("no shell is here that could bring the program back", "warning")
            self.board.echo()

    @on(Driver.SignalResume)
    def come_back(self) -> None:
        """Draw every cell anew: the terminal's screen is blank, though nothing here has changed."""
        self.refresh()

    async def action_quit(self) -> None:
        """Textual's own way out asks as well."""
        self.do_quit()
