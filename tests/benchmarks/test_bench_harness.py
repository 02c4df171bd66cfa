import importlib
import sys

import pytest

from benchmarks.contest import Contestant, MissingPackageError, contest, pairs
from benchmarks.plan import Plan
from benchmarks.suite import SUITE
from benchmarks.terminal import SilentError, Terminal, cpu_seconds, loaded


@pytest.fixture
def contestants(tmp_path, monkeypatch):
    """Contestants that count their epochs, in a module that child processes can import."""
    (tmp_path / "toys.py").write_text(
        "from itertools import count\n"
        "from benchmarks.contestant import Prepared\n"
        "def counting(work):\n"
        "    numbers = count(work.examples)\n"
        "    return Prepared(lambda: print('noise') or next(numbers), 'a note')\n"
        "def absent(work):\n"
        "    raise ModuleNotFoundError(name='skorch')\n"
        "def broken(work):\n"
        "    raise SystemExit(7)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Plan(quick=True, data_dir="")


def test_contestants_take_turns_after_a_warm_up(contestants):
    with contest(contestants, "toys:counting", "toys:counting") as (first, second):
        assert first.note == "a note"
        assert pairs(first, second, 3) == ([6001, 6002, 6003], [6001, 6002, 6003])


def test_a_missing_peer_says_how_to_install_it(contestants):
    with (
        pytest.raises(MissingPackageError, match=r"skorch is not installed: pip install"),
        contest(contestants, "toys:absent"),
    ):
        pass


def test_a_contestant_that_dies_is_an_error(contestants):
    broken = Contestant("toys:broken", contestants)
    try:
        with pytest.raises(RuntimeError, match="exit code 7"):
            broken.ready()
    finally:
        broken.close()


def test_every_registered_benchmark_can_be_run():
    for benchmark in SUITE:
        assert callable(importlib.import_module(f"benchmarks.{benchmark.name}").run)


def test_a_terminal_shows_its_size_and_takes_keys():
    program = (
        "import os; print(*os.get_terminal_size(), flush=True); word = input(); print(word[::-1])"
    )
    with Terminal([sys.executable, "-c", program], 120, 36, {}) as terminal:
        terminal.until(b"120 36", 30)
        assert cpu_seconds(terminal.pid) > 0
        assert not loaded(terminal.pid, "/torch/")
        terminal.press(b"pots\n")
        terminal.until(b"stop", 30)
        with pytest.raises(SilentError, match="ended with exit code 0"):
            terminal.until(b"never", 30)
