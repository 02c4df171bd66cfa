"""From the list of runs to the dashboard and back: real records under the app itself."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
import shelved
import synthetic_run
from driving import CONFIG, Driver, dashboard, rows_of
from fake_link import FakeLink
from textual.widgets import Static

from engine import controls
from engine.config import RunConfig
from engine.errors import BadInput
from engine.store.record import RecordSink
from tui.app import Browse, DashboardApp
from tui.capabilities import FULL
from tui.figures import Look, accuracy_chart, loss_chart
from tui.ghosts import MOST, Ghosts
from tui.hub import SETTLING
from tui.keymap import ACTIONS
from tui.replay.no_link import NO_ENGINE, NoLink
from tui.run_view import RunView
from tui.runs.keymap import ACTIONS as RUNS_ACTIONS
from tui.screens.dashboard import Dashboard
from tui.screens.lab import LabScreen
from tui.screens.runs import RunsScreen

TIMES = itertools.count(1)


def recorded(runs: Path, run_id: str, config: RunConfig = CONFIG, epochs: float = 10.0) -> None:
    """A run of the past, the later the newer."""
    sink = RecordSink(runs)
    started = float(next(TIMES))
    for seq, event in enumerate(synthetic_run.run(config, run_id=run_id, epochs=epochs)):
        sink.accept(msgspec.structs.replace(event, seq=seq, time=started + seq / 1000))
    sink.close()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three runs on disk; what the list asks for is done at once."""
    place = tmp_path / "runs"
    recorded(place, "a", CONFIG, 20.0)
    recorded(place, "b", msgspec.structs.replace(CONFIG, init="xavier_uniform"))
    recorded(place, "c", msgspec.structs.replace(CONFIG, activation="tanh"))
    monkeypatch.setenv("MLP_TUI_RUNS", str(place))
    monkeypatch.setattr("tui.screens.runs.Desk", shelved.AtOnce)
    yield place


@asynccontextmanager
async def listed(*, autostart: bool = True) -> AsyncIterator[Driver]:
    async with dashboard(autostart=autostart) as driver:
        if autostart:
            await driver.feed(synthetic_run.run(epochs=3, finish=""))
        await driver.press("g")
        await settled(driver)
        yield driver


async def settled(driver: Driver) -> None:
    await driver.pilot.pause()
    for screen in driver.app.screen_stack:
        if isinstance(screen, RunsScreen):
            screen.poll()
    driver.app.tick()
    driver.app.draw()
    await driver.pilot.pause()


async def press(driver: Driver, *keys: str) -> None:
    for key in keys:
        await driver.press(key)
        await settled(driver)


async def test_overlaid_runs_are_ghosts_named_by_label_or_by_what_differs(runs: Path) -> None:
    async with listed() as driver:
        await press(driver, "down", "down", "R", *"long", "enter")
        await press(driver, "space", "home", "space", "o")
        assert driver.app.screen is driver.app.board
        named = [name for name, _ in driver.app.hub.ghosts.named(driver.app.hub.view)]
        assert named == ["tanh", "long"]
        await settled(driver)  # the line above the charts has made itself room
        remark, log = driver.text("#remark"), driver.text("#log")
        assert "long" in remark and "tanh" in remark
        assert "2 runs are behind the one on screen" in log
        chart = driver.app.board.query_one("#loss").chart  # type: ignore[attr-defined]
        assert chart.x_range == (0.0, 20.0 * synthetic_run.STEPS_PER_EPOCH)
        assert [len(c.series) for c in chart.curves if c.style == "ghost"] == [2350, 4700]
        await press(driver, "x")
        assert len(driver.app.hub.ghosts) == 0
        assert driver.app.hub.running and len(driver.link.starts) == 1


async def test_without_a_run_the_curves_stand_alone(runs: Path) -> None:
    async with listed(autostart=False) as driver:
        await press(driver, "a", "o")
        board = driver.app.board
        assert driver.app.screen is board and not board.has_class("empty")
        chart = board.query_one("#accuracy").chart  # type: ignore[attr-defined]
        assert sum(curve.style == "ghost" for curve in chart.curves) == 3


async def test_a_recording_is_opened_and_left_for_the_list(runs: Path) -> None:
    async with listed() as driver:
        await press(driver, "down", "enter")
        shown = driver.app.screen
        assert isinstance(shown, Dashboard) and shown is not driver.app.board
        assert "init xavier_uniform" in driver.text() and "replay" in driver.text()
        await press(driver, "g")
        assert isinstance(driver.app.screen, RunsScreen) and len(driver.app.screen_stack) == 2
        await press(driver, "up", "enter")
        assert "tanh" in driver.text()
        await press(driver, "escape", "escape")
        assert driver.app.screen is driver.app.board
        assert driver.app.hub.running and driver.link.sent == []


async def test_a_recording_below_the_list_makes_room(runs: Path) -> None:
    async with dashboard() as driver:
        driver.app.open_recording("a")
        driver.app.draw()  # it may be time for that before the screen is there
        await settled(driver)
        await press(driver, "g", "enter")
        assert "tanh" in driver.text() and len(driver.app.screen_stack) == 2
        await press(driver, "escape")
        assert driver.app.screen is driver.app.board


