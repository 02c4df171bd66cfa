"""A field to type in whose cursor stands still."""

from __future__ import annotations

from textual.widgets import Input


def steady(field: Input) -> Input:
    """The field with a cursor that does not blink: over a slow line each blink is a redraw."""
    field.cursor_blink = False
    return field
