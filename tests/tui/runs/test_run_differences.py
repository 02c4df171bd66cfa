"""Runs beside each other: only what differs."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import shelved
from hypothesis import given
from hypothesis import strategies as st

from engine.config import RunConfig
from engine.store.catalogue import About
from tui.runs.differences import differences


def named(told: object) -> dict[str, tuple[str, ...]]:
    return {line.name: line.values for line in told}  # type: ignore[attr-defined]


def test_only_the_settings_that_differ_are_told_and_then_what_came_of_it() -> None:
    one = shelved.entry("a", init="he", lr=0.5)
    other = shelved.entry("b", "diverged", hidden=(64, 32), label="two layers")
    told = differences([one, other])
    assert told.names == ("a", "two layers")
    assert named(told.settings) == {
        "hidden": ("256", "64,32"),
        "init": ("kaiming_normal", "normal"),
        "lr": ("0.5", "0.1"),
    }
    assert {line.name: line.default for line in told.settings}["lr"] == "0.1"
    outcomes = named(told.outcomes)
    assert outcomes["outcome"] == ("completed", "diverged")
    assert outcomes["best test accuracy"] == ("84.6 % (epoch 9)",) * 2
    assert list(outcomes)[-1] == "outcome"


def test_runs_with_the_same_settings_differ_in_none() -> None:
    assert differences([shelved.entry("a"), shelved.entry("b")]).settings == ()


def test_of_two_experiments_what_only_one_has_counts_where_it_is_not_the_default() -> None:
    train = shelved.entry("a", batch_size=64)
    lab = shelved.entry("b", experiment="vanishing")
    told = named(differences([train, lab]).settings)
    assert told["experiment"] == ("train", "vanishing")
    assert told["batch size"] == ("64", "–")
    assert "momentum" not in told
    assert named(differences([train, lab]).outcomes)["claims"] == ("–", "5/6 hold")


def test_a_run_that_is_another_in_data_alone_says_so() -> None:
    one = shelved.entry("a")
    other = shelved.entry("b", summary={"data": "synthetic"})
    assert named(differences([one, other]).settings) == {
        "data used": ("fashion-mnist", "synthetic")
    }


def test_every_text_is_clean() -> None:
    bad = "\x1b]0;x\x07\u202e[red]"
    run = shelved.entry(summary={"data": bad, "experiment": bad, "config": {bad: bad}})
    told = differences([replace(run, about=About(label=bad)), shelved.entry("b")])
    for line in (*told.settings, *told.outcomes):
        assert all(text.isprintable() for text in (line.name, *line.values, line.default))
    assert all(name.isprintable() for name in told.names)


changes = st.fixed_dictionaries(
    {},
    optional={
        "lr": st.sampled_from([0.01, 0.1, 0.5]),
        "seed": st.integers(0, 3),
        "activation": st.sampled_from(["relu", "tanh"]),
    },
)


@given(st.lists(changes, min_size=2, max_size=5))
def test_a_setting_is_told_exactly_when_two_runs_differ_in_it(
    made: list[dict[str, object]],
) -> None:
    configs = [msgspec.structs.replace(RunConfig(), **change) for change in made]
    runs = [shelved.entry(f"r{i}", **change) for i, change in enumerate(made)]
    told = {line.name for line in differences(runs).settings}
    differing = {
        name
        for name in ("lr", "seed", "activation")
        if len({getattr(c, name) for c in configs}) > 1
    }
    assert told == differing
