"""Where no engine can be launched, every command that needs one says so in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.main import main


def test_a_run_to_be_left_to_itself_says_that_it_has_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    assert main(["train", "--detach"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mlp-tui: no engine process can be launched: no directory with a short")
    assert err.count("\n") == 1
