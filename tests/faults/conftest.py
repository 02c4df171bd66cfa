"""Puts the helpers of the other areas on the path, and gives places to break things in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / area) for area in ("engine", "engine/training", "tui", "e2e", "cli")]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A directory of runs that is not there yet."""
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines make their sockets and logs where they are cleaned up."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("r")))
