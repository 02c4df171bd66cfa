"""Places for engines and their records."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A directory of runs that is not there yet."""
    return tmp_path / "runs"


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private directory with a short path."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture
def own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines make their sockets and logs where they are cleaned up."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("r")))
