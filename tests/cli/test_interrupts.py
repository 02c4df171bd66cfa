"""Signals while a run trains without a screen."""

from __future__ import annotations

import signal

import pytest

from cli.interrupts import SIGNALS, Interrupts
from engine.controls import Controls, Stop


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_the_run_to_stop_and_ends_a_preparation(
    number: signal.Signals,
) -> None:
    controls = Controls()
    before = signal.getsignal(number)
    with Interrupts(controls) as interrupts:
        interrupts.check()
        signal.raise_signal(number)
        (asked,) = controls.take()
        assert isinstance(asked, Stop)
        assert asked.interrupted
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert signal.getsignal(number) is before


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    controls = Controls()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(controls) as interrupts:
            signal.raise_signal(signal.SIGHUP)
            interrupts.check()
            assert not controls.take()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