async def test_curves_lie_behind_a_recording_too(runs: Path) -> None:
    async with dashboard() as driver:
        driver.app.open_recording("a")
        await settled(driver)
        await press(driver, "g", "o")
        shown = driver.app.screen
        assert isinstance(shown, Dashboard) and shown is not driver.app.board
        assert [view.run_id for view in shown.hub.ghosts.views] == ["c"]
        assert len(driver.app.hub.ghosts) == 0


async def test_the_run_on_screen_is_gone_back_to(runs: Path) -> None:
    async with dashboard() as driver:
        await driver.feed(synthetic_run.run(run_id="c"))
        await press(driver, "g", "o")
        assert "is the run on screen already" in driver.text()
        await press(driver, "enter")
        assert driver.app.screen is driver.app.board


async def test_a_record_that_cannot_be_shown_is_a_sentence_and_the_list_stays(runs: Path) -> None:
    async with listed() as driver:
        (runs / "c" / "run.json").write_text("{}")
        await press(driver, "enter")
        assert isinstance(driver.app.screen, RunsScreen)
        assert "run.json cannot be read" in driver.text()
        (runs / "b" / "events.jsonl").unlink()
        await press(driver, "down", "enter", "space", "o")
        assert isinstance(driver.app.screen, RunsScreen)
        assert "!" in driver.text()


@pytest.fixture
def elsewhere(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLink]:
    """A run under way in another engine, and the link to it that its address stands for."""
    said = synthetic_run.run(run_id="live", finish="", epochs=1)
    sink = RecordSink(runs, address="/run/engine.socket")
    for seq, event in enumerate(said):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    link = FakeLink(*said)
    monkeypatch.setattr("tui.visit.attached", lambda place, run_id: link)
    with closing(sink):
        yield link


async def test_a_run_of_another_engine_is_steered_and_left_to_itself(elsewhere: FakeLink) -> None:
    async with listed() as driver:
        own = driver.app.board
        await press(driver, "enter")
        shown = driver.app.screen
        assert isinstance(shown, Dashboard) and shown is not own
        assert "running" in driver.text() and "live" in driver.text()
        await press(driver, "space", "i")
        assert [type(control) for control in elsewhere.sent] == [controls.Pause]
        assert elsewhere.last.init == "zeros"
        assert driver.link.sent == [] and len(driver.link.starts) == 1
        await press(driver, "escape", "escape")
        assert driver.app.screen is own and driver.app.shown_hub is driver.app.hub
        assert elsewhere.detached and not elsewhere.closed and not driver.link.detached


async def test_leaving_the_program_leaves_a_visited_run_to_itself(elsewhere: FakeLink) -> None:
    async with listed() as driver:
        await press(driver, "enter", "ctrl+d")
        assert driver.app._exit and "live" in driver.app.detached
        assert not elsewhere.closed


