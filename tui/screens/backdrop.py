"""A screen that stays alive beneath a question, and takes up again what went on without it."""

from __future__ import annotations

from textual.screen import Screen


class Backdrop(Screen[None]):
    """Drawn on under a modal screen, once for each change.

    Textual marks a screen that was drawn beneath another to be drawn again, and so repaints it 60
    times a second for as long as the other stands: many times the bytes of a live dashboard.
    """

    def _compositor_refresh(self) -> None:
        super()._compositor_refresh()
        if self is not self.app.screen:
            self._repaint_required = False

    def on_screen_resume(self) -> None:
        """Show what was told while another screen hid this one."""
        self.app.draw_soon()  # type: ignore[attr-defined]
