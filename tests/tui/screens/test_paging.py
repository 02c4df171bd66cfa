"""Paging keys where a list has no room yet, or never gets any."""

from __future__ import annotations

import pytest
from driving import dashboard

PAGES = "pagedown", "pageup", "pagedown"


@pytest.mark.parametrize("size", [(120, 4), (80, 24)])
async def test_the_palette_passes_over_a_page_that_has_no_lines(size: tuple[int, int]) -> None:
    async with dashboard(size=size) as driver:
        await driver.press("ctrl+p", *PAGES)
        assert driver.app.screen.has_class("--textual-command-palette")


async def test_so_do_lists_that_are_narrowed_by_typing() -> None:
    async with dashboard(size=(3, 24)) as driver:
        await driver.press("b", *PAGES)
        assert driver.app.screen is not driver.app.board
