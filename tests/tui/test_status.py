"""The words around the charts."""

from __future__ import annotations

import math

import pytest
import synthetic_run
from fake_link import FakeLink

from engine.config import RunConfig
from engine.events import ControlApplied, StepsMeasured
from engine.link import Held, Lost, Refused
from tui import status, switch
from tui.hub import SETTLING, Hub
from tui.replay.scrub import Scrub

BASE = RunConfig(data="fashion-mnist")


def started(config: RunConfig = BASE, **told: object) -> tuple[Hub, FakeLink]:
    link = FakeLink()
    hub = Hub(link, config)
    hub.switch(config)
    link.push(*synthetic_run.run(config, **{"finish": "", "epochs": 1, **told}))  # type: ignore[arg-type]
    for _ in range(SETTLING + 1):
        hub.poll()
    return hub, link


def test_what_is_not_known_of_the_data_yet_is_left_open() -> None:
    hub = Hub(FakeLink(), RunConfig(data="/home/someone/x.npz"))
    hub.switch(hub.config)
    told = status.header(hub)
    assert (told.data, told.model) == ("x.npz", "?-256-?")


def test_other_data_leave_the_widths_open_until_they_are_read() -> None:
    hub, _ = started()
    assert status.header(hub).model == "784-256-10"
    hub.switch(switch.changed(BASE, hidden=(8,) * 8))
    assert status.header(hub).model == "784-(8×8)-10"
    hub.switch(switch.changed(BASE, data="synthetic"))
    assert (status.header(hub).data, status.header(hub).model) == ("synthetic", "?-256-?")


def test_a_refused_start_is_not_in_the_header() -> None:
    hub, link = started()
    before = status.header(hub)
    hub.switch(switch.changed(BASE, data="x.npz", init="he", lr=9.0))
    assert status.header(hub).init == "kaiming_normal"
    link.push(Refused("no such file"))
    hub.poll()
    assert status.header(hub) == before


def test_an_engine_that_has_ended_after_its_run_is_no_alarm() -> None:
    hub, link = started()
    link.push(*synthetic_run.run()[-1:], Lost("the engine is gone: it has closed its socket"))
    hub.poll()
    told = status.notice(hub, str)
    assert told is not None and hub.view.finished is not None
    assert status.header(hub).state == hub.view.finished.outcome
    assert (told.heading, told.tone) == ("The engine is gone", "warning")
    assert hub.view.finished.detail in told.brief


@pytest.mark.parametrize(("epochs", "shown"), [(0.5, 1), (1, 1), (1.5, 2)])
def test_the_epoch_is_the_one_under_way(epochs: float, shown: int) -> None:
    hub, _ = started(epochs=epochs)
    assert (status.header(hub).epoch, status.header(hub).epochs) == (shown, 10)


def test_a_run_that_has_ended_shows_the_rate_that_it_ended_with() -> None:
    hub, link = started(epochs=0)
    assert "lr 0.1 " in status.header(hub).optimizer
    steered = ControlApplied(step=0, what="learning rate", before="0.1", after="0.5")
    last = StepsMeasured(first_step=1, loss=(1.0,), accuracy=(0.1,), lr=0.5)
    link.push(steered, last, *synthetic_run.run()[-1:])
    hub.poll()
    assert hub.view.finished and "lr 0.5 " in status.header(hub).optimizer
    hub.switch(hub.config)
    assert "lr 0.1 " in status.header(hub).optimizer


def test_before_the_first_step_there_is_no_loss_and_a_broken_one_is_one() -> None:
    hub, link = started(epochs=0)
    told = status.header(hub)
    assert (told.step, told.total_steps, told.loss) == (0, 2350, None)
    link.push(StepsMeasured(first_step=1, loss=(math.nan,), accuracy=(0.1,), lr=0.1))
    hub.poll()
    assert math.isnan(status.header(hub).loss)  # type: ignore[arg-type]


def test_a_run_that_holds_has_no_time_left() -> None:
    hub, link = started(epochs=2)
    assert status.header(hub).seconds_left > 0
    link.push(Held("no room"))
    hub.poll()
    assert math.isnan(status.header(hub).seconds_left)
    link.push(Held(""))
    hub.poll()
    assert status.header(hub).seconds_left > 0
    hub.toggle_pause()
    assert math.isnan(status.header(hub).seconds_left)


@pytest.mark.parametrize(("at_end", "tells"), [(True, False), (False, True)])
def test_a_crashed_run_has_no_time_left_once_it_is_over(at_end: bool, tells: bool) -> None:
    hub, _ = started(epochs=2)
    hub.show(hub.view, Scrub(at_end=at_end))
    told = status.header(hub)
    assert told.state == ("crashed" if at_end else "running")
    assert (told.seconds_left > 0) == (told.samples_per_second > 0) == tells


def test_a_lost_engine_is_said_once_and_its_run_does_not_come_back() -> None:
    hub, link = started(epochs=2)
    assert status.header(hub).seconds_left > 0
    link.push(Lost("the engine is gone: killed by signal 9"))
    hub.poll()
    told = status.notice(hub, str)
    assert told is not None
    assert (told.heading, told.lines[0]) == ("The engine is gone", "killed by signal 9")
    assert "mlp-tui resume" in told.lines[1]
    hub.switch(hub.config)
    again = status.header(hub)
    assert again.state == "starting"
    assert not again.seconds_left > 0 and not again.samples_per_second > 0
    link.push(Refused("no such file"))
    hub.poll()
    assert status.header(hub).state == "engine lost"
