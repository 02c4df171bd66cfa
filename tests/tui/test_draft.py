"""Text for every field, and whether it makes settings."""

from __future__ import annotations

import pytest

from engine.config import RunConfig
from tui import draft


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(),
        RunConfig(hidden=(), dropout=(0.5,), threads=0, pace=7.5, clip_norm=1.0, data="/a b.npz"),
        RunConfig(hidden=(8, 4), init_std=(1.0, 0.1, 0.01), lr=3e-7, l1=1e-9),
    ],
    ids=["defaults", "words", "sequences"],
)
def test_what_is_shown_reads_back_as_the_same_settings(config: RunConfig) -> None:
    assert draft.check(draft.typed(config)) == (config, {})


def test_every_mistake_is_told_with_its_field() -> None:
    texts = {**draft.typed(RunConfig()), "lr": "fast", "init": "hee", "epochs": "0"}
    config, problems = draft.check(texts)
    assert config is None
    assert set(problems) == {"lr", "init", "epochs"}
    assert "did you mean" in problems["init"]
    assert draft.summary(RunConfig(), config, problems) == "3 settings cannot be used"


def test_fields_that_do_not_fit_each_other_are_told_at_one_of_them() -> None:
    texts = {**draft.typed(RunConfig()), "init_std": "1,2,3"}
    _, problems = draft.check(texts)
    assert set(problems) == {"init_std"}


def test_the_summary_says_what_would_change() -> None:
    before = RunConfig()
    assert draft.summary(before, before, {}) == "nothing changed"
    assert draft.summary(before, RunConfig(lr=0.2), {}) == "lr 0.1 → 0.2"
