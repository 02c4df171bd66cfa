"""What is set for the libraries below torch, and when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.exits import BAD_INPUT
from cli.main import main as command
from engine.environment import SETTINGS, settle
from engine.host.__main__ import main as host


def test_what_somebody_has_set_stays() -> None:
    environment = {"GOMP_SPINCOUNT": "7", "HOME": "/home"}
    settle(environment)
    assert environment == {**SETTINGS, "GOMP_SPINCOUNT": "7", "HOME": "/home"}


def test_the_command_sets_it_for_the_engine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    assert command(["runs", "rm", "unheard-of", "--runs-dir", "/dev/null/none"]) == BAD_INPUT
    assert SETTINGS.items() <= os.environ.items()


def test_an_engine_sets_it_before_it_loads_torch(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    room: Path = tmp_path_factory.mktemp("s")
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("engine.host.__main__._catch_signals", lambda server: None)
    seen: list[dict[str, str]] = []
    # Its launcher, which is not this process's parent, has gone: it ends at once.
    words = ("--socket", str(room / "socket"), "--runs", str(room), "--launcher", str(2**22 + 1))
    assert host(words, {}, load=lambda: seen.append(dict(os.environ))) == 0
    assert len(seen) == 1
    assert SETTINGS.items() <= seen[0].items()
