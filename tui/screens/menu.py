"""A menu with type-to-filter: nobody has to cycle through twelve."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.bindings import bindings
from tui.keymap import key_of
from tui.menus import Item, Menu, matching
from tui.screens.filtered_list import move_in
from tui.screens.steady import steady

_FRAME, _LOW_FRAME = 11, 4


class MenuScreen(ModalScreen[str]):
    """Offers a menu's items; the result is the chosen value, or None."""

    CSS_PATH = "menu.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back")]

    def __init__(self, menu: Menu) -> None:
        super().__init__()
        self.menu = menu
        self._shown: list[Item] = []

    def compose(self) -> ComposeResult:
        """A box with a title, the typed filter and the list."""
        with Vertical(id="box") as box:
            box.border_title = Text(self.menu.title).markup
            box.border_subtitle = f"enter chooses, {key_of('back')} closes"
            yield steady(Input(placeholder="type to filter", id="filter", compact=True))
            yield OptionList(id="items", markup=False)
            yield Static("", id="note", markup=False)

    def on_mount(self) -> None:
        """Show everything, the present choice highlighted."""
        self._fill("")
        at = [i for i, item in enumerate(self._shown) if item.value == self.menu.current]
        self.query_one(OptionList).highlighted = at[0] if at else 0
        self.query_one(Input).focus()

    def on_resize(self, event: events.Resize) -> None:
        """The list takes what the filter and the note leave; in a low terminal they leave more."""
        low = event.size.height < 20
        self.set_class(low, "low")
        frame = _LOW_FRAME if low else _FRAME
        self.query_one(OptionList).styles.max_height = max(1, event.size.height - frame)

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Keep what the typed text may mean."""
        self._fill(event.value)

    def on_key(self, event: events.Key) -> None:
        """Arrows move in the list while typing goes on in the filter."""
        move_in(self.query_one(OptionList), event)

    @on(OptionList.OptionHighlighted)
    def explain(self, event: OptionList.OptionHighlighted) -> None:
        """Say more about the highlighted item."""
        if event.option_index < len(self._shown):
            self.query_one("#note", Static).update(self._shown[event.option_index].note)

    @on(Input.Submitted)
    def take(self) -> None:
        """Close with the highlighted item."""
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None and self._shown:
            self.dismiss(self._shown[highlighted].value)

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """Close with the item under the mouse."""
        self.dismiss(self._shown[event.option_index].value)

    def action_perform(self, action_id: str) -> None:
        """Close without a choice."""
        self.dismiss(None)

    def _fill(self, typed: str) -> None:
        self._shown = matching(self.menu.items, typed)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(item)) for item in self._shown])
        options.highlighted = 0 if self._shown else None
        options.display = bool(self._shown)
        note = self.query_one("#note", Static)
        note.update("" if self._shown else "nothing is called so")
        note.display = not self._shown or any(item.note for item in self.menu.items)

    def _line(self, item: Item) -> Table:
        widest = max(len(other.value) for other in self.menu.items)
        line = Table.grid(padding=(0, 2, 0, 0), expand=True)
        line.add_column(width=widest + 2, no_wrap=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        sign = "• " if item.value == self.menu.current else "  "
        line.add_row(Text(sign + item.value), Text(item.detail, style="dim"))
        return line
