"""The soak test itself, shortened: what it would not notice, an hour of it would not either."""

import ctypes
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.soak.__main__ import soak
from benchmarks.soak.audit import Eye, compare
from benchmarks.soak.bad_inputs import BadInputs
from benchmarks.soak.process import held_here
from benchmarks.soak.table import CLOSING, OPENING, markdown
from benchmarks.soak.tally import MOST_MEMORY, Tally, memory
from engine.events import Noted, RunFinished, RunStarted

STARTED = RunStarted(run_id="r", experiment="train", config={}, seq=0)
TOLD = [STARTED, Noted(text="a", seq=1), RunFinished(outcome="completed", detail="", seq=2)]


@pytest.mark.slow
@pytest.mark.fault(42)
def test_a_round_of_it_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    rounds = iter((True, True, False))
    told: list[str] = []
    tally = soak(3, tmp_path, lambda: next(rounds), told.append)
    assert tally.problems == []
    assert tally.bitwise == tally.compared
    assert not tally.left_behind
    assert tally.engine_descriptors.flat
    assert tally.own_descriptors.flat
    for growth in (tally.engine_memory, tally.own_memory):  # of two rounds, so the bound is wide
        assert growth.last - growth.first < 4 * MOST_MEMORY
    assert tally.acknowledged == tally.recovered > 0
    assert tally.tried == tally.clean > 0
    assert tally.injected == tally.detected + tally.harmless > 0
    assert len(tally.engine_memory.samples) == len(told) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_is_gone_or_another_is_lost() -> None:
    eye, tally = Eye(), Tally()
    eye.see(TOLD)
    compare([eye, eye], "r", TOLD, tally)
    assert (tally.acknowledged, tally.lost) == (3, 0)
    compare([eye], "r", [STARTED, Noted(text="b", seq=1)], tally)
    assert (tally.acknowledged, tally.lost) == (6, 2)
    assert not tally.passed


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_holes_between_what_stays_are_not_held() -> None:
    pieces = [bytearray(100_000) for _ in range(1000)]
    whole = held_here()
    kept = pieces[::10]
    del pieces
    assert held_here() < whole - 50_000_000
    assert len(kept) == 100


def test_growth_is_judged_after_the_warm_up() -> None:
    flat, growing = memory(), memory()
    noise = np.random.default_rng(0).normal(0, 1 << 18, 100)
    for second in range(100):
        flat.samples.append((second, (1 << 29) * min(1.0, (second + 1) / 5) + noise[second]))
        growing.samples.append((second, (1 << 29) + second * MOST_MEMORY / 50))
    assert flat.flat
    assert not growing.flat
    assert growing.slope == pytest.approx(3600 * MOST_MEMORY / 50)


@pytest.mark.parametrize("wrong", ["silent", "left_behind", "compared", "tried"])
def test_one_failure_among_all_is_enough(wrong: str) -> None:
    tally = Tally()
    assert tally.passed
    setattr(tally, wrong, 1)
    assert not tally.passed
    assert "NO |" in markdown(tally, "")


def test_input_that_is_taken_is_not_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    monkeypatch.setattr("benchmarks.soak.bad_inputs._FAMILIES", (lambda drawn: ["runs"],))
    BadInputs(Random(0), tmp_path).try_one(tally)
    assert (tally.tried, tally.clean) == (1, 0)
    assert "exit code 0" in tally.problems[0]


def test_the_table_stands_between_its_marks() -> None:
    lines = markdown(Tally(), "an hour").splitlines()
    assert (lines[0], lines[-1]) == (OPENING, CLOSING)
    assert lines[-2] == "an hour"
