"""Keys that were typed behind the one that ends the program."""

from __future__ import annotations

import pytest
import synthetic_run
from driving import dashboard


@pytest.mark.parametrize("keys", ["qi", "qe", "qqq", "qb", "qg"])
async def test_what_is_typed_behind_the_end_is_not_obeyed(keys: str) -> None:
    async with dashboard(autostart=False) as driver:
        await driver.feed(synthetic_run.run(epochs=2))
        for key in keys:
            driver.app.simulate_key(key)
        await driver.pilot.pause()
    assert driver.link.starts == []
    assert driver.app.return_code == 0