async def test_a_run_that_cannot_be_attached_is_followed_or_refused(
    elsewhere: FakeLink, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(place: Path, run_id: str) -> FakeLink:
        raise BadInput(f"the engine of run {run_id} does not answer: Connection refused")

    monkeypatch.setattr("tui.visit.attached", gone)
    async with listed() as driver:
        await press(driver, "enter")
        assert isinstance(driver.app.screen, RunsScreen)
        assert "does not answer: Connection refused" in driver.text()
        head = runs / "live" / "run.json"
        head.write_text(head.read_text().replace("/run/engine.socket", ""))
        await press(driver, "enter")
        assert isinstance(driver.app.screen, Dashboard) and "replay" in driver.text()


async def test_the_list_is_reached_from_the_laboratory_by_the_palette(runs: Path) -> None:
    async with dashboard() as driver:
        await driver.press("b")
        commands = {c.title: c for c in driver.app.get_system_commands(driver.app.screen)}
        commands["runs: what was recorded"].callback()
        await settled(driver)
        assert "runs  3" in driver.text()
        await press(driver, "escape")
        assert "laboratory" in driver.text()


async def test_leaving_while_the_list_is_read_waits_for_nobody(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("MLP_TUI_RUNS", str(runs))
    async with dashboard() as driver:
        await driver.press("g")
        screen = driver.app.screen
        assert isinstance(screen, RunsScreen)
        while not screen.browser.reading.whole:  # the desk has a thread of its own here
            screen.poll()
            await driver.pilot.pause()
            os.sched_yield()
        assert len(screen.browser.shown) == 3
        await driver.press("escape")
        assert screen._desk.closed


def view_of(run_id: str, config: RunConfig = CONFIG, steps: int = 10) -> RunView:
    return shelved.curves(shelved.entry(run_id, **msgspec.structs.asdict(config)))


def test_chosen_ghosts_replace_those_that_were_chosen_before() -> None:
    a, b, c, d = (view_of(run_id) for run_id in "abcd")
    ghosts = Ghosts().joined_by(a).overlaid([(b, ""), (c, "third")])
    assert [view.run_id for view in ghosts.views] == ["a", "b", "c"]
    again = ghosts.overlaid([(d, ""), (a, "first")])
    assert [view.run_id for view in again.views] == ["d", "a"]
    assert [name for name, _ in again.named(RunView())] == ["normal 0.01 #1", "first"]
    assert again.joined_by(b).chosen == again.chosen


def test_two_runs_of_one_label_are_told_apart() -> None:
    other = view_of("b", msgspec.structs.replace(CONFIG, activation="tanh"))
    ghosts = Ghosts().overlaid([(view_of("a"), "same"), (other, "same")])
    assert [name for name, _ in ghosts.named(RunView())] == ["same relu", "same tanh"]


def test_only_chosen_ghosts_widen_the_axis_and_no_more_stay_than_can_be_told_apart() -> None:
    views = [view_of(f"r{i}") for i in range(MOST + 2)]
    ghosts = Ghosts().overlaid([(view, "") for view in views])
    assert len(ghosts) == MOST and ghosts.reach == 2350
    assert Ghosts().joined_by(views[0]).reach == 0
    for chart in (loss_chart, accuracy_chart):
        assert chart(RunView(), (), Look()).x_range == (0.0, 1.0)
        assert chart(RunView(), (), Look(), ghosts.reach).x_range == (0.0, 2350.0)


async def test_the_program_may_begin_and_end_with_the_list(runs: Path) -> None:
    app = DashboardApp(NoLink(), RunConfig(), autostart=False, opening=Browse())
    async with app.run_test(size=(120, 36)) as pilot:
        driver = Driver(app, pilot)
        await settled(driver)
        assert isinstance(app.screen, RunsScreen)
        await driver.press("enter")
        assert isinstance(app.screen, Dashboard) and app.recordings.deck
        await driver.press("escape")
        assert isinstance(app.screen, RunsScreen) and not app._exit
        await driver.press("escape")
        assert app._exit and app.return_code == 0


KEYS = sorted(
    {key for action in (*ACTIONS, *RUNS_ACTIONS) for key in action.keys}
    - {"q", "ctrl+q", "ctrl+c", "ctrl+z", "escape"}
)
"""All that mean anything anywhere, but for those that leave."""


@asynccontextmanager
async def browsed() -> AsyncIterator[Driver]:
    """The list of runs of a program that has no engine."""
    opening = Browse()
    app = DashboardApp(NoLink(), RunConfig(), capabilities=FULL, autostart=False, opening=opening)
    async with app.run_test(size=(120, 36)) as pilot:
        driver = Driver(app, pilot)
        await settled(driver)
        yield driver


@pytest.mark.parametrize(
    ("way", "to"),
    [((), RunsScreen), (("o",), Dashboard), (("o", "b", "down", "enter"), LabScreen)],
)
async def test_no_key_ends_a_program_that_has_no_engine(
    runs: Path, way: tuple[str, ...], to: type[object]
) -> None:
    async with browsed() as driver:
        app = driver.app
        await press(driver, *way)
        for key in KEYS:
            if not isinstance(app.screen, to):
                while len(app.screen_stack) > 1:
                    app.pop_screen()
                app.do_runs()
                await settled(driver)
                await press(driver, *way)
            assert isinstance(app.screen, to), key
            for _ in range(2):  # the second of two starts waits for some polls
                await driver.pilot.press(key)
                app.tick()
            for _ in range(SETTLING + 1):
                app.tick()
            assert app._exception is None and not app._exit, key


async def test_where_no_engine_is_a_start_is_answered_in_a_sentence(runs: Path) -> None:
    async with browsed() as driver:
        await press(driver, "o", "b", "enter")
        await settled(driver)
        assert driver.app.screen is driver.app.board
        assert NO_ENGINE in driver.text() and not driver.app.hub.working
        await press(driver, "b", "down", "enter")
        await settled(driver)
        assert isinstance(driver.app.screen, LabScreen)
        assert NO_ENGINE in driver.text() and not driver.app.lab.working
        await driver.press("q")
        assert driver.app._exit


async def test_the_question_is_about_the_own_run_while_another_is_visited(
    elsewhere: FakeLink,
) -> None:
    async with listed() as driver:
        own = driver.app.hub.view.run_id
        await press(driver, "enter", "q")
        asked = " ".join(rows_of(driver.app.screen.query_one(Static)).split())
        assert f"Run {own[-6:]} is under way" in asked
        assert "Run live, which is shown, goes on" in asked
        await press(driver, "ctrl+d")
        assert driver.app.detached == (own, "live")


async def test_a_visited_run_goes_on_unasked(elsewhere: FakeLink) -> None:
    async with listed(autostart=False) as driver:
        await press(driver, "enter", "q")
        assert driver.app._exit and not elsewhere.closed
    async with listed(autostart=False) as driver:
        elsewhere.push(*synthetic_run.run(run_id="live", finish="", epochs=1))
        await press(driver, "enter", "ctrl+d")
        assert driver.app.detached == ("live",)


async def test_a_start_of_the_own_engine_is_not_left_without_a_word(elsewhere: FakeLink) -> None:
    async with dashboard() as driver:
        await press(driver, "g", "enter", "ctrl+d")
        assert not driver.app._exit
        assert "cannot be left to itself" in driver.text("#log")
