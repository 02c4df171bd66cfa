"""What is loaded for a screen is kept out of the garbage collector's way."""

from __future__ import annotations

import gc

import pytest

from cli.loading import kept_for_good


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_rests_while_it_is_loaded_and_never_looks_at_it(collecting: bool) -> None:
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with pytest.raises(ImportError), kept_for_good():
            assert not gc.isenabled()
            made = [[number] for number in range(5000)]
            raise ImportError
        assert gc.isenabled() is collecting
        assert gc.get_freeze_count() >= len(made)
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
