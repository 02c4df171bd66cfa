"""The dashboard's app: it owns the hub, takes its news at a steady rate, and opens screens."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import ClassVar

from msgspec import Struct
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import ModalScreen, Screen

from engine.config import RunConfig
from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.link import RunLink
from engine.store.layout import runs_directory
from tui import capabilities as terminals
from tui.bindings import bindings
from tui.commands import COMMANDS
from tui.dialogs import Dialogs
from tui.driver import OrderlyDriver
from tui.hub import POLLS_PER_SECOND, Hub
from tui.keymap import ACTIONS, BY_ID, RECORDING, RECORDING_BY_ID, key_of, obstacle
from tui.lab.state import Lab
from tui.replay.deck import Deck
from tui.replay.recordings import Recordings
from tui.screens.dashboard import Dashboard
from tui.signals import end_on_signals, writes_waiting
from tui.theme import THEMES

_BEHIND = 2
"""Writes waiting for the terminal from which on a drawing is skipped."""
_SELDOM = 4
"""Drawings that one stands for while a long past is read: that comes first."""
_BREATH = 0.004
"""Seconds for keys, and for the terminal, after a poll or a drawing that has taken too long."""
_PALETTE, _SUSPEND = "palette", "suspend"
_BROWSED = 2
"""Screens where the list of runs was opened first: it, and the dashboard that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Begin in the laboratory: with its catalogue, or with an experiment and its settings."""

    experiment: str = ""
    config: Struct | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Begin with the recording of a run, and end with it."""

    deck: Deck


@dataclass(frozen=True, slots=True)
class Browse:
    """Begin with the list of recorded runs, and end with it."""


