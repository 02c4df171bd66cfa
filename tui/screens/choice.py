"""A field of the form whose value is one of a few names."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from engine.schema import Field
from tui.menus import choices, setting_menu


class Choice(Static, can_focus=True):
    """Shows ‹ name ›; the arrows go through the names, enter opens them as a menu."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "previous", show=False),
        Binding("right", "move(1)", "next", show=False),
        Binding("enter,space", "open", "choose", show=False),
    ]

    class Changed(Message):
        """Another name was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The field that changed."""
            return self.choice

    def __init__(self, field: Field, value: str) -> None:
        super().__init__(self._line(value), id=f"edit-{field.name}", markup=False)
        self.field = field
        self._value = value

    @property
    def value(self) -> str:
        """The name chosen."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.update(self._line(value))
            self.post_message(self.Changed(self))

    def action_move(self, by: int) -> None:
        """The neighbouring name, round and round."""
        names = [item.value for item in choices(self.field)]
        self.value = names[(names.index(self._value) + by) % len(names)]

    def action_open(self) -> None:
        """All names as a menu with type-to-filter."""
        from tui.screens.menu import MenuScreen

        def take(value: str | None) -> None:
            self.value = value or self._value

        self.app.push_screen(MenuScreen(setting_menu(self.field, self._value)), take)

    def on_click(self) -> None:
        """The mouse opens the menu."""
        self.action_open()

    @staticmethod
    def _line(value: str) -> Text:
        return Text(f"‹ {value} ›")
