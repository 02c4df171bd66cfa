"""The form: every setting, checked while it is typed."""

from __future__ import annotations

import synthetic_run
from driving import CONFIG, Driver, dashboard
from textual.widgets import Input, Static

from engine.config import RunConfig
from engine.schema import fields_of
from tui.screens.choice import Choice
from tui.screens.form import FormScreen


async def opened(driver: Driver) -> FormScreen:
    await driver.feed(synthetic_run.run(finish="", epochs=1))
    await driver.press("c")
    assert isinstance(driver.app.screen, FormScreen)
    return driver.app.screen


def note(form: FormScreen, name: str) -> str:
    """The line below a field; "" when there is none."""
    children = list(form.query_one("#fields").children)
    below = children[children.index(form.query_one(f"#edit-{name}")) + 2]
    return str(below.content) if isinstance(below, Static) and below.has_class("note") else ""


async def test_every_setting_has_a_field_of_its_kind() -> None:
    async with dashboard() as driver:
        form = await opened(driver)
        for field in fields_of(RunConfig):
            editor = form.query_one(f"#edit-{field.name}")
            assert isinstance(editor, Choice if field.setting.choices else Input)


async def test_what_is_typed_starts_a_run() -> None:
    async with dashboard() as driver:
        await opened(driver)
        await driver.press(*["backspace"] * 3, *"64,32", "enter")
        assert driver.link.last == RunConfig(data="fashion-mnist", hidden=(64, 32))
        assert "hidden 256 → 64,32" in driver.text("#remark")


async def test_a_mistake_is_said_beside_its_field_and_holds_the_run_back() -> None:
    async with dashboard() as driver:
        form = await opened(driver)
        form.query_one("#edit-lr", Input).value = "-1"
        form.query_one("#edit-dropout", Input).value = "0.1,0.2"
        await driver.pilot.pause()
        assert note(form, "lr") == "lr = -1 must be > 0"
        form.query_one("#edit-hidden").focus()
        await driver.press("enter")
        assert driver.app.screen is form and len(driver.link.starts) == 1
        assert form.focused is form.query_one("#edit-lr")
        form.query_one("#edit-lr", Input).value = "0.2"
        await driver.pilot.pause()
        assert note(form, "lr") == ""
        assert "2 values for 1 hidden layers" in note(form, "dropout")


async def test_a_choice_goes_round_by_arrow_and_opens_as_a_menu() -> None:
    async with dashboard() as driver:
        form = await opened(driver)
        choice = form.query_one("#edit-activation", Choice)
        choice.focus()
        await driver.press("right")
        assert choice.value == "leaky_relu"
        await driver.press("left", "enter", *"tan", "enter")
        assert driver.app.screen is form and choice.value == "tanh"
        form.query_one("#edit-hidden").focus()
        await driver.press("enter")
        assert driver.link.last.activation == "tanh"


async def test_escape_leaves_everything_as_it_was() -> None:
    async with dashboard() as driver:
        await opened(driver)
        await driver.press("9", "escape")
        assert len(driver.link.starts) == 1 and driver.app.hub.config == CONFIG


async def test_defaults_can_be_had_back() -> None:
    async with dashboard(RunConfig(lr=3.0, activation="tanh", data="mnist")) as driver:
        form = await opened(driver)
        await driver.pilot.click("#defaults")
        await driver.pilot.pause()
        assert form.query_one("#edit-lr", Input).value == "0.1"
        await driver.pilot.click("#start")
        await driver.pilot.pause()
        assert driver.link.last == RunConfig()


async def test_every_field_can_be_reached_in_a_small_terminal() -> None:
    async with dashboard(size=(40, 12)) as driver:
        form = await opened(driver)
        last = form.query_one(f"#edit-{fields_of(RunConfig)[-1].name}")
        last.focus()
        await driver.pilot.pause()
        box = form.query_one("#fields").region
        assert box.contains_region(last.region)
