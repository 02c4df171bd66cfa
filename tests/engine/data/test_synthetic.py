from __future__ import annotations

import pytest
import torch

from engine.data import garments
from engine.data.synthetic import synthetic


def test_sizes_are_those_of_fashion_mnist() -> None:
    drawn = synthetic()
    assert drawn.x_train.shape == (60_000, 784)
    assert drawn.x_test.shape == (10_000, 784)
    assert drawn.x_train.dtype == torch.uint8
    assert drawn.info.image_shape == (28, 28)
    assert drawn.info.classes == garments.CLASSES
    assert torch.bincount(drawn.y_train).tolist() == [6000] * 10
    assert torch.bincount(drawn.y_test).tolist() == [1000] * 10


def test_the_same_bytes_on_every_call_and_the_global_generator_untouched() -> None:
    before = torch.get_rng_state()
    again = synthetic.__wrapped__()
    assert again.info == synthetic().info
    assert torch.equal(torch.get_rng_state(), before)


def test_no_image_occurs_twice() -> None:
    drawn = synthetic()
    images = torch.cat([drawn.x_train, drawn.x_test])
    keys = images.double() @ torch.rand(
        784, dtype=torch.double, generator=torch.Generator().manual_seed(0)
    )
    assert len(torch.unique(keys)) == 70_000


def test_garments_are_bright_on_dark_and_the_classes_are_shuffled() -> None:
    drawn = synthetic()
    corners = drawn.x_train.view(-1, 28, 28)[:, :2, :2].float().mean()
    middle = drawn.x_train.view(-1, 28, 28)[:, 10:18, 10:18].float().mean()
    assert corners < 20
    assert middle > 80
    assert len(set(drawn.y_train[:100].tolist())) == 10


def test_class_means_tell_much_but_not_all() -> None:
    drawn = synthetic()
    x, y = drawn.x_train.float(), drawn.y_train
    means = torch.stack([x[y == label].mean(0) for label in range(10)])
    guesses = torch.cdist(drawn.x_test.float(), means).argmin(1)
    assert 0.5 < (guesses == drawn.y_test).float().mean() < 0.8


@pytest.mark.slow
def test_the_chapters_mlp_reaches_85_to_95_percent() -> None:
    drawn = synthetic()
    x, x_test = drawn.x_train / 255, drawn.x_test / 255
    generator = torch.Generator().manual_seed(0)
    sizes = ((784, 256), (256, 10))
    weights = [torch.randn(size, generator=generator).mul_(0.01) for size in sizes]
    parameters = [weights[0], torch.zeros(256), weights[1], torch.zeros(10)]
    for parameter in parameters:
        parameter.requires_grad_()

    def logits(inputs: torch.Tensor) -> torch.Tensor:
        w1, b1, w2, b2 = parameters
        return torch.relu(inputs @ w1 + b1) @ w2 + b2

    for _ in range(10):
        for index in torch.randperm(60_000, generator=generator).split(256):
            loss = torch.nn.functional.cross_entropy(logits(x[index]), drawn.y_train[index])
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.sub_(gradient, alpha=0.1)
    right = logits(x_test).argmax(1) == drawn.y_test
    assert 0.85 < right.float().mean() < 0.95
