"""Every setting of a run in one form, derived from the settings class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from engine.config import RunConfig
from engine.schema import Field
from tui import draft
from tui.bindings import bindings
from tui.keymap import key_of
from tui.screens.choice import Choice
from tui.screens.steady import steady


class FormScreen(ModalScreen[RunConfig]):
    """Edits settings; the result is a valid `RunConfig`, or None.

    Each field is checked as it is typed, and what is wrong stands beside it.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back")]

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self._before = config
        self._after: RunConfig | None = config
        self._texts = draft.typed(config)
        self._problems: dict[str, str] = {}
        self._notes: dict[str, tuple[Static, Static]] = {}

    def compose(self) -> ComposeResult:
        """The groups of fields, scrollable, over a line that sums up and the buttons."""
        with Vertical(id="box") as box:
            box.border_title = "settings"
            box.border_subtitle = f"enter starts the run, {key_of('back')} leaves it"
            with VerticalScroll(id="fields", can_focus=False):
                for group, fields in groupby(draft.FIELDS, key=lambda f: f.setting.group):
                    yield Static(group, classes="group", markup=False)
                    for field in fields:
                        yield from self._row(field)
            yield Static("", id="about", markup=False)
            yield Static("nothing changed", id="summary", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Start the run", id="start", variant="primary", compact=True)
                yield Button("Defaults", id="defaults", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begin with the network, which is what people come to change."""
        self.query_one("#edit-hidden").focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the field in focus means."""
        name = str(event.widget.id).removeprefix("edit-")
        about = next((f.setting.help for f in draft.FIELDS if f.name == name), "")
        self.query_one("#about", Static).update(about)

    def on_resize(self, event: events.Resize) -> None:
        """In a small terminal the fields are what matters."""
        self.set_class(event.size.height < 20, "low")
        self.set_class(event.size.width < 60, "narrow")

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Check what was typed."""
        self._set(event.input, event.value)

    @on(Choice.Changed)
    def chosen(self, event: Choice.Changed) -> None:
        """Check what was chosen."""
        self._set(event.choice, event.choice.value)

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Enter in a field starts the run."""
        self._apply()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Start, reset or leave."""
        if event.button.id == "start":
            self._apply()
        elif event.button.id == "defaults":
            self._reset()
        else:
            self.dismiss(None)

    def action_perform(self, action_id: str) -> None:
        """Leave without a run."""
        self.dismiss(None)

    def _row(self, field: Field) -> Iterator[Widget]:
        text = self._texts[field.name]
        editor: Widget
        if field.setting.choices:
            editor = Choice(field, text)
        else:
            name = f"edit-{field.name}"
            editor = steady(Input(text, id=name, compact=True, select_on_focus=False))
        label = Static(field.name.replace("_", " "), classes="label", markup=False)
        yield label
        yield editor

    def _set(self, editor: Widget, text: str) -> None:
        name = str(editor.id).removeprefix("edit-")
        if self._texts.get(name) == text:
            return
        self._texts[name] = text
        self._judge()

    def _judge(self) -> None:
        self._after, self._problems = draft.check(self._texts)
        self._say_beside(self._problems)
        line = self.query_one("#summary", Static)
        line.update(draft.summary(self._before, self._after, self._problems))
        line.set_class(bool(self._problems), "wrong")

    def _say_beside(self, problems: Mapping[str, str]) -> None:
        """Each problem below its field; a field that is well has no such line."""
        for name in set(self._notes) - set(problems):
            for widget in self._notes.pop(name):
                widget.remove()
        for name, text in problems.items():
            if name in self._notes:
                self._notes[name][1].update(text)
                continue
            pair = Static(classes="label"), Static(text, classes="note", markup=False)
            self._notes[name] = pair
            self.query_one("#fields").mount(*pair, after=f"#edit-{name}")

    def _apply(self) -> None:
        if self._after is not None:
            self.dismiss(self._after)
        else:
            self.query_one(f"#edit-{next(iter(self._problems))}").focus()

    def _reset(self) -> None:
        for name, text in draft.typed(RunConfig()).items():
            editor = self.query_one(f"#edit-{name}")
            if isinstance(editor, Input | Choice):
                editor.value = text
