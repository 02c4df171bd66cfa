"""What the keys open above the dashboard: forms, menus and figures of the run they are about."""

from __future__ import annotations

from collections.abc import Callable

from engine.config import RunConfig
from engine.errors import BadInput
from tui.commands import switch_to
from tui.hub import Hub
from tui.leaving import Leaving
from tui.screens.dashboard import Dashboard


class Dialogs(Leaving):
    """Opens the screens that a key names; they are imported when they are wanted."""

    @property
    def shown_hub(self) -> Hub:
        """The hub of the run that the keys are about: one of elsewhere, while that is open."""
        shown = self.recordings.shown
        return shown.hub if shown else self.hub

    @property
    def shown_board(self) -> Dashboard:
        """The dashboard that answers the keys."""
        return self.recordings.board or self.board

    def do_help(self) -> None:
        """Open the list of keys."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def do_form(self) -> None:
        """Open the form; what it gives back is started."""
        from tui.screens.form import FormScreen

        def take(config: RunConfig | None) -> None:
            if config is not None:
                self._start(lambda _: config)

        hub = self.shown_hub
        self.push_screen(FormScreen(hub.refused_config or hub.config), take)

    def do_layer(self) -> None:
        """Open the chosen layer's histories."""
        from tui.screens.layer import LayerScreen

        if not isinstance(self.screen, LayerScreen):
            layer = self.shown_board.chosen_layer
            self.push_screen(LayerScreen(self.shown_hub, self.board.terminal, layer))

    def do_predictions(self) -> None:
        """Open what the network says of the test set, or close it."""
        from tui.screens.predictions import PredictionsScreen

        if isinstance(self.screen, PredictionsScreen):
            self.pop_screen()
        else:
            self.push_screen(PredictionsScreen(self.shown_hub, self.board.terminal))

    def _open_menu(self, action_id: str) -> None:
        from tui.menus import menu_for
        from tui.screens.menu import MenuScreen

        menu = menu_for(action_id, self.shown_hub.config)

        def take(value: str | None) -> None:
            if value is not None:
                self._start(lambda config: menu.chosen(config, value))

        self.push_screen(MenuScreen(menu), take)

    def _start(self, change: Callable[[RunConfig], RunConfig]) -> None:
        try:
            self.shown_board.say(switch_to(change, self.shown_hub))
        except BadInput as error:
            self.shown_board.say(str(error), "warning")
        self.shown_board.echo()
