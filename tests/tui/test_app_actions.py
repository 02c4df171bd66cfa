"""Every action does something that can be seen from outside, by its key and from the palette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest
import synthetic_run
from driving import CONFIG, Driver, dashboard

from engine import controls
from engine.config import RunConfig
from engine.events import ControlApplied
from tui.keymap import ACTIONS, RECORDING, groups, key_of, obstacle
from tui.screens.dashboard import Dashboard
from tui.screens.layer import LayerScreen
from tui.screens.quit import QuitScreen

RUNNING = synthetic_run.run(finish="", epochs=5)
DONE = synthetic_run.run()


def observed(driver: Driver) -> dict[str, object]:
    """Everything that an action may be seen by."""
    app, focused = driver.app, driver.app.screen.focused
    return {
        "starts": len(driver.link.starts),
        "sent": len(driver.link.sent),
        "fetches": len(driver.link.fetches),
        "screen": type(app.screen).__name__,
        "theme": app.theme,
        "chart": app.board.query_one("#loss").chart,  # type: ignore[attr-defined]
        "config": app.hub.config,
        "layer": app.board.chosen_layer,
        "ghosts": len(app.hub.ghosts),
        "focus": focused.id if focused else None,
        "exit": app._exit,
    }


async def paused(driver: Driver) -> None:
    await driver.press("space")
    request = driver.link.sent[-1].request
    await driver.feed(
        [ControlApplied(step=9, what="pause", before="no", after="paused", request=request)]
    )


async def on_drawn_pictures(driver: Driver) -> None:
    driver.app.hub.config = RunConfig()
    await driver.feed(synthetic_run.run(run_id="drawn", data="synthetic", finish=""))


async def with_a_ghost(driver: Driver) -> None:
    await driver.press("n")
    await driver.feed(synthetic_run.run(driver.link.last, run_id="second", finish=""))


async def at_the_second_layer(driver: Driver) -> None:
    await driver.press("down")


async def in_the_form(driver: Driver) -> None:
    await driver.press("c")


async def with_decay(driver: Driver) -> None:
    await driver.press("v")


async def with_dropout(driver: Driver) -> None:
    await driver.press("o")


async def at_a_pace(driver: Driver) -> None:
    await driver.press("-")


BEFORE: dict[str, Callable[[Driver], Awaitable[None]]] = {
    "step": paused,
    "fetch": on_drawn_pictures,
    "clear_ghosts": with_a_ghost,
    "previous_layer": at_the_second_layer,
    "focus": in_the_form,
    "focus_back": in_the_form,
    "back": in_the_form,
    "faster": at_a_pace,
    "less_decay": with_decay,
    "less_dropout": with_dropout,
}
GROUPS = {name: actions for name, actions in groups() if actions[0] not in RECORDING}
"""A recording's actions have tests of their own."""


async def afresh(driver: Driver, run_id: str) -> None:
    """The dashboard with a running run, whatever went before."""
    while not isinstance(driver.app.screen, Dashboard):
        await driver.press("escape")
    started = msgspec.structs.replace(RUNNING[0], run_id=run_id)  # type: ignore[type-var]
    driver.app.hub.config = CONFIG
    await driver.feed([started, *RUNNING[1:12]])
    driver.app.board.move(-9)
    driver.app.hub.clear_ghosts()


@pytest.mark.parametrize("group", GROUPS, ids=[name.split(":")[0] for name in GROUPS])
async def test_each_key_does_something(group: str) -> None:
    async with dashboard() as driver:
        for action in GROUPS[group]:
            for key in action.keys:
                if action.id in ("detach", "suspend"):
                    continue  # they leave the app, and have tests of their own
                await afresh(driver, f"{action.id}-{len(key)}")
                if action.id in BEFORE:
                    await BEFORE[action.id](driver)
                before = observed(driver)
                await driver.press(key)
                driver.app.tick()  # a chart answers at the next poll
                assert observed(driver) != before, f"{key} ({action.id})"


async def test_the_palette_lists_every_action_and_runs_it() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        commands = {c.title: c for c in driver.app.get_system_commands(driver.app.screen)}
        for action in ACTIONS:
            assert (f"{action.label}: {action.help}" in commands) == (action not in RECORDING)
        commands["theme: dark or light"].callback()
        assert driver.app.theme == "mlp-light"


async def test_what_cannot_be_done_is_said_and_not_done() -> None:
    async with dashboard(autostart=False) as driver:
        before = observed(driver)
        for action in ACTIONS:
            if why := obstacle(action, driver.app.hub.accepts):
                driver.app.action_perform(action.id)
                await driver.pilot.pause()
                assert observed(driver) == before, action.id
                assert why in driver.text("#log")