class DashboardApp(Dialogs):
    """Shows the runs of `link`, beginning with one of `config` (with `autostart`).

    Figures are drawn at most `frames_per_second` times a second, a key's own echo at once. A
    headless app has no clock: whoever runs it calls `tick`. With `opening` it begins in the
    laboratory instead, and no training run is started. `warning` is said on the log's line to
    begin with, and `resumes` is the run that the link was asked to resume.

    Raises:
        BadInput: on creation, when the directory of runs cannot be used.
    """

    CSS_PATH = "app.tcss"
    TITLE = "mlp-tui"
    COMMAND_PALETTE_BINDING: ClassVar[str] = BY_ID[_PALETTE].keys[0]
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(*(action.id for action in ACTIONS if action.id not in (_PALETTE, _SUSPEND))),
        # on every screen, those with keys of their own included
        Binding(BY_ID[_SUSPEND].keys[0], "suspend_process", show=False, id=_SUSPEND),
    ]

    def __init__(  # noqa: PLR0913
        self,
        link: RunLink,
        config: RunConfig,
        *,
        capabilities: terminals.Capabilities | None = None,
        frames_per_second: float = 4.0,
        autostart: bool = True,
        experiments: Sequence[Experiment] = EXPERIMENTS,
        opening: Opening | Replay | Browse | None = None,
        warning: str = "",
        resumes: str = "",
    ) -> None:
        super().__init__()
        self.animation_level = "none"  # a scroll in twenty frames is twenty times its bytes
        self.hub = Hub(link, config)
        if resumes:
            self.hub.expect(resumes)
        self.lab = Lab(link, experiments)
        self.hub.neighbour = self.lab
        self.experiments = experiments
        self._opening = opening
        self._warning = warning
        self._runs = runs_directory()
        self.board = Dashboard(self.hub, capabilities or _this_terminal(), self.log_place)
        self.recordings = Recordings(self)
        self._polls_per_frame = max(1, round(POLLS_PER_SECOND / frames_per_second))
        self._undrawn = 0  # polls since the last drawing
        self._dirty = False
        self._autostart = autostart and opening is None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, which hears every change of the window's size."""
        chosen = super().get_driver_class()
        return OrderlyDriver if issubclass(OrderlyDriver, chosen) else chosen

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self.board

    def log_place(self, run_id: str) -> str:
        """Where a person finds the details of a run that failed; there or not."""
        return f"{self._runs}{os.sep}{run_id}"

    def on_mount(self) -> None:
        """Ask for the first run; listen to the link and to signals."""
        if self._autostart:
            self.hub.switch(self.hub.config)
        if not self._autostart:
            self.tick()  # an attached run is known before its screen opens, and not begun anew
        if isinstance(self._opening, Opening):
            self._open_lab(self._opening)
        elif isinstance(self._opening, Replay):
            self.recordings.open(self._opening.deck)
        elif self._opening is not None:
            self.do_runs()
        if self._warning:
            self.board.say(self._warning, "warning")
        if not self.is_headless:
            self._keep_time()
            end_on_signals(self.leave)

    def tick(self) -> None:
        """Take in the news; draw what changed when it is time and the terminal keeps up."""
        self._dirty |= self.hub.poll() | self.lab.poll() | self.recordings.poll()
        self._undrawn += 1
        deck = self.recordings.deck
        behind = bool(self.hub.unread or (deck and not deck.player.opened))
        frame = self._polls_per_frame * (_SELDOM if behind else 1)
        if self._dirty and self._undrawn >= frame and writes_waiting(self) < _BEHIND:
            self._undrawn = 0
            self.draw()

    def _keep_time(self) -> None:
        """Poll for ever. An interval of Textual's own would leave out up to two polls for one that
        was late, as each is that draws.
        """
        began = monotonic()
        self.tick()
        self.set_timer(until_next_poll(monotonic() - began), self._keep_time)

    def draw(self) -> None:
        """Draw what is known now."""
        self._dirty = False
        for screen in self.screen_stack:
            if screen is self.screen or isinstance(self.screen, ModalScreen):
                draw = getattr(screen, "draw", None)
                if draw is not None:
                    draw()

    def draw_soon(self) -> None:
        """Draw at the next poll: after the line that answers a key, which is cheaper, is out."""
        self._dirty, self._undrawn = True, _SELDOM * self._polls_per_frame

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The dashboard's keys mean nothing on a screen with keys of its own."""
        if action == "perform":
            own = not getattr(self.screen, "dashboard_keys", True)
            if own or (parameters[0] in RECORDING_BY_ID and not self.recordings.deck):
                return False
        return super().check_action(action, parameters)

    def action_perform(self, action_id: str) -> None:
        """Do what a key or the palette asks for, or say why it cannot be done now."""
        action = BY_ID[action_id]
        try:
            why = obstacle(action, self.shown_hub.accepts)
            if why:
                raise BadInput(why)
            if action_id in RECORDING_BY_ID:
                self.recordings.perform(action_id)
            elif action_id in COMMANDS:
                self.shown_board.say(COMMANDS[action_id](self.shown_hub))
            elif action_id.endswith("_menu"):
                self._open_menu(action_id)
            else:
                self._own(action_id)()
        except BadInput as error:
            self.shown_board.say(str(error), "warning")
        self.shown_board.echo()

    def open_recording(self, run_id: str) -> None:
        """Show the record of a run above whatever is shown; nothing is started or ended.

        Raises:
            BadInput: when there is no such run, or it cannot be shown.
        """
        self.recordings.open(Deck(self._runs, run_id, self.experiments))

    def do_lab(self) -> None:
        """Open the catalogue of experiments."""
        from tui.screens.catalogue import CatalogueScreen

        self.push_screen(
            CatalogueScreen(self.lab, self.experiments, self.open_experiment, self._leave_catalogue)
        )

    def open_experiment(self, name: str) -> None:
        """Show an experiment; training is shown by the dashboard."""
        if name not in self.lab.experiments:
            self._opening = None
            self.pop_screen()
            if self.hub.view.started is None and not self.hub.working:
                self.hub.switch(self.hub.config)
            self.board.echo()
            return
        from tui.screens.lab import LabScreen

        chosen = self.lab.experiments[name]
        self.push_screen(LabScreen(self.lab, self.hub, chosen, self.board.terminal, self.log_place))

    def do_runs(self) -> None:
        """Open the list of recorded runs, or go back to it."""
        from tui.runs.shelf import DiskShelf
        from tui.screens.runs import RunsScreen
        from tui.stage import AppStage

        if not any(isinstance(screen, RunsScreen) for screen in self.screen_stack):
            self.push_screen(RunsScreen(DiskShelf(self._runs), AppStage(self)))
        while not isinstance(self.screen, RunsScreen):
            self.pop_screen()

    def do_theme(self) -> None:
        """The other theme."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.shown_board.say(f"theme {self.theme}")

    def do_next_layer(self) -> None:
        """The layer below, here or in the layer's own screen."""
        self._move_layer(1)

    def do_previous_layer(self) -> None:
        """The layer above."""
        self._move_layer(-1)

    def do_focus(self) -> None:
        """The next thing that takes keys."""
        self.screen.focus_next()

    def do_focus_back(self) -> None:
        """The previous one."""
        self.screen.focus_previous()

    def do_palette(self) -> None:
        """Every action, by name."""
        self.action_command_palette()

    def action_command_palette(self) -> None:
        """Textual's own way there leads to a palette that can be typed into at once."""
        from tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def do_back(self) -> None:
        """Close the uppermost screen, never the last."""
        if self._first_on_top:
            self.do_quit()  # the program was started for it: there is nothing behind it
        elif len(self.screen_stack) > 1:
            self.pop_screen()

    @property
    def _first_on_top(self) -> bool:
        """Whether the screen in sight is the one that the program was started for."""
        if isinstance(self._opening, Browse):
            return len(self.screen_stack) == _BROWSED
        return self.recordings.on_top and isinstance(self._opening, Replay)

    def get_system_commands(self, screen: Screen[None]) -> Iterable[SystemCommand]:
        """The palette lists the whole table of actions, or those of a screen with its own."""
        if not getattr(screen, "dashboard_keys", True):
            own = getattr(screen, "commands", None)
            yield from own() if own else self._always_offered()
            return
        for action in ACTIONS:
            if action in RECORDING and not self.recordings.deck:
                continue
            name = f"{action.label}: {action.help}"
            run = partial(self.action_perform, action.id)
            yield SystemCommand(name, f"{action.group.partition(':')[0]}, {key_of(action.id)}", run)

    def _always_offered(self) -> Iterable[SystemCommand]:
        yield SystemCommand("runs: what was recorded", "Program", self.do_runs)
        yield SystemCommand("theme: dark or light", "View", self.do_theme)
        yield SystemCommand("quit: leave the program", "Program", self.do_quit)

    def _open_lab(self, opening: Opening) -> None:
        self.do_lab()
        if opening.experiment:
            if opening.config is not None:
                self.lab.configure(opening.experiment, opening.config)
            self.open_experiment(opening.experiment)

    def _leave_catalogue(self) -> None:
        if self._opening is not None:  # the program was started here: there is nothing behind it
            self.do_quit()
        else:
            self.pop_screen()

    def _own(self, action_id: str) -> Callable[[], None]:
        """What the screen itself does for an action."""
        method = f"do_{action_id}"
        found: Callable[[], None] = getattr(
            self if hasattr(self, method) else self.shown_board, method
        )
        return found

    def _move_layer(self, by: int) -> None:
        move = getattr(self.screen, "move", self.shown_board.move)
        move(by)


def until_next_poll(taken: float) -> float:
    """Seconds to wait after a poll that has taken so many."""
    return max(_BREATH, 1 / POLLS_PER_SECOND - taken)


def _this_terminal() -> terminals.Capabilities:
    encoding = getattr(sys.__stdout__, "encoding", None) or "ascii"
    return terminals.capabilities(os.environ, encoding)
