"""The screen of predictions: what it asks of the run, and what it shows where."""

from __future__ import annotations

import msgspec
import pytest
import synthetic_predictions
import synthetic_run
from driving import CONFIG, Driver, dashboard
from textual.widget import Widget

from engine import controls
from engine.events import AnyEvent, ControlApplied, PredictionsMeasured, RunFinished, StepsMeasured
from engine.link import Lost
from tui.screens.predictions import PredictionsScreen

RUNNING = synthetic_run.run(finish="", epochs=6)
LAST = 6 * synthetic_run.STEPS_PER_EPOCH
ALL = {"images", "mistakes", "confusion", "classes"}


def asked(driver: Driver) -> int:
    """How often the run was asked for its predictions."""
    measures = [c for c in driver.link.sent if isinstance(c, controls.Measure)]
    assert all(c.what == "predictions" for c in measures)
    return len(measures)


def shown(driver: Driver) -> set[str]:
    return {str(w.id) for w in driver.app.screen.query("#panels > *").results(Widget) if w.display}


def steps(first: int, count: int = 5) -> StepsMeasured:
    return StepsMeasured(first_step=first, loss=(0.4,) * count, accuracy=(0.9,) * count, lr=0.1)


async def drawn(driver: Driver, times: int) -> None:
    for _ in range(times):
        driver.app.draw()
    await driver.pilot.pause()


async def test_it_asks_when_opened_and_shows_the_answer() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(RUNNING)
        await driver.press("p")
        assert isinstance(driver.app.screen, PredictionsScreen)
        assert asked(driver) == 1
        assert "asking the network" in driver.text()
        await driver.feed([synthetic_predictions.measured(LAST)])
        assert f"of 10,000 test examples right at step {LAST:,}" in driver.text()
        assert shown(driver) == ALL
        assert "T-shirt" in driver.text()
        await driver.press("escape")
        assert not isinstance(driver.app.screen, PredictionsScreen)


async def test_its_own_keys_stand_in_a_narrow_terminal_too_and_its_key_closes_it() -> None:
    async with dashboard(size=(80, 24)) as driver:
        await driver.feed([*RUNNING, synthetic_predictions.measured(LAST)])
        await driver.press("p")
        assert "p close" in driver.text() and "down page" in driver.text()
        await driver.press("p")
        assert not isinstance(driver.app.screen, PredictionsScreen)


async def test_it_asks_again_when_the_answer_is_old_and_some_time_has_passed() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(RUNNING)
        await driver.press("p")
        await driver.feed([steps(LAST + 1)])
        await drawn(driver, 20)
        assert asked(driver) == 1  # one question is open
        await driver.feed([synthetic_predictions.measured(LAST + 5)])
        await drawn(driver, 20)
        assert asked(driver) == 1  # nothing has changed since the answer
        await driver.feed([steps(LAST + 6)])
        assert asked(driver) == 2
        await driver.feed([synthetic_predictions.measured(LAST + 10), steps(LAST + 11)])
        await drawn(driver, 3)
        assert asked(driver) == 2  # too soon
        await drawn(driver, 20)
        assert asked(driver) == 3


async def test_a_step_from_a_pause_is_asked_about_at_once() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(RUNNING)
        await driver.press("space")
        request = driver.link.sent[-1].request
        held = ControlApplied(
            step=LAST, what="pause", before="running", after="paused", request=request
        )
        await driver.feed([held])
        await driver.press("p")
        await driver.feed([synthetic_predictions.measured(LAST)])
        for step in range(LAST + 1, LAST + 4):
            before = asked(driver)
            await driver.feed([steps(step, 1)])
            assert asked(driver) == before + 1
            await driver.feed([synthetic_predictions.measured(step)])


async def test_a_run_that_has_ended_is_not_asked() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(synthetic_predictions.run())
        await driver.press("p")
        await drawn(driver, 20)
        assert asked(driver) == 0
        assert "right at step 2,350" in driver.text()


async def test_a_lost_engine_is_not_asked() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed([*RUNNING, Lost("gone")])
        await driver.press("p")
        await drawn(driver, 20)
        assert asked(driver) == 0


