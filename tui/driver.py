"""The terminal's driver: it hears sizes in their order, and keeps the images that were sent."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tui.graphics.images import Images


class OrderlyDriver(LinuxDriver):
    """Textual's driver, whose handler of SIGWINCH cannot be interrupted by itself.

    Textual reads the window's size in the signal's own handler. A second change can interrupt it
    between reading and telling, so that the older size is told last, and stays. Called by the
    event loop instead, each handler ends before the next begins.

    The images that a terminal has been given are its own as long as the terminal is: they are
    deleted before it is given back, and sent again after a suspension.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.images = Images(self.write)

    def start_application_mode(self) -> None:
        """Take the terminal, as at the start and again after a suspension."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        handler = signal.getsignal(signal.SIGWINCH)
        if callable(handler):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGWINCH, handler, signal.SIGWINCH, None)
            self.images.taken()

    def stop_application_mode(self) -> None:
        """Give the terminal back, at the end and for a suspension."""
        self.images.given_back()
        super().stop_application_mode()


def images_of(app: App[Any]) -> Images | None:
    """What the app's terminal knows of images; None where there is no terminal for them.

    Nor is there one where fewer colours are written: an image's number is a colour. An app's
    driver is Textual's own business, so this and `writes_waiting` alone look at it.
    """
    images: Images | None = getattr(getattr(app, "_driver", None), "images", None)
    return images if app.console.color_system == "truecolor" else None
