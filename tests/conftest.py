"""What all tests share: nothing of the user's environment reaches them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest
from quiet import until_quiet
from textual._wait import wait_for_idle
from warm_commands import WarmCommands

_OF_THE_USER = (
    *("NO_COLOR", "FORCE_COLOR", "TEXTUAL_THEME", "COLUMNS", "LINES"),
    *("MLP_TUI_RUNS", "MLP_TUI_GRAPHICS", "OMP_NUM_THREADS"),
)
_PLACES = ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")

# No test may fail because the machine is busy, nor once in a while: the same examples are drawn
# each time. `pytest --hypothesis-profile exploring` draws others.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("exploring", deadline=None)
hypothesis.settings.load_profile("repeatable")

# The tests' workers share the cores: threads of theirs would wait for each other, spinning. The
# libraries below numpy and torch, neither of which is loaded yet, read this once.
os.environ["OMP_NUM_THREADS"] = "1"

# A suite under nohup or in a shell's background, as some build machines run theirs, hands ignored
# signals to every process it starts; what these do is among the things tested.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State, cache and settings go to a fresh directory; display variables are unset."""
    home = tmp_path_factory.mktemp("home")
    for name in _PLACES:
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in _OF_THE_USER:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def quick_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of a pilot waits longer than the app works; it would be 60 ms for each otherwise."""
    for module in (sys.modules.get("textual.app"), sys.modules.get("textual.pilot")):
        if module is not None:
            monkeypatch.setattr(module, "wait_for_idle", until_quiet(wait_for_idle))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def warm_commands(repository: Path) -> Iterator[WarmCommands]:
    """Where commands start at once; see there."""
    with closing(WarmCommands(repository)) as commands:
        yield commands


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that a line separates: 2,048 training and 256 test examples of 8 features."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.random((2304, 8), dtype=np.float32)
    y = (x.sum(axis=1) > 4).astype(np.int64)
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez(path, x_train=x[:2048], y_train=y[:2048], x_test=x[2048:], y_test=y[2048:])
    return path
