"""The driver takes in the window's sizes in their order, however fast they come."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest
from textual.drivers.linux_driver import LinuxDriver

from tui.driver import OrderlyDriver

CHANGES = 3


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGWINCH)
    yield
    signal.signal(signal.SIGWINCH, before)


async def test_a_change_of_size_never_interrupts_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
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
    driver = object.__new__(OrderlyDriver)
    driver.start_application_mode()
    signal.raise_signal(signal.SIGWINCH)
    await over.wait()
    assert order == ["begins", "ends"] * CHANGES


async def test_a_terminal_that_could_not_be_taken_gets_no_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(self: LinuxDriver) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)

    monkeypatch.setattr(LinuxDriver, "start_application_mode", refused)
    object.__new__(OrderlyDriver).start_application_mode()
    assert signal.getsignal(signal.SIGWINCH) is signal.SIG_DFL
