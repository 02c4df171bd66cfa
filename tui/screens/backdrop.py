"""A screen that stays alive beneath a question, and takes up again what went on without it."""

from __future__ import annotations

from collections.abc import Callable

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

    def when_shared_out(self, draw: Callable[[], None]) -> None:
        """Draw once everything has its new size, unless this screen was closed by then."""
        self.call_after_refresh(lambda: draw() if self.whole else None)

    @property
    def whole(self) -> bool:
        """Whether its widgets are there: not before they are mounted, nor once it is closed."""
        return self.is_mounted and self.is_attached and bool(self.children)

    def on_screen_resume(self) -> None:
        """Show what was told while another screen hid this one."""
        self.app.draw_soon()  # type: ignore[attr-defined]
