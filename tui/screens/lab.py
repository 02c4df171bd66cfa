"""An experiment on screen: its charts, grids, tables and claims, and the keys that turn it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.visual import VisualType
from textual.widget import Widget

from engine import controls
from engine.errors import BadInput
from engine.experiments.contract import Experiment
from engine.schema import Field, fields_of
from engine.text import clean
from tui.capabilities import Capabilities
from tui.commands import pace_words
from tui.hub import Hub
from tui.lab import figures, keymap, words
from tui.lab.arrangement import Arrangement, arrange
from tui.lab.keymap import BY_ID
from tui.lab.state import Lab
from tui.screens.lab_keys import LabKeys, lab_bindings
from tui.screens.panel import Panel
from tui.status import Notice
from tui.widgets.claim_table import ClaimTable, counted
from tui.widgets.heatmap import Heatmap
from tui.widgets.lab_header import LabHeader
from tui.widgets.lab_plot import LabPlot
from tui.widgets.log_line import LogLine
from tui.widgets.text_table import TextTable, TextTableView

Level = Literal["info", "warning", "error"]
_NOTICED = 28
"""The height from which what came of an experiment has a place of its own."""


class LabScreen(Screen[None]):
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
        super().__init__()
        self.experiment = experiment
        self._lab, self._hub = lab, hub
        self._terminal = terminal
        self._log_place = log_place
        self._turns = turning_keys(experiment)
        self._heats: dict[str, Heatmap] = {}
        self._tables: dict[str, TextTableView] = {}
        self._plan: Arrangement | None = None
        self._at = 0
        self._said: tuple[str, Level] = ("", "info")
        self._logged = ("", 0)

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom; grids and tables come with their first events."""
        yield LabHeader(capabilities=self._terminal)
        yield Panel(id="panel")
        with Container(id="figures"):
            for _ in self.experiment.charts:
                yield LabPlot(capabilities=self._terminal)
        with Container(id="texts"):
            yield ClaimTable(capabilities=self._terminal)
        yield LogLine(capabilities=self._terminal)
        yield LabKeys()

    def on_mount(self) -> None:
        """An experiment that was not run yet is, unless another one is under way."""
        name = self.experiment.name
        result = self._lab.results[name]
        if result.view.started is None and not result.refused and not self._lab.waiting(name):
            other = self._lab.under_way
            if other and other != name:
                again = keymap.key_of("restart")
                self.say(f"{other} is under way; {again} runs {name} in its place")
            else:
                self._start()
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fold to the room there is."""
        self.query_one(LabHeader).fold(2 if self._low else 3, bar=not self._low)
        self.call_after_refresh(self.draw)

    def on_key(self, event: events.Key) -> None:
        """A parameter's key turns it and runs the experiment again."""
        turn = self._turns.get(event.character or "")
        if turn is None:
            return
        event.stop()
        event.prevent_default()
        try:
            self.say(self._lab.turn(self.experiment.name, *turn))
            self._start()
        except BadInput as error:
            self.say(str(error), "warning")
        self.echo()

    def action_perform(self, action_id: str) -> None:
        """Do what a key asks for, or say why it cannot be done now."""
        action = BY_ID[action_id]
        try:
            if not action.when(self._lab.situation(self.experiment.name)):
                raise BadInput(action.otherwise)
            getattr(self, f"do_{action_id}")()
        except BadInput as error:
            self.say(str(error), "warning")
        self.echo()

    def say(self, text: str, level: Level = "info") -> None:
        """Answer a key on the log's line; the run's next own line takes its place."""
        self._said = (text, level)

    def echo(self) -> None:
        """Show what is cheap and answers a key."""
        if not self.is_mounted:
            return
        info = figures.info(self._lab, self.experiment, place=self._place())
        self.query_one(LabHeader).show_info(info)
        self.query_one(Panel).tell(self._notice())
        self.query_one(LabKeys).tell(self._lab.situation(self.experiment.name))
        self._show_log()

    def draw(self) -> None:
        """Show everything."""
        if not self.is_mounted:
            return
        self.echo()
        view = self._lab.results[self.experiment.name].view
        heats, tables = figures.heats(view), figures.tables(view)
        for name in heats.keys() - self._heats.keys():
            self._heats[name] = Heatmap(capabilities=self._terminal)
            self.query_one("#figures").mount(self._heats[name])
        for name in [n for n in tables if n not in self._tables]:
            self._tables[name] = TextTableView()
            self.query_one("#texts").mount(self._tables[name], before=self.query_one(ClaimTable))
        claims = self.query_one(ClaimTable)
        claims.show_rows(figures.claim_rows(view))
        for name, table in self._tables.items():
            table.show_table(tables.get(name, TextTable(name, table.table.columns)))
        self._arrange()
        for plot, chart in zip(
            self.query(LabPlot), figures.charts(self.experiment, view), strict=True
        ):
            if plot.display:
                plot.show_chart(chart)
        for name, heatmap in self._heats.items():
            if heatmap.display and name in heats:
                heatmap.show_heat(heats[name])

    def do_pause(self) -> None:
        """Pause or go on."""
        hold = self._lab.toggle_pause(self.experiment.name)
        self.say("pausing…" if hold else "going on…")

    def do_step(self) -> None:
        """One step from a pause."""
        self._lab.send(controls.Step())
        self.say("one step…")

    def do_restart(self) -> None:
        """The same settings again."""
        self.say("the same settings again")
        self._start()

    def do_stop(self) -> None:
        """End the experiment."""
        self._lab.send(controls.Stop())
        self.say("stopping…")

    def do_faster(self) -> None:
        """More steps per second."""
        self._pace(1)

    def do_slower(self) -> None:
        """Fewer steps per second."""
        self._pace(-1)

    def do_defaults(self) -> None:
        """Every parameter as it was at first."""
        self._lab.configure(self.experiment.name, self.experiment.config())
        self.say("every parameter as it was at first")
        self._start()

    def do_lesson(self) -> None:
        """The lesson, the parameters, the claims."""
        result = self._lab.results[self.experiment.name]
        self._read(self.experiment.name, words.lesson(self.experiment, result))

    def do_source(self) -> None:
        """The program of the experiment."""
        self._read(f"the program of {self.experiment.name}", words.source(self.experiment))

    def do_next_figure(self) -> None:
        """The next panel where they do not all fit."""
        self._turn_page(1)

    def do_previous_figure(self) -> None:
        """The panel before."""
        self._turn_page(-1)

    def do_down(self) -> None:
        """Further down in the tables."""
        self._scroll(1)

    def do_up(self) -> None:
        """Back up in the tables."""
        self._scroll(-1)

    def do_next(self) -> None:
        """The next experiment; this one's result stays."""
        self._neighbour(1)

    def do_previous(self) -> None:
        """The experiment before."""
        self._neighbour(-1)

    def do_back(self) -> None:
        """Back to the catalogue."""
        self.app.pop_screen()

    def do_help(self) -> None:
        """The list of keys."""
        from tui.screens.lab_help import LabHelp

        self.app.push_screen(LabHelp(self.experiment))

    def do_theme(self) -> None:
        """Dark or light."""
        self.app.do_theme()  # type: ignore[attr-defined]

    def do_quit(self) -> None:
        """Leave the program."""
        self.app.do_quit()  # type: ignore[attr-defined]

    def _start(self) -> None:
        """Run the experiment; a training run that is under way is not ended unasked."""
        if not self._hub.running:
            self._go()
            return
        from tui.screens.quit import QuitScreen

        def take(sure: bool | None) -> None:
            if sure:
                self._go()
            self.echo()

        view = self._hub.view
        at = f"step {view.step:,} of {view.total_steps:,}"
        text = f"A training run is under way ({at}). An experiment ends it; its record stays."
        self.app.push_screen(QuitScreen(text, "experiment", "End it and run this"), take)

    @property
    def _low(self) -> bool:
        return self.size.height < 18

    def _go(self) -> None:
        self._hub.stand_aside()
        self._lab.start(self.experiment.name)

    def _pace(self, by: int) -> None:
        self.say(f"pace {pace_words(self._lab.set_pace(self.experiment.name, by))}")

    def _neighbour(self, by: int) -> None:
        names = list(self._lab.experiments)
        name = names[(names.index(self.experiment.name) + by) % len(names)]
        if name == self.experiment.name:
            raise BadInput("there is no other experiment")
        chosen = self._lab.experiments[name]
        self.app.switch_screen(
            LabScreen(self._lab, self._hub, chosen, self._terminal, self._log_place)
        )

    def _read(self, title: str, parts: Sequence[VisualType]) -> None:
        from tui.screens.reader import ReaderScreen

        self.app.push_screen(ReaderScreen(title, parts))

    def _turn_page(self, by: int) -> None:
        if self._plan is None or not self._plan.hidden:
            raise BadInput("everything is on screen")
        self._at += by
        self.draw()

    def _scroll(self, by: int) -> None:
        for table in self._tables.values():
            table.scroll_rows(by)
        self.query_one(ClaimTable).scroll_rows(by)

    def _place(self) -> str:
        plan = self._plan
        if plan is None or not plan.hidden:
            return ""
        return f"{keymap.key_of('next_figure')}: {plan.hidden} more"

    def _notice(self) -> Notice | None:
        name, lab = self.experiment.name, self._lab
        result = lab.results[name]
        if lab.lost:
            again = f"{keymap.key_of('restart')} starts the engine again."
            return Notice("The engine is gone", (clean(lab.lost, 400), again), "alert")
        if result.refused:
            what = f"{keymap.key_of('defaults')} goes back to the first settings."
            return Notice("That cannot be run", (clean(result.refused, 400), what), "alert")
        if lab.starting == name and lab.progress:
            news = lab.progress
            share = news.done / news.total if news.total > 0 else float("nan")
            return Notice("Preparing", (clean(news.text, 200),), share=share)
        if lab.waiting(name):
            return None
        told = words.ended(result.view, self._log_place)
        finished = result.view.finished
        said = self.size.height < _NOTICED and finished and finished.outcome == "completed"
        return None if said else told

    def _show_log(self) -> None:
        view = self._lab.results[self.experiment.name].view
        now = (view.run_id, len(view.log))
        if now != self._logged:
            newest = view.log[-1] if view.log else None
            text = clean(newest.text, 300) if newest else ""
            rows = figures.claim_rows(view)
            detail = clean(view.finished.detail, 300) if view.finished else ""
            if view.finished and view.finished.outcome == "completed":
                high = self.size.height >= _NOTICED  # then the notice says so already
                text = "" if high else ": ".join(filter(None, (counted(rows), detail)))
            self._said = (text, newest.level if newest else "info")
            self._logged = now
        self.query_one(LogLine).show_note(*self._said)

    def _arrange(self) -> None:
        """Give the panels their places, when something about them has changed."""
        plots: list[Widget] = [*self.query(LabPlot)]
        shown: list[Widget] = [*plots, *self._heats.values()]
        claims = self.query_one(ClaimTable)
        texts: list[Widget] = [*self._tables.values(), claims]
        heights = [*(t.table.height for t in self._tables.values()), claims.rows_wanted]
        room = self.size.height - self._frame()
        plan = arrange(self.size.width, room, len(shown), heights, self._at)
        if plan == self._plan:
            return
        self._plan = plan
        _show_only(shown, plan.figures)
        _show_only(texts, plan.texts)
        top, bottom = self.query_one("#figures"), self.query_one("#texts")
        top.display, bottom.display = bool(plan.figures), any(plan.text_rows)
        top.styles.grid_size_columns = plan.figure_columns
        bottom.styles.grid_size_columns = plan.text_columns
        bottom.styles.grid_columns = self._text_widths(plan)
        bottom.styles.grid_rows = " ".join(str(height) for height in plan.text_rows) or "1fr"
        bottom.styles.height = sum(plan.text_rows)
        claims.styles.column_span = plan.text_columns
        for place, index in enumerate(plan.texts[:-1], start=1):
            last = place == len(plan.texts) - 1
            texts[index].styles.column_span = 1 + (-place % plan.text_columns if last else 0)
        self.echo()

    def _text_widths(self, plan: Arrangement) -> str:
        """Two tables side by side share the width so that neither loses a column, if they can."""
        if plan.text_columns != 2:
            return "1fr"
        tables = [list(self._tables.values())[index] for index in plan.texts[:-1]]
        left, right = (max(t.table.width for t in tables[side::2]) for side in (0, 1))
        spare = self.size.width - left - right
        return f"{left + spare // 2} 1fr" if spare >= 0 else "1fr"

    def _frame(self) -> int:
        """Lines that the panels cannot have: header, notice, log, keys."""
        header, panel = self.query_one(LabHeader), self.query_one(Panel)
        notice = min(5, panel.outer_size.height) if panel.display else 0
        return len(header.prepare(self.size)) + notice + 2


def turning_keys(experiment: Experiment) -> dict[str, tuple[Field, int]]:
    """The keys that turn the experiment's parameters: letter and capital, forth and back."""
    turns: dict[str, tuple[Field, int]] = {}
    for field in fields_of(experiment.config):
        if field.setting.key:
            turns[field.setting.key] = (field, 1)
            turns[field.setting.key.upper()] = (field, -1)
    return turns


def _show_only(widgets: list[Widget], chosen: tuple[int, ...]) -> None:
    for index, widget in enumerate(widgets):
        widget.display = index in chosen
