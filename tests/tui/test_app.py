"""The dashboard as a whole, by what is on its screen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import synthetic_run
from driving import CONFIG, dashboard, new_app
from fake_link import FakeLink

from engine import events
from engine.config import RunConfig
from engine.link import Lost, Progress, Refused
from engine.store.layout import VARIABLE
from tui import signals
from tui.app import DashboardApp, until_next_poll
from tui.hub import POLLS_PER_SECOND

DONE = synthetic_run.run()


def with_first(events_: list[events.AnyEvent], **changes: object) -> list[events.AnyEvent]:
    return [msgspec.structs.replace(events_[0], **changes), *events_[1:]]


async def test_it_trains_at_once() -> None:
    async with dashboard() as driver:
        assert driver.link.starts == [(CONFIG, "")]
        assert "starting the engine" in driver.text("#panel").lower()


async def test_without_autostart_nothing_is_started() -> None:
    async with dashboard(autostart=False) as driver:
        assert driver.link.starts == []


async def test_a_download_shows_its_bar() -> None:
    async with dashboard() as driver:
        await driver.feed([Progress("train-images: 12 of 26 MB", 12, 26)])
        shown = driver.text("#panel")
        assert "train-images: 12 of 26 MB" in shown
        assert "46%" in shown


async def test_the_last_frame_stays_with_the_summary_and_what_to_try() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE)
        shown = driver.text()
        assert "10 epochs: train loss 0.384" in shown
        assert "for ten more epochs" in shown
        assert "hidden1" in driver.text("#layers")
        assert driver.app.board.query_one("#loss").chart.curves  # type: ignore[attr-defined]


async def test_a_switch_names_the_ghost_and_says_what_differs() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE)
        await driver.press("i")
        assert "init zeros" in driver.text("#header")  # the echo, before the engine has answered
        assert "starting" in driver.text("#header")
        second = synthetic_run.run(driver.link.last, run_id="second", finish="")
        await driver.feed(second)
        shown = driver.text("#remark")
        assert "init normal 0.01 → zeros" in shown
        assert "normal 0.01" in shown


async def test_more_than_six_ghosts_push_out_the_oldest() -> None:
    async with dashboard(size=(300, 36)) as driver:
        for seed in range(9):
            config = msgspec.structs.replace(CONFIG, seed=seed)
            await driver.feed(synthetic_run.run(config, run_id=f"run-{seed}", epochs=1))
        shown = driver.text("#remark")
        assert "seed 1" not in shown
        assert all(f"seed {seed}" in shown for seed in range(2, 8))


async def test_what_is_not_measured_yet_raises_no_alarm() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE[:1])
        shown = driver.text("#layers")
        assert "hidden1" in shown and "256×784" in shown
        assert "NaN" not in shown and "–" in shown


async def test_a_number_that_is_not_finite_is_marked() -> None:
    async with dashboard() as driver:
        await driver.feed(synthetic_run.run(breaks_at=700, finish="diverged"))
        assert "NaN at step 700" in driver.text("#loss")
        assert "output.weight" in driver.text("#panel")


async def test_a_failed_run_says_where_its_details_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DashboardApp, "log_place", lambda self, run_id: f"/runs/{run_id}")
    async with dashboard() as driver:
        await driver.feed(synthetic_run.run(epochs=1, finish="failed"))
        shown = driver.text("#panel")
        assert "ran out of memory" in shown
        assert "/runs/20251009-085320-3f9a1c" in shown


async def test_where_the_details_are_is_said_without_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    monkeypatch.setenv(VARIABLE, str(runs))
    app = new_app()
    (tmp_path / "runs").write_text("now a file")
    assert app.log_place("20251009-3f9a1c") == str(runs / "20251009-3f9a1c")
    assert app.log_place("No run's id!") == str(runs / "No run's id!")


async def test_a_lost_engine_leaves_the_app_usable() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE[:30])
        await driver.feed([Lost("killed by signal 9; its log is engine.log")])
        shown = driver.text("#panel")
        assert "killed by signal 9" in shown
        await driver.press("r")
        assert len(driver.link.starts) == 2
        await driver.feed(synthetic_run.run(run_id="again", finish="", epochs=1))
        assert "engine is gone" not in driver.text()


async def test_a_refusal_before_the_first_run_is_a_panel() -> None:
    async with dashboard() as driver:
        await driver.feed([Refused("x.npz: x_train must have two or more dimensions")])
        assert "x_train must have two or more dimensions" in driver.text("#panel")
        await driver.press("4", *"synth", "enter")
        assert driver.link.last.data == "synthetic"


async def test_drawn_pictures_are_named_and_the_key_is_offered() -> None:
    async with dashboard(RunConfig()) as driver:
        await driver.feed(synthetic_run.run(RunConfig(), data="synthetic", finish=""))
        assert "f fetches fashion-mnist, which is not on this machine" in driver.text("#offer")


async def test_a_download_that_fails_leaves_the_run_alone_and_can_be_tried_again() -> None:
    async with dashboard(RunConfig()) as driver:
        await driver.feed(synthetic_run.run(RunConfig(), data="synthetic", finish=""))
        await driver.press("f")
        await driver.feed([Progress("downloading"), Refused("no network", what="fetch")])
        assert "could not be fetched" in driver.text("#panel")
        assert "no network" in driver.text("#panel")
        assert driver.app.hub.running
        await driver.press("f")
        assert driver.link.fetches == ["fashion-mnist"] * 2
        assert "no network" not in driver.text("#panel")


HOSTILE = "[bold red]x[/] \x1b]52;c;aGk=\x07 [@click=app.bell]y[/] \x1b[2J \x9b2J [bold"


async def test_names_from_outside_are_literal() -> None:
    told = with_first(
        DONE,
        dataset=msgspec.structs.replace(DONE[0].dataset, name=HOSTILE),  # type: ignore[union-attr, type-var]
        device=HOSTILE,
        layers=tuple(
            msgspec.structs.replace(layer, name=f"{layer.name}{HOSTILE}")
            for layer in DONE[0].layers  # type: ignore[union-attr]
        ),
    )
    said = [events.Noted(text=HOSTILE, level="warning")]
    async with dashboard() as driver:
        await driver.feed(told)
        await driver.feed([events.RunFinished(outcome="failed", detail=HOSTILE, step=1)])
        await driver.feed([*said, Progress(HOSTILE, 1, 2), Refused(HOSTILE)])
        await driver.press("enter", "escape")
        await driver.feed([Lost(HOSTILE)])
        shown = driver.text()
    assert "[bold red]x[/]" in shown
    assert "\x1b" not in shown and "\x9b" not in shown and "\x07" not in shown


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 40), (200, 2), (11, 3), (40, 12), (59, 20), (250, 70)]
)
async def test_no_size_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    async with dashboard(size=size) as driver:
        await driver.feed(DONE)
        for key in ("c", "enter"):
            await driver.press(key)
            await driver.press("escape")
        assert driver.app.is_running and not driver.app._exit


async def test_a_storm_of_resizes() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE[:40])
        for width, height in [(1, 1), (120, 36), (40, 12), (3, 50), (80, 24), (1, 100), (200, 1)]:
            await driver.pilot.resize_terminal(width, height)
            await driver.feed(DONE[40:42])
        await driver.pilot.resize_terminal(120, 36)
        await driver.pilot.pause()
        assert "loss" in driver.text("#loss")


async def test_below_sixty_columns_there_is_one_plot() -> None:
    async with dashboard(size=(59, 20)) as driver:
        await driver.feed(DONE)
        assert driver.app.board.query_one("#loss").region.area > 0
        assert driver.app.board.query_one("#accuracy").region.area == 0


async def test_the_smallest_useful_size_has_a_plot_and_the_vital_numbers() -> None:
    async with dashboard(size=(40, 12)) as driver:
        await driver.feed(DONE[:40])
        assert driver.app.board.query_one("#loss").region.height >= 5
        shown = driver.text()
        assert "loss" in shown and "train" in shown and "test" in shown


async def test_figures_are_drawn_at_the_chosen_rate_and_only_when_dirty() -> None:
    drawn, polled = [], []
    app = new_app()
    app.draw = lambda: drawn.append(len(polled))  # type: ignore[method-assign]
    app.hub.poll = lambda: not polled.append(1)  # type: ignore[method-assign, func-returns-value]
    for _ in range(POLLS_PER_SECOND):
        app.tick()
    assert len(drawn) == 4 and drawn[-1] == POLLS_PER_SECOND
    app.hub.unread = 0.5  # while a long past is read, that comes first
    for _ in range(POLLS_PER_SECOND):
        app.tick()
    assert len(drawn) == 5
    app.hub.unread = 0.0
    app.hub.poll = lambda: False  # type: ignore[method-assign]
    app._dirty = False
    for _ in range(POLLS_PER_SECOND):
        app.tick()
    assert len(drawn) == 5


async def test_a_past_that_was_read_to_its_end_is_drawn_at_once() -> None:
    drawn = []
    app = new_app()
    app.draw = lambda: drawn.append(1)  # type: ignore[method-assign]
    app.hub.poll = lambda: True  # type: ignore[method-assign]
    app.hub.unread = 0.5
    for _ in range(POLLS_PER_SECOND // 2 - 1):
        app.tick()
    assert drawn == []
    app.hub.unread = 0.0
    app.tick()
    assert drawn == [1]


def test_a_poll_that_was_late_is_followed_by_the_next_at_once() -> None:
    assert until_next_poll(0.0) == 1 / POLLS_PER_SECOND
    assert until_next_poll(0.01) == pytest.approx(1 / POLLS_PER_SECOND - 0.01)
    assert 0 < until_next_poll(0.06) == until_next_poll(1.0) < 0.005


async def test_nothing_is_drawn_while_the_terminal_is_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []
    app = DashboardApp(FakeLink(), CONFIG, frames_per_second=20)
    app.draw = lambda: drawn.append(1)  # type: ignore[method-assign]
    app.hub.poll = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("tui.app.writes_waiting", lambda app: 30)
    app.tick()
    assert drawn == []
    monkeypatch.setattr("tui.app.writes_waiting", lambda app: 0)
    app.tick()
    assert drawn == [1]


def test_the_writers_queue_is_where_it_is_looked_for() -> None:
    """The guard reads Textual's private queue: an upgrade that moves it must fail here."""
    import io

    from textual.drivers._writer_thread import WriterThread
    from textual.drivers.linux_driver import LinuxDriver

    assert "_writer_thread" in LinuxDriver.__init__.__code__.co_names
    writer = WriterThread(io.StringIO())  # not started: what is written stays in the queue
    writer.write("x")

    class Holder:
        _driver = type("Driver", (), {"_writer_thread": writer})()

    assert signals.writes_waiting(Holder()) == 1
    assert signals.writes_waiting(object()) == 0
