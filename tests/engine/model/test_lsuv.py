"""Layer-sequential unit variance, measured on the sample it was calibrated on."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from engine.config import RunConfig
from engine.errors import BadInput
from engine.model.build import build
from engine.model.lsuv import TOLERANCE
from engine.model.network import Network
from engine.rules.activations import ACTIVATIONS


def sample() -> Tensor:
    return torch.rand(128, 28, 28, generator=Generator().manual_seed(1))


def made(x: Tensor, **settings: object) -> Network:
    config = RunConfig(init="lsuv", **settings)
    return build(config, 784, 10, Generator().manual_seed(0), torch.device("cpu"), x)


@pytest.mark.parametrize("bias_init", ["zeros", "torch_default"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_layer_s_variance_is_one(activation: str, bias_init: str) -> None:
    network = made(sample(), activation=activation, hidden=(64,) * 6, bias_init=bias_init)
    variances = [z.var(correction=0).item() for z in network.trace(sample()).pre]
    assert len(variances) == 7
    assert variances == pytest.approx([1.0] * 7, abs=TOLERANCE)


def test_only_the_scale_of_the_orthogonal_start_changes() -> None:
    for weight in made(sample(), hidden=(64, 64)).weights:
        values = torch.linalg.svdvals(weight)
        torch.testing.assert_close(values / values[0], torch.ones_like(values), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "settings", "layer"),
    [
        (torch.zeros(16, 784), {}, "hidden1"),
        (sample(), {"bias_init": "constant", "bias_value": -1e6, "hidden": (8, 8)}, "hidden2"),
    ],
)
def test_a_layer_without_variance_is_named(
    x: Tensor, settings: dict[str, object], layer: str
) -> None:
    with pytest.raises(BadInput, match=f"lsuv cannot scale {layer}.*variance 0"):
        made(x, **settings)
