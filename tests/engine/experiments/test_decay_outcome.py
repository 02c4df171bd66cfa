"""The table and the sentence with which the experiment on weight decay ends."""

from __future__ import annotations

import math
from typing import Any

from engine.controls import Controls
from engine.events import RunFinished, TableChanged
from engine.experiments.decay import EXPERIMENT, DecaySettings

SMALL = {"pace": 0.0, "features": 30, "examples": 8, "seeds": 3, "epochs": 60}


def told(**changes: Any) -> tuple[dict[tuple[str, str], tuple[Any, ...]], str]:
    """Rows of the table by where from and λ, and the sentence."""
    events = list(EXPERIMENT.run(DecaySettings(**{**SMALL, **changes}), Controls()))
    (table,) = (e for e in events if isinstance(e, TableChanged) and e.table == "what it comes to")
    last = events[-1]
    assert isinstance(last, RunFinished)
    return {(str(row[0]), str(row[1])): row[2:] for row in table.rows}, last.detail


def test_no_lambda_that_diverged_is_the_best() -> None:
    rows, detail = told(lr=0.03, epochs=500)
    for start in ("w₀ ~ N(0, I)", "w₀ = 0"):
        best = [told for (row, name), told in rows.items() if row == start and "best" in name]
        assert len(best) == 1 and 0 < best[0][0] < 0.1
        lost = [told for (row, name), told in rows.items() if row == start and "lost" in name]
        assert len(lost) == 1 and "diverged" in lost[0][0]
    assert "of 23 λ diverged" in detail and "nan" not in detail


def test_a_lambda_beyond_two_over_the_rate_is_told_with_the_reason() -> None:
    rows, detail = told(lr=0.003, decay=1000.0)
    assert rows["w₀ = 0", "1000"][0] == "diverged: ηλ = 3 > 2"
    assert "λ = 1000: diverged: ηλ = 3 > 2" in detail
    assert detail.endswith("; 1 of 23 λ diverged, as ηλ > 2")
    assert not any("lost" in name for _, name in rows)


def test_where_every_lambda_diverged_none_is_the_best() -> None:
    rows, detail = told(lr=10.0)
    assert {name for row, name in rows if row == "w₀ = 0"} == {"0", "3", "lost from: 0.001"}
    assert rows["w₀ = 0", "0"][0] == "diverged"
    assert "23 of 23 λ diverged, 12 of them as ηλ > 2" in detail


def test_under_l1_no_lambda_diverges_by_itself() -> None:
    rows, detail = told(lr=0.03, decay=100.0, penalty="l1")
    assert "diverged" not in detail
    assert all(math.isfinite(row[0]) for row in rows.values())


def test_one_data_set_has_no_spread() -> None:
    rows, detail = told(seeds=1)
    trained = [row for (start, _), row in rows.items() if "predicted" not in start]
    assert {row[1] for row in trained} == {"–"}
    assert "±" not in detail and "test loss" in detail
    several, detail = told(seeds=2)
    assert 0 < several["w₀ ~ N(0, I)", "0"][1] < several["w₀ ~ N(0, I)", "0"][0]
    assert "±" in detail
