"""A run without a screen, on a terminal."""

from __future__ import annotations

import signal

import pytest
from pseudo_terminal import Open


def test_a_bar_and_then_the_summary(open_terminal: Open) -> None:
    terminal = open_terminal("train", "--epochs", "2")
    assert terminal.end() == 0
    terminal.expect("epoch 2/2 step 16")
    terminal.expect("completed: ")
    terminal.assert_restored()


@pytest.mark.parametrize("times", [1, 2])
def test_a_key_that_interrupts_restores_the_cursor(open_terminal: Open, times: int) -> None:
    terminal = open_terminal("train", "--epochs", "1000000", "--batch-size", "32")
    terminal.expect(r"epoch \d+/1000000 step [1-9]")
    terminal.press("\x03")
    if times == 2:
        terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 130
    terminal.assert_restored()
