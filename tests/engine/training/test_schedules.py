from __future__ import annotations

import pytest
from training_tools import config

from engine.training.schedules import learning_rate


def rates(total: int, per_epoch: int = 10, **settings: object) -> list[float]:
    made = config(**settings)
    return [learning_rate(0.4, step, made, per_epoch, total) for step in range(1, total + 1)]


def test_constant() -> None:
    assert rates(30) == [0.4] * 30


def test_the_warm_up_rises_to_the_full_rate() -> None:
    assert rates(6, warmup_steps=4) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])


def test_step_drops_after_every_so_many_epochs() -> None:
    found = rates(50, schedule="step", decay_epochs=2, decay_factor=0.5)
    assert found == [0.4] * 20 + [0.2] * 20 + [0.1] * 10


def test_cosine_falls_from_the_full_rate_to_nothing_after_the_last_step() -> None:
    found = rates(100, schedule="cosine")
    assert found[0] == 0.4
    assert found[50] == pytest.approx(0.2)
    assert found == sorted(found, reverse=True)
    assert learning_rate(0.4, 101, config(schedule="cosine"), 10, 100) == pytest.approx(0)


def test_cosine_begins_where_the_warm_up_ends() -> None:
    found = rates(100, schedule="cosine", warmup_steps=20)
    assert found[19] == found[20] == 0.4
    assert found[60] == pytest.approx(0.2)
    assert learning_rate(0.4, 200, config(schedule="cosine"), 10, 100) == pytest.approx(0)
