import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from engine.config import RunConfig
from engine.controls import Controls
from engine.data.dataset import Dataset
from engine.data.sources import load
from engine.errors import BadInput
from engine.events import EpochFinished, StepsMeasured
from engine.lab.cadence import Cadence
from engine.lab.entrants import Entrant
from engine.lab.race import Race, Rules
from engine.lab.race_views import learning_layers, pace_word, stands_still
from engine.lab.verdicts import LEARNED, chi_tolerance, learned, verdicts
from engine.training.run import train
from engine.training.shelf import Shelf

ENTRANTS = (
    Entrant("sigmoid", "xavier_uniform", 3),
    Entrant("relu", "kaiming_normal", 1),
    Entrant("gelu", "lsuv", 3),
    Entrant("relu", "orthogonal", 3),
)


def rules(**changes: object) -> Rules:
    base: dict[str, object] = {"width": 16, "lr": 0.1, "batch_size": 100, "epochs": 1, "seed": 3}
    return Rules(**{**base, "test_examples": 10_000, **changes})  # type: ignore[arg-type]


@pytest.fixture
def dataset(small_data: Path) -> Dataset:
    return load(RunConfig(data=str(small_data)))


def race(dataset: Dataset, **changes: object) -> Race:
    return Race(ENTRANTS, rules(**changes), dataset, torch.device("cpu"))


def ended(started: Race) -> list[list[float]]:
    """Every net's losses, to the end."""
    losses: list[list[float]] = [[] for _ in started.entrants]
    while started.done < started.cadence.total:
        started.step()
        if started.cadence.told(started.done):
            for own, more in zip(losses, started.take()[0], strict=True):
                own.extend(more)
    return losses


def test_an_entrant_is_the_training_run_of_its_settings(dataset: Dataset, small_data: Path) -> None:
    """The same weights, batches and losses as `train`; the last batch of an epoch is smaller."""
    started = race(dataset, epochs=2)
    losses = ended(started)
    tested = started.evaluate()
    for net, entrant in enumerate(ENTRANTS):
        config = RunConfig(
            data=str(small_data),
            hidden=(16,) * entrant.depth,
            activation=entrant.activation,
            init=entrant.init,
            batch_size=100,
            epochs=2,
            seed=3,
            device="cpu",
        )
        events = list(train(config, Controls(), None, Shelf()))
        alone = [loss for e in events if isinstance(e, StepsMeasured) for loss in e.loss]
        assert losses[net] == pytest.approx(alone, abs=1e-5)
        last = [e for e in events if isinstance(e, EpochFinished)][-1]
        assert tested[0][net] == pytest.approx(last.test_loss, abs=1e-5)
        assert tested[1][net] == pytest.approx(last.test_accuracy)


def test_gradients_come_in_the_order_of_the_entrants(dataset: Dataset) -> None:
    started = race(dataset)
    ended(started)
    found = started.gradients()
    assert [len(layers) for layers in found] == [4, 2, 4, 4]
    assert all(len(row) == started.measured for layers in found for row in layers)
    assert found[0][0][0] < found[0][2][0] - 0.5  # sigmoid: the first layer's is the smallest
    alone = Race(ENTRANTS[2:3], rules(), dataset, torch.device("cpu"))
    ended(alone)
    assert found[2] == [pytest.approx(row, abs=1e-4) for row in alone.gradients()[0]]
    table = learning_layers(started)
    assert table.columns[1:] == tuple(entrant.label for entrant in ENTRANTS)
    assert [row[0] for row in table.rows] == ["hidden1", "hidden2", "hidden3", "output"]
    assert [bool(row[2]) for row in table.rows] == [True, False, False, True]


def test_gauges_leave_the_race_as_it_was(dataset: Dataset) -> None:
    gauged, plain = race(dataset), race(dataset)
    gauges = gauged.gauge(curvature=True)
    assert ended(gauged) == ended(plain)
    assert all(0 < value < math.inf for value in gauges.sharpness)
    assert gauges.log_chi[1] == 0  # one hidden layer: nothing is passed on
    assert gauges.correlation[0] > 0.99 > gauges.correlation[3]


def test_theory_meets_the_start_within_five_sigma(dataset: Dataset) -> None:
    entrants = [
        Entrant(activation, init, 6)
        for activation in ("relu", "tanh", "sigmoid", "gelu")
        for init in ("normal", "xavier_uniform", "kaiming_normal", "orthogonal")
    ]
    started = Race(entrants, rules(width=128), dataset, torch.device("cpu"))
    gauged = started.gauge(curvature=False)
    for verdict, measured in zip(verdicts(started), gauged.log_chi, strict=True):
        assert abs(measured - verdict.log_chi) < chi_tolerance(6, 128), verdict.entrant.label


def test_a_gain_off_by_root_two_is_beyond_the_tolerance() -> None:
    assert 9 * math.log10(math.sqrt(2)) > chi_tolerance(10, 64)
    assert chi_tolerance(10, 64) == pytest.approx(5 * math.sqrt(5 * 9 / 64) / 2 / math.log(10))


def test_no_call_on_a_constant_start(dataset: Dataset) -> None:
    entrants = (Entrant("relu", "constant", 2), Entrant("relu", "zeros", 2))
    called = verdicts(Race(entrants, rules(), dataset, torch.device("cpu")))
    assert [verdict.word for verdict in called] == ["no call", "vanishes"]


def test_too_many_parameters_are_refused(dataset: Dataset) -> None:
    with pytest.raises(BadInput, match=r"2 networks of width 4096 have 167,\d+,\d+ parameters"):
        Race(
            [Entrant(name, "zeros", 6) for name in ("relu", "tanh")],
            rules(width=4096),
            dataset,
            torch.device("cpu"),
        )


@pytest.mark.parametrize("total", [1, 3, 47, 48, 49, 157, 9_380])
def test_a_cadence_covers_the_whole_run(total: int) -> None:
    cadence = Cadence(total)
    steps = range(1, total + 1)
    assert cadence.told(total)
    assert cadence.tested(total)
    assert 1 in cadence.measured
    assert len(cadence.measured) <= 48
    assert sum(map(cadence.tested, steps)) <= 13
    told = [0, *filter(cadence.told, steps)]
    assert max(b - a for a, b in pairwise(told)) <= cadence.tell


def test_learning_is_measured_from_a_guess() -> None:
    assert learned(0.325, 10)
    assert not learned(0.32, 10)
    assert not learned(0.6, 2)
    assert not learned(math.nan, 10)
    assert LEARNED == 0.25


def test_a_layer_stands_still_that_moves_by_less_than_a_hundredth() -> None:
    still = stands_still(100)
    assert still == pytest.approx(-4)
    assert [pace_word(ratio, still) for ratio in (-3.9, -4.1, -math.inf)] == [
        "-3.9 learns",
        "-4.1 still",
        "-inf still",
    ]
    assert pace_word(math.nan, still) == pace_word(math.inf, still) == "lost"
