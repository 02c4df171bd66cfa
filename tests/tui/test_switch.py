"""What each switching key makes of the settings."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.config import RunConfig
from engine.errors import BadInput
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS
from tui import switch
from tui.switch import names, what_changed

BASE = RunConfig()


def told(**changes: Any) -> dict[str, Any]:
    config: dict[str, Any] = msgspec.to_builtins(RunConfig(**changes))
    return config


def test_going_round_every_initializer_and_activation() -> None:
    config, seen = BASE, []
    for _ in INITIALIZERS:
        seen.append(config.init)
        config = switch.next_init(config)
    assert set(seen) == set(INITIALIZERS) and config == BASE
    for _ in ACTIVATIONS:
        config = switch.next_activation(config)
    assert config == BASE


def test_back_undoes_forth() -> None:
    assert switch.next_init(switch.next_init(BASE), -1) == BASE
    assert switch.next_activation(switch.next_activation(BASE), -1) == BASE


def test_deeper_repeats_the_last_width() -> None:
    assert switch.deeper(RunConfig(hidden=(300, 100))).hidden == (300, 100, 100)
    assert switch.deeper(RunConfig(hidden=())).hidden == (256,)


def test_shallower_ends_at_softmax_regression() -> None:
    bare = switch.shallower(BASE)
    assert bare.hidden == ()
    with pytest.raises(BadInput, match="softmax regression"):
        switch.shallower(bare)


def test_wider_doubles_up_to_the_limit() -> None:
    assert switch.scaled(RunConfig(hidden=(256, 64)), 2).hidden == (512, 128)
    with pytest.raises(BadInput, match="65,536"):
        switch.scaled(RunConfig(hidden=(65536,)), 2)
    with pytest.raises(BadInput, match="1 to"):
        switch.scaled(RunConfig(hidden=(1,)), 0.5)


def test_decay_goes_up_its_ladder_to_the_end_and_back() -> None:
    rungs = [BASE]
    while rungs[-1].weight_decay < 0.1:
        rungs.append(switch.decayed(rungs[-1]))
    ladder = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1]
    assert [config.weight_decay for config in rungs] == ladder
    with pytest.raises(BadInput, match=r"weight decay goes from 0 to 0\.1 .* the form takes more"):
        switch.decayed(rungs[-1])
    with pytest.raises(BadInput, match="from 0"):
        switch.decayed(BASE, -1)
    assert switch.decayed(rungs[-1], -1).weight_decay == 3e-2
    assert switch.decayed(RunConfig(weight_decay=5e-4)).weight_decay == 1e-3
    assert switch.decayed(RunConfig(weight_decay=2.0), -1).weight_decay == 0.1


def test_dropout_turns_every_layers_rate() -> None:
    config = RunConfig(hidden=(8, 8), dropout=(0.2, 0.5))
    assert switch.dropped(config).dropout == (0.5, 0.8)
    assert switch.dropped(config, -1).dropout == (0.1, 0.2)
    assert switch.dropped(switch.dropped(config), 1).dropout == (0.8, 0.8)
    rates = [BASE]
    for _ in range(4):
        rates.append(switch.dropped(rates[-1]))
    assert [config.dropout for config in rates] == [(0.0,), (0.1,), (0.2,), (0.5,), (0.8,)]
    with pytest.raises(BadInput, match=r"dropout goes from 0 to 0\.8"):
        switch.dropped(rates[-1])
    with pytest.raises(BadInput, match="no hidden layer"):
        switch.dropped(RunConfig(hidden=()))


def test_values_given_per_layer_fall_back_when_the_depth_changes() -> None:
    config = RunConfig(hidden=(8, 8), init_std=(1.0, 0.1, 0.01), dropout=(0.2, 0.5))
    deeper = switch.deeper(config)
    assert deeper.init_std == (1.0,) and deeper.dropout == (0.2,)


def test_the_pace_stops_at_both_ends() -> None:
    paces = [BASE]
    for _ in range(20):
        paces.append(switch.paced(paces[-1], -1))
    assert [c.pace for c in paces[:12]] == [0, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 1]
    assert switch.paced(switch.paced(BASE, 1), 1).pace == 0
    assert switch.paced(RunConfig(pace=7), 1).pace == 10


@pytest.mark.parametrize(
    ("lr", "down", "up"), [(0.1, 0.05, 0.2), (0.3, 0.2, 0.5), (1e-5, 5e-6, 2e-5)]
)
def test_the_learning_rate_goes_in_1_2_5_steps(lr: float, down: float, up: float) -> None:
    assert switch.steered_lr(lr, -1) == down
    assert switch.steered_lr(lr, 1) == up


def test_a_line_says_what_differs() -> None:
    assert what_changed(BASE, RunConfig(init="he", lr=0.2)) == (
        "init normal 0.01 → kaiming_normal, lr 0.1 → 0.2"
    )
    assert what_changed(BASE, RunConfig(init_std=(0.1,), init="he")) == (
        "init normal → kaiming_normal, init_std 0.01 → 0.1"
    )
    assert what_changed(BASE, RunConfig(pace=5)) == ""
    here, there = RunConfig(data="/a/b/x.csv"), RunConfig(data="/c/x.csv")
    assert what_changed(BASE, here) == "data auto → x.csv"
    assert what_changed(here, there) == "data /a/b/x.csv → /c/x.csv"
    assert names([told(), told(data="/a/b/x.csv")]) == ["auto", "x.csv"]


def test_names_tell_only_what_differs() -> None:
    assert names([told(), told(init="he")]) == ["normal 0.01", "kaiming_normal"]
    assert names([told(seed=1), told(seed=2)]) == ["seed 1", "seed 2"]
    assert names([told(), told(init="he", activation="tanh")]) == [
        "relu normal 0.01",
        "tanh kaiming_normal",
    ]
    assert names([told(hidden=(256,)), told(hidden=(256, 256))]) == ["256", "256-256"]
    assert names([told(weight_decay=1e-4), told(dropout=(0.5,))]) == [
        "dropout 0 weight_decay 0.0001",
        "dropout 0.5 weight_decay 0",
    ]


def test_names_of_equal_runs_are_numbered() -> None:
    assert names([told(), told(), told(init="he")]) == [
        "normal 0.01 #1",
        "normal 0.01 #2",
        "kaiming_normal",
    ]
    assert names([]) == []