async def test_a_limit_is_said_in_place_of_a_traceback() -> None:
    async with dashboard(RunConfig(hidden=())) as driver:
        await driver.press("w")
        assert "no hidden layer" in driver.text("#log")
        assert len(driver.link.starts) == 1


async def test_decay_and_dropout_start_runs_whose_ghosts_are_named_by_them() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        configs = []
        for number, key in enumerate("vo"):
            await driver.press(key)
            configs.append(driver.link.last)
            run = synthetic_run.run(driver.link.last, run_id=f"run-{number}", finish="")
            await driver.feed(run)
        assert [(c.weight_decay, c.dropout) for c in configs] == [
            (1e-4, (0.0,)),
            (1e-4, (0.1,)),
        ]
        remark = driver.text("#remark")
        assert "dropout 0 → 0.1" in remark
        assert "weight_decay 0.0001" in remark and "weight_decay 0 " in remark
        await driver.press("O", "V", "V")
        assert "weight decay goes from 0 to 0.1" in driver.text("#log")
        assert driver.app.hub.config == CONFIG


async def test_a_checkpoint_is_written_when_asked_for() -> None:
    async with dashboard() as driver:
        await driver.press("k")
        await driver.feed(RUNNING)
        await driver.press("k")
        assert isinstance(driver.link.sent[-1], controls.Save)
        assert "saving…" in driver.text("#log")


async def test_enter_opens_the_layer_under_the_cursor_and_the_arrows_go_on() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press("down", "enter")
        assert isinstance(driver.app.screen, LayerScreen)
        assert "output" in driver.text()
        assert isinstance(driver.link.sent[-1], controls.Measure)
        await driver.press("down")
        assert "hidden1" in driver.text()
        await driver.press("escape")
        assert isinstance(driver.app.screen, Dashboard)


async def test_keys_that_steer_work_in_the_layer_screen_too() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press("enter", "i")
        assert driver.link.last.init == "zeros"


async def test_quitting_asks_while_work_runs_and_staying_is_the_default() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press("q")
        assert isinstance(driver.app.screen, QuitScreen)
        await driver.press("enter")
        assert isinstance(driver.app.screen, Dashboard) and not driver.app._exit
        await driver.press("q", "q")
        assert driver.app._exit and driver.app.return_code == 0


async def test_a_run_can_be_left_to_itself() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press("ctrl+d")
        assert driver.app._exit and driver.app.return_code == 0
        assert driver.app.detached == (driver.app.hub.view.run_id,)


async def test_the_question_offers_to_detach() -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press("q", "tab", "enter")
        assert driver.app.detached == (driver.app.hub.view.run_id,)


@pytest.mark.parametrize("width", [61, 62, 120])
async def test_the_answers_that_have_keys_name_them(width: int) -> None:
    async with dashboard(size=(width, 30)) as driver:
        await driver.feed(RUNNING)
        await driver.press("q")
        assert "Detach (ctrl+d)" in driver.text() and "Stop and quit (q)" in driver.text()
        await driver.feed(DONE[-1:])
        assert "Quit (q)" in driver.text()
        await driver.press("q")
        assert driver.app._exit


async def test_a_run_that_ends_with_its_screen_cannot_be_left() -> None:
    async with dashboard() as driver:
        driver.link.can_detach = False
        await driver.feed(RUNNING)
        await driver.press("ctrl+d")
        assert not driver.app._exit
        await driver.press("q", "ctrl+d")
        assert isinstance(driver.app.screen, QuitScreen)
        await driver.press("tab", "enter")
        assert driver.app._exit and not driver.app.detached


async def test_quitting_does_not_ask_when_nothing_runs() -> None:
    async with dashboard() as driver:
        await driver.feed(DONE)
        await driver.press("q")
        assert driver.app._exit


@pytest.mark.parametrize(
    "keys",
    [
        *[("q", "tab", "tab", "enter"), ("q", "q"), ("ctrl+c", "ctrl+c")],
        *[
            ("q", "right", "right", "enter"),
            ("q", "left", "enter"),
            ("q", "down", "up", "up", "enter"),
        ],
    ],
)
async def test_the_ways_to_confirm(keys: tuple[str, ...]) -> None:
    async with dashboard() as driver:
        await driver.feed(RUNNING)
        await driver.press(*keys)
        assert driver.app._exit


async def test_help_shows_every_action_with_its_key() -> None:
    async with dashboard(size=(120, 60)) as driver:
        await driver.press("?")
        shown = driver.text()
        for action in ACTIONS:
            assert action.help.split(",")[0][:28] in shown
            assert key_of(action.id) in shown
