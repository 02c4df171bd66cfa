"""An experiment on screen: its charts, grids, tables and claims, and the keys that turn it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType

from engine.errors import BadInput
from engine.experiments.contract import Experiment
from engine.text import clean
from tui.capabilities import Capabilities
from tui.hub import Hub
from tui.keymap import RECORDING_BY_ID, obstacle
from tui.lab import figures, keymap, words
from tui.lab.keymap import BY_ID, turning_keys
from tui.lab.state import Lab
from tui.last_said import Note, newest_note
from tui.run_view import RunView
from tui.screens.lab_actions import LabActions
from tui.screens.lab_keys import LabKeys, lab_bindings, lab_commands
from tui.screens.lab_panels import LabPanels
from tui.screens.panel import Panel
from tui.status import Notice
from tui.widgets.claim_table import counted
from tui.widgets.lab_header import LabHeader
from tui.widgets.log_line import LogLine
from tui.widgets.scrub_bar import ScrubBar

_NOTICED = 28
"""The height from which what came of an experiment has a place of its own."""


class LabScreen(LabActions):
    """Shows one experiment from its record and its events alone.

    `draw` shows all that is known; `echo` shows at once what a key asked for.
    """

    CSS_PATH = "lab.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*lab_bindings()]
    dashboard_keys = False

    def __init__(
        self,
        lab: Lab,
        hub: Hub,
        experiment: Experiment,
        terminal: Capabilities,
        log_place: Callable[[str], str],
    ) -> None:
        super().__init__(lab, hub, experiment, terminal, log_place)
        self._turns = turning_keys(experiment)

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom; grids and tables come with their first events."""
        yield LabHeader(capabilities=self._terminal)
        yield ScrubBar(capabilities=self._terminal)
        yield Panel(id="panel")
        yield LabPanels(self.experiment, self._terminal)
        yield LogLine(capabilities=self._terminal)
        yield LabKeys()

    def on_mount(self) -> None:
        """An experiment that was not run yet is, unless another one is under way."""
        name = self.experiment.name
        result = self._lab.results[name]
        if self._lab.scrub:
            self.draw()
            return
        if result.view.started is None and not result.refused and not self._lab.waiting(name):
            other = self._lab.under_way
            if other and other != name and not self._lab.idle:
                again = keymap.key_of("restart")
                self.say(f"{other} is under way; {again} runs {name} in its place")
            else:
                self._start()
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fold to the room there is."""
        if not self.whole:
            return
        self.query_one(LabHeader).fold(2 if self._low else 3, bar=not self._low)
        self.when_shared_out(self.draw)

    def on_key(self, event: events.Key) -> None:
        """A parameter's key turns it and runs the experiment again."""
        turn = self._turns.get(event.character or "")
        if turn is None:
            return
        event.stop()
        event.prevent_default()
        self._turn(*turn)

    def commands(self) -> Iterator[SystemCommand]:
        """What the palette offers here."""
        return lab_commands(self._turns, self._turn, self.action_perform)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of a recording mean nothing elsewhere."""
        if action == "perform" and not self._lab.scrub and parameters[0] in RECORDING_BY_ID:
            return False
        return super().check_action(action, parameters)

    def action_perform(self, action_id: str) -> None:
        """Do what a key asks for, or say why it cannot be done now."""
        action = BY_ID.get(action_id) or RECORDING_BY_ID[action_id]
        try:
            why = obstacle(action, self._lab.situation(self.experiment.name))
            if why:
                raise BadInput(why)
            if action_id in RECORDING_BY_ID:
                self.app.recordings.perform(action_id)  # type: ignore[attr-defined]
            else:
                getattr(self, f"do_{action_id}")()
        except BadInput as error:
            self.say(str(error), "warning")
        self.echo()

    def echo(self) -> None:
        """Show what is cheap and answers a key."""
        if not self.whole:
            return
        info = figures.info(self._lab, self.experiment, place=self._place())
        self.query_one(LabHeader).show_info(info)
        self.query_one(ScrubBar).tell(self._lab.scrub)
        self.query_one(Panel).tell(self._notice())
        self.query_one(LabKeys).tell(self._lab.situation(self.experiment.name))
        self._show_log()

    def draw(self) -> None:
        """Show everything."""
        if not self.whole:
            return
        self.query_one(LabPanels).show(self._lab.results[self.experiment.name].view)
        self.echo()

    @property
    def _low(self) -> bool:
        return self.size.height < 18

    def _place(self) -> str:
        hidden = self.query_one(LabPanels).hidden
        key = keymap.key_of("next_figure", replaying=self._lab.scrub is not None)
        return f"{key}: {hidden} more" if hidden else ""

    def _notice(self) -> Notice | None:
        told = words.notice(self._lab, self.experiment.name, self._log_place)
        finished = self._lab.results[self.experiment.name].view.finished
        good = finished is not None and finished.outcome == "completed"
        return None if told and good and self.size.height < _NOTICED else told

    def _show_log(self) -> None:
        view = self._lab.results[self.experiment.name].view
        self.query_one(LogLine).show_note(*self._said.note(view, self._newest))

    def _newest(self, view: RunView) -> Note:
        text, level = newest_note(view)
        if view.finished and view.finished.outcome == "completed":
            rows, detail = figures.claim_rows(view), clean(view.finished.detail, 300)
            high = self.size.height >= _NOTICED  # then the notice says so already
            text = "" if high else ": ".join(filter(None, (counted(rows), detail)))
        return text, level