async def test_a_new_run_is_asked_anew() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(synthetic_predictions.run(finish=""))
        await driver.press("p")
        assert asked(driver) == 0  # what it has told is new
        await driver.feed([steps(LAST + 1)])
        assert asked(driver) == 1
        await driver.press("n")
        await drawn(driver, 20)
        assert asked(driver) == 1  # the next one has not begun
        other = msgspec.structs.replace(CONFIG, seed=1)
        await driver.feed(synthetic_run.run(other, run_id="next", finish="", epochs=1))
        assert asked(driver) == 2
        assert "right at step" not in driver.text()


async def test_an_older_run_says_that_it_has_told_none() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(synthetic_run.run())
        await driver.press("p")
        assert "has told no predictions" in driver.text()


async def test_predictions_from_before_the_end_say_so() -> None:
    end = RunFinished(outcome="interrupted", detail="", step=LAST)
    told: list[AnyEvent] = [*RUNNING[:-3], synthetic_predictions.measured(5), *RUNNING[-3:], end]
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(told)
        await driver.press("p")
        assert f"the run ended at step {LAST:,}" in driver.text()


@pytest.mark.parametrize(
    ("size", "pages"),
    [
        ((120, 36), [ALL]),
        ((80, 24), [{"images", "mistakes"}, {"confusion", "classes"}]),
        ((50, 40), [{"images", "mistakes"}, {"confusion", "classes"}]),
        ((40, 12), [{"images"}, {"mistakes"}, {"confusion"}, {"classes"}]),
    ],
)
async def test_the_pages(size: tuple[int, int], pages: list[set[str]]) -> None:
    async with dashboard(size=size) as driver:
        await driver.feed(synthetic_predictions.run())
        await driver.press("p")
        found = [shown(driver)]
        while len(found) <= len(pages):
            await driver.press("down")
            if shown(driver) != found[-1] or len(pages) == 1:
                found.append(shown(driver))
        assert found == [*pages, pages[0]]
        assert shown(driver) == pages[0]
        await driver.press("up")
        assert shown(driver) == pages[-1]


async def test_a_table_too_large_for_its_page_is_gone_through_first() -> None:
    async with dashboard(size=(40, 12)) as driver:
        await driver.feed(synthetic_predictions.run())
        await driver.press("p", "down", "down", "down")
        for _ in range(2):
            read = []
            while shown(driver) == {"classes"}:
                read.append(driver.text())
                await driver.press("down")
            assert "columns 1-3 of 4" in read[0]
            assert any("most often taken for" in text for text in read)
            assert any("sneaker (25)" in text for text in read)
            assert len(read) < 6
            await driver.press("down", "down", "down")


async def test_numbers_without_pictures_have_a_table_of_mistakes() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(synthetic_predictions.run(pictured=False))
        await driver.press("p")
        assert shown(driver) == {"mistake-table", "confusion", "classes"}
        assert "1,513" in driver.text()  # an example's number


async def test_very_many_classes_have_no_matrix() -> None:
    told = synthetic_predictions.run()
    (at,) = [i for i, event in enumerate(told) if isinstance(event, PredictionsMeasured)]
    told[at] = msgspec.structs.replace(told[at], confusion=())
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(told)
        await driver.press("p")
        assert shown(driver) == ALL - {"confusion"}
        assert "most often confused" in driver.text()


async def test_a_net_without_mistakes_has_none_to_show() -> None:
    told = synthetic_predictions.run()
    (at,) = [i for i, event in enumerate(told) if isinstance(event, PredictionsMeasured)]
    told[at] = msgspec.structs.replace(told[at], mistakes=())
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(told)
        await driver.press("p")
        assert shown(driver) == {"images", "mistake-table", "confusion", "classes"}
        assert "no mistakes" in driver.text()


async def test_on_a_single_page_the_pictures_can_be_moved() -> None:
    async with dashboard(size=(120, 36)) as driver:
        await driver.feed(synthetic_predictions.run())
        await driver.press("p")
        assert "1-8 of 12" in driver.text()
        await driver.press("down")
        assert "9-12 of 12" in driver.text()
