"""The ways out of the app: the end, leaving a run to itself, and the shell for a while."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.actions import ActionParseResult
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver

from engine.errors import BadInput
from tui.hub import Hub
from tui.lab.state import Lab
from tui.replay.recordings import Recordings
from tui.screens.dashboard import Dashboard
from tui.signals import HUNG_UP, can_be_continued
from tui.visit import Visit

_FAILED = 1
"""What Textual makes the exit code after an exception."""


class Leaving(App[None]):
    """Knows what leaving would end, and asks first.

    After a hang-up `hung_up` is True, after a person has asked that the work end with the screen
    `asked_to_end` is, and after a person has left runs to themselves `detached` are their ids.
    """

    hub: Hub
    lab: Lab
    board: Dashboard
    recordings: Recordings
    hung_up = False
    asked_to_end = False
    detached: tuple[str, ...] = ()

    def leave(self, code: int) -> None:
        """End the app with this exit code."""
        self.hung_up = code == HUNG_UP
        self.exit(return_code=code)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key asks for, unless it was typed behind the one that ends the app."""
        if self._exit:
            return False
        return await super().run_action(action, default_namespace, namespaces)

    def lets_go(self, *, visitor: bool) -> bool:
        """Whether, once the app is over, its engine is left to its work instead of being ended.

        A `visitor` came to a run that is everybody's: only a person's own word ends that. An
        engine that was launched for this app ends with it, unless it was hung up, detached, or
        the app has failed while a run is under way: no screen's fault ends what trains.
        """
        if self.hung_up or self.detached:
            return True
        if self.asked_to_end:
            return False
        return visitor or (self.failed and bool(self.own_run))

    @property
    def failed(self) -> bool:
        """Whether the app is over by an error of its own."""
        return self.return_code in (None, _FAILED)

    def do_quit(self) -> None:
        """Leave, asking first when that would end some work."""
        work = self._work()
        if not work:
            self.asked_to_end = self.lab.idle  # it has done all it can, and would hold for nobody
            self.leave(0)
            return
        from tui.screens.quit import Answer, QuitScreen

        def take(answer: Answer | None) -> None:
            if answer == "end":
                self.asked_to_end = True
                self.leave(0)
            elif answer == "detach" and self.own_run:
                self.do_detach()

        self.push_screen(QuitScreen(work, detach=bool(self.own_run), now=self._work), take)

    def _work(self) -> str:
        """What leaving would end, in a sentence, and what not; "" when it ends nothing."""
        work = ""
        if self.lab.working:
            work = "An experiment is under way. Leaving ends it; its record stays."
        elif self.hub.working:
            work = self.board.work()
        if not (work and self._visited):
            return work
        return f"Behind what is shown: {work} Run {self._visited}, which is shown, goes on."

    def do_detach(self) -> None:
        """Leave, and leave what is under way to itself: the own run, and the one that is visited.

        Raises:
            BadInput: when leaving would end something.
        """
        own = self.own_run
        left = tuple(run_id for run_id in (own, self._visited) if run_id)
        if not left or (self._work() and not own):
            raise BadInput("this run ends with its screen: it cannot be left to itself")
        self.detached = left
        self.exit(return_code=0)

    @property
    def _visited(self) -> str:
        """The run of another engine that is on screen: it goes on whatever happens here."""
        shown = self.recordings.shown
        return _run_of(shown.hub, shown.lab) if isinstance(shown, Visit) else ""

    @property
    def own_run(self) -> str:
        """The run of the own engine that would go on without this screen; "" when none would."""
        return _run_of(self.hub, self.lab)

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


def _run_of(hub: Hub, lab: Lab) -> str:
    """The run under way on their link, where it would go on without that; "" when none would."""
    if not hub.link.can_detach:
        return ""
    if lab.under_way:
        return lab.results[lab.under_way].view.run_id
    return hub.view.run_id if hub.running else ""
