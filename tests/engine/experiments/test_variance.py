import pytest

from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import ClaimChecked, Event, RunFinished, SeriesExtended, TableChanged
from engine.experiments.variance import EXPERIMENT, VarianceSettings
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory.layer_gain import layer_gains
from engine.theory.through_layer import passage, tolerance

DRAW = Draw(0.01, 0.01)


def run(config: VarianceSettings) -> list[Event]:
    return list(EXPERIMENT.run(config, Controls()))


def claims(stream: list[Event]) -> dict[str, ClaimChecked]:
    return {event.claim: event for event in stream if isinstance(event, ClaimChecked)}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(EXPERIMENT.checks)))
def test_claims_of_the_checks_hold(number: int) -> None:
    found = claims(run(EXPERIMENT.checks[number]))
    assert len(found) >= 2 * (len(INITIALIZERS) - 1)
    assert [claim for claim in found.values() if not claim.holds] == []


def test_xavier_gains_half_forward_and_loses_half_back() -> None:
    stream = run(EXPERIMENT.checks[0])
    found = claims(stream)
    assert found["xavier_uniform: forward gain"].predicted == pytest.approx(1.508, abs=5e-4)
    assert found["xavier_uniform: backward gain"].predicted == pytest.approx(0.492, abs=5e-4)
    last = [e for e in stream if isinstance(e, TableChanged)][-1]
    assert [row[1] for row in last.rows] == list(INITIALIZERS)
    sums: dict[float, float] = {}
    for event in stream:
        if isinstance(event, SeriesExtended) and event.series.startswith("xavier/theory"):
            for x, y in zip(event.x, event.y, strict=True):
                sums[x] = sums.get(x, 0) + y
    assert list(sums.values()) == pytest.approx([2] * 7)


def test_a_linear_layer_s_passage_is_its_gain() -> None:
    for gain in layer_gains(784, 256):
        if gain.exact:
            rule, identity = INITIALIZERS[gain.initializer], ACTIVATIONS["identity"]
            law = passage(rule, identity, 784, 256, DRAW)
            assert (law.forward, law.backward) == pytest.approx((gain.forward, gain.backward))
            assert law.forward_spread == pytest.approx(2 / 784 + 2 / 256 + 4 / (784 * 256))


def test_he_keeps_relu_s_second_moment_either_way() -> None:
    relu = ACTIVATIONS["relu"]
    assert passage(INITIALIZERS["kaiming_normal"], relu, 90, 40, DRAW).forward == pytest.approx(1)
    back = passage(INITIALIZERS["kaiming_normal_fan_out"], relu, 90, 40, DRAW)
    assert back.backward == pytest.approx(1)
    assert back.backward_spread == pytest.approx(5 / 90 + 2 / 40 + 10 / 3600)


def test_tolerances_shrink_with_the_root_of_the_draws() -> None:
    assert tolerance(2.0, 0.02, 50) == pytest.approx(0.2)
    assert tolerance(2.0, 0.02, 200) == pytest.approx(0.1)


def test_measured_spread_is_the_law_s() -> None:
    """400 single draws: their relative variance is within five sigma of the exact spread."""
    import torch
    from torch import Generator

    from engine.lab.layers import pass_through

    generator, relu, rule = (
        Generator().manual_seed(1),
        ACTIVATIONS["relu"],
        INITIALIZERS["kaiming_normal"],
    )
    law = passage(rule, relu, 30, 20, DRAW)
    seen = [pass_through(rule, relu, 30, 20, DRAW, 1, generator) for _ in range(400)]
    for values, mean, spread in (
        ([s.forward for s in seen], law.forward, law.forward_spread),
        ([s.backward for s in seen], law.backward, law.backward_spread),
    ):
        ratio = float(torch.tensor(values).var()) / mean**2 / spread
        assert ratio == pytest.approx(1, abs=5 * (4 / 400) ** 0.5)


def test_stop_and_refusals() -> None:
    controls = Controls()
    controls.request(Stop())
    stream = list(EXPERIMENT.run(VarianceSettings(pace=0.0, draws=2), controls))
    assert isinstance(stream[-1], RunFinished)
    assert stream[-1].outcome == "stopped"
    assert not claims(stream)
    with pytest.raises(BadInput, match="fewer draws"):
        VarianceSettings(fan_in=4096, fan_out=4096)


def test_the_same_seed_says_the_same() -> None:
    config = VarianceSettings(pace=0.0, fan_in=20, fan_out=30, draws=5)
    one, same = claims(run(config)), claims(run(config))
    other = claims(run(VarianceSettings(pace=0.0, fan_in=20, fan_out=30, draws=5, seed=1)))
    assert [c.measured for c in one.values()] == [c.measured for c in same.values()]
    assert [c.measured for c in one.values()] != [c.measured for c in other.values()]
