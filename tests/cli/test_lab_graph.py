"""An experiment that waits for its keys on screen goes through without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import exits, lab
from cli.settings import full_pace
from engine.experiments import named

BACKPROP = named("backprop")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path))


def test_nobody_is_there_to_step_back() -> None:
    assert full_pace(BACKPROP.config) == {"pace": 0.0, "hold": False}


@pytest.mark.parametrize("pace", [[], ["--pace", "5000"]])
def test_the_graph_is_printed_as_a_table(
    pace: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main(["backprop", "--headless", "--quiet", *pace], [BACKPROP]) == exits.COMPLETED
    assert lab.main(["backprop", "--headless", *pace], [BACKPROP]) == exits.COMPLETED
    out = capsys.readouterr().out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("o    W2 h")]
    assert row == ["o", "W2", "h", "[3×1]", "0.784", "1.69"]
    assert "10 of 10 claims hold" in out
    assert "96 bytes kept for the backward pass" in " ".join(out.split())
