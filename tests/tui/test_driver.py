"""The driver takes in the window's sizes in their order, and keeps the images that were sent."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest
from kitty_terminal import KittyTerminal
from textual.drivers.linux_driver import LinuxDriver

from tui.driver import OrderlyDriver
from tui.graphics.images import Image, Images

CHANGES = 3
IMAGE = Image(b"abcd", 2, 2, 1, 2, 1)


@pytest.fixture
def terminal() -> KittyTerminal:
    return KittyTerminal()


@pytest.fixture
def driver(terminal: KittyTerminal) -> OrderlyDriver:
    """A driver without a terminal of its own."""
    made = object.__new__(OrderlyDriver)
    made.images = Images(terminal.feed)
    return made


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGWINCH)
    yield
    signal.signal(signal.SIGWINCH, before)


async def test_a_change_of_size_never_interrupts_the_one_before(
    driver: OrderlyDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    over = asyncio.Event()

    def handler(number: int, frame: object) -> None:
        change = len(order)
        order.append("begins")
        if change < 2 * (CHANGES - 1):
            signal.raise_signal(signal.SIGWINCH)  # the window changes again, in the middle of it
        order.append("ends")
        if len(order) == 2 * CHANGES:
            over.set()

    def textuals(self: LinuxDriver) -> None:
        signal.signal(signal.SIGWINCH, handler)

    monkeypatch.setattr(LinuxDriver, "start_application_mode", textuals)
    driver.start_application_mode()
    signal.raise_signal(signal.SIGWINCH)
    await over.wait()
    assert order == ["begins", "ends"] * CHANGES


async def test_a_terminal_that_could_not_be_taken_gets_neither_a_handler_nor_images(
    driver: OrderlyDriver, terminal: KittyTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: LinuxDriver) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)

    monkeypatch.setattr(LinuxDriver, "start_application_mode", refused)
    driver.images.want("here", [IMAGE])
    driver.start_application_mode()
    assert signal.getsignal(signal.SIGWINCH) is signal.SIG_DFL
    assert not terminal.images


async def test_images_go_before_the_terminal_is_given_back_and_come_again_with_it(
    driver: OrderlyDriver, terminal: KittyTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[tuple[str, int]] = []

    def started(self: LinuxDriver) -> None:
        signal.signal(signal.SIGWINCH, lambda number, frame: None)
        order.append(("taken", terminal.transmissions))

    def stopped(self: LinuxDriver) -> None:
        order.append(("given back", terminal.deletions))

    monkeypatch.setattr(LinuxDriver, "start_application_mode", started)
    monkeypatch.setattr(LinuxDriver, "stop_application_mode", stopped)
    driver.start_application_mode()
    (number,) = driver.images.want("here", [IMAGE]).values()
    driver.stop_application_mode()
    assert not terminal.images
    driver.start_application_mode()
    assert list(terminal.images) == [number]
    assert order == [("taken", 0), ("given back", 1), ("taken", 1)]
