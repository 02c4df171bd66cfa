"""The log's line: the run's newest line, and answers to keys in between."""

from __future__ import annotations

from driving import dashboard
from synthetic_run import run

from engine.events import Noted, RunStarted
from tui.last_said import LastSaid
from tui.run_view import RunView, fold

STARTED = run()[0]


def _view(*texts: str, run_id: str = "r") -> RunView:
    view = fold(RunStarted(run_id=run_id, experiment="train", config={}), RunView())
    for text in texts:
        view = fold(Noted(text=text), view)
    return view


def test_the_newest_line_of_a_log_that_is_kept_to_a_length_is_shown() -> None:
    said, texts = LastSaid(), [str(i) for i in range(1_200)]
    shown = [said.note(_view(*texts[:count]))[0] for count in (499, 500, 501, 502, 1_200)]
    assert shown == ["498", "499", "500", "501", "1199"]


def test_an_answer_stays_until_the_run_says_something_new() -> None:
    said = LastSaid()
    unseen = _view("saved")
    said.answer(("axis linear", "warning"), unseen)
    assert said.note(unseen) == ("axis linear", "warning")
    assert said.note(unseen) == ("axis linear", "warning")
    assert said.note(_view("saved", "saved again")) == ("saved again", "info")


def test_another_run_without_a_line_takes_the_last_one_away() -> None:
    said = LastSaid()
    said.answer(("so it was", "error"), _view("end"))
    assert said.note(_view(run_id="another")) == ("", "info")


def test_a_line_is_cleaned_before_it_is_shown() -> None:
    assert "\x1b" not in LastSaid().note(_view("\x1b[31mred"))[0]


async def test_a_line_that_came_before_a_key_does_not_hide_its_answer() -> None:
    async with dashboard() as driver:
        await driver.feed([STARTED])
        driver.link.push(Noted(text="told before the key", seq=1))
        driver.app.hub.poll()  # it is known, and not yet drawn
        await driver.press("l")
        assert "loss axis logarithmic" in driver.text("LogLine")
