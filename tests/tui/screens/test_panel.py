"""The panel of sentences."""

from __future__ import annotations

import pytest
from driving import dashboard

from engine.link import Refused


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_wide_characters_are_wrapped_by_the_cells_they_take(size: tuple[int, int]) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(100))  # 200 cells, and no space
    async with dashboard(size=size) as driver:
        await driver.feed([Refused(text)])
        shown = driver.text("#panel")
        assert [sign for sign in text if sign not in shown] == []
