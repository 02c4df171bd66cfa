"""The menus: choosing by typing."""

from __future__ import annotations

import pytest
import synthetic_run
from driving import CONFIG, Driver, dashboard
from textual.widgets import OptionList

from engine.config import RunConfig
from engine.presets import PRESETS
from tui.keymap import ACTIONS, BY_ID
from tui.menus import matching, menu_for
from tui.screens.menu import MenuScreen

MENUS = [action.id for action in ACTIONS if action.id.endswith("_menu")]


async def opened(driver: Driver, key: str) -> MenuScreen:
    await driver.feed(synthetic_run.run(finish="", epochs=1))
    await driver.press(key)
    assert isinstance(driver.app.screen, MenuScreen)
    return driver.app.screen


async def test_typing_a_common_name_finds_the_canonical_one() -> None:
    async with dashboard() as driver:
        await opened(driver, "1")
        await driver.press(*"he", "enter")
        assert driver.link.last.init == "kaiming_normal"


async def test_the_present_choice_is_highlighted_first() -> None:
    async with dashboard(RunConfig(activation="selu")) as driver:
        menu = await opened(driver, "2")
        options = menu.query_one(OptionList)
        assert menu._shown[options.highlighted or 0].value == "selu"
        await driver.press("down", "enter")
        assert driver.link.last.activation == "gelu"


async def test_keys_that_steer_are_letters_here() -> None:
    async with dashboard() as driver:
        await opened(driver, "1")
        await driver.press(*"qid")
        assert isinstance(driver.app.screen, MenuScreen)
        assert "nothing is called so" in driver.text()
        await driver.press("enter")
        assert isinstance(driver.app.screen, MenuScreen) and len(driver.link.starts) == 1


async def test_the_mouse_chooses_too() -> None:
    async with dashboard() as driver:
        await opened(driver, "5")
        await driver.pilot.click(OptionList, offset=(4, 1))
        await driver.pilot.pause()
        assert driver.link.last.optimizer == "adam"


async def test_a_preset_keeps_the_data_and_resets_the_rest() -> None:
    config = RunConfig(data="synthetic", init="he", lr=0.5, pace=10)
    async with dashboard(config) as driver:
        await opened(driver, "3")
        await driver.press(*"printed", "enter")
        assert driver.link.last == RunConfig(data="synthetic", pace=10, activation="identity")


@pytest.mark.parametrize("action_id", MENUS)
def test_every_choice_of_every_menu_makes_settings(action_id: str) -> None:
    menu = menu_for(action_id, CONFIG)
    assert menu.items and BY_ID[action_id].keys
    for item in menu.items:
        assert isinstance(menu.chosen(CONFIG, item.value), RunConfig)


def test_every_preset_is_offered() -> None:
    assert [item.value for item in menu_for("preset_menu", CONFIG).items] == [
        preset.name for preset in PRESETS
    ]


def test_exact_names_come_before_beginnings_and_those_before_the_rest() -> None:
    items = menu_for("activation_menu", CONFIG).items
    assert [item.value for item in matching(items, "relu")] == ["relu", "leaky_relu", "prelu"]
    assert matching(items, "Leaky ReLU")[0].value == "leaky_relu"
    assert matching(items, "") == list(items)
    assert matching(items, "xyz") == []
