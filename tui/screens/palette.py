"""Textual's palette, which may be typed into before it has been laid out."""

from __future__ import annotations

from contextlib import suppress

from textual.command import CommandPalette


class Palette(CommandPalette):
    """A page cannot be turned while its lines have no places: the key is passed over."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)
