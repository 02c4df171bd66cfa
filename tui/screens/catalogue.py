"""The catalogue of experiments: what each asks, what is seen, how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.experiments.contract import Experiment
from tui.lab.catalogue import Entry, entries, matching
from tui.lab.state import Lab
from tui.screens.backdrop import Backdrop
from tui.screens.filtered_list import move_in
from tui.screens.steady import steady


class CatalogueScreen(Backdrop):
    """Lists the experiments; typing narrows the list, enter opens one of them.

    `opened(name)` and `left()` are what the app does then.
    """

    CSS_PATH = "catalogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("ctrl+q,ctrl+c", "app.quit", "quit", show=False, priority=True),
    ]
    dashboard_keys = False

    def __init__(
        self,
        lab: Lab,
        experiments: Sequence[Experiment],
        opened: Callable[[str], None],
        left: Callable[[], None],
    ) -> None:
        super().__init__()
        self._lab = lab
        self._experiments = experiments
        self._opened, self._left = opened, left
        self._shown: list[Entry] = []

    def compose(self) -> ComposeResult:
        """A line on what this is, the typed filter, the list."""
        about = (
            "The laboratory: each experiment shows what was measured beside what theory predicts."
            " Type to filter, enter opens, esc goes back."
        )
        yield Static(about, id="about", markup=False)
        yield steady(Input(placeholder="type to filter", id="filter", compact=True))
        yield OptionList(id="experiments", markup=False)
        yield Static("no experiment is about that", id="nothing", markup=False)

    def on_mount(self) -> None:
        """Everything, the first one highlighted."""
        self._fill("")
        self.query_one(Input).focus()

    def on_resize(self, event: events.Resize) -> None:
        """In a low terminal the list is what matters."""
        self.set_class(event.size.height < 18, "low")
        self.when_shared_out(self._refill)

    def on_screen_resume(self) -> None:
        """Typing filters anew."""
        self.query_one(Input).action_select_all()

    def draw(self) -> None:
        """Show the experiments' states as they are now."""
        if self.is_mounted and self._now() != self._shown:
            self._refill()

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Keep what the typed text may mean."""
        self._fill(event.value)

    def on_key(self, event: events.Key) -> None:
        """Arrows move in the list while typing goes on in the filter."""
        move_in(self.query_one(OptionList), event)

    @on(Input.Submitted)
    def take(self) -> None:
        """Open the highlighted experiment."""
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None and self._shown:
            self._opened(self._shown[highlighted].name)

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """Open the experiment under the mouse."""
        self._opened(self._shown[event.option_index].name)

    def action_leave(self) -> None:
        """Back to where one came from."""
        self._left()

    def _now(self) -> list[Entry]:
        return matching(entries(self._experiments, self._lab), self.query_one(Input).value)

    def _refill(self) -> None:
        self._fill(self.query_one(Input).value, self.query_one(OptionList).highlighted or 0)

    def _fill(self, typed: str, highlighted: int = 0) -> None:
        self._shown = matching(entries(self._experiments, self._lab), typed)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(entry)) for entry in self._shown])
        options.highlighted = min(highlighted, len(self._shown) - 1) if self._shown else None
        self.set_class(not self._shown, "none")

    def _line(self, entry: Entry) -> RenderableType:
        widest = max(len(experiment.name) for experiment in self._experiments)
        line = Table.grid(padding=(0, 2, 0, 0), expand=True)
        line.add_column(width=widest + 2, no_wrap=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_row(Text(f"{entry.sign} {entry.name}", style="bold"), Text(entry.question))
        facts = " · ".join(fact for fact in (entry.state, entry.brief, entry.shows) if fact)
        if self.size.height >= 18:
            line.add_row(Text(""), Text(facts, style="dim"))
        if self.size.height >= 30:
            line.add_row(Text(""), Text(""))
        return line
