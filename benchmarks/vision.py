"""The data set as the peers read it: images by index, each turned into a tensor on the way."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch.utils.data import Dataset, Subset, TensorDataset
from torchvision.datasets import FashionMNIST
from torchvision.transforms import ToTensor

from benchmarks.contestant import Work
from engine.data.synthetic import synthetic


class Drawn(Dataset[tuple[Any, int]]):
    """The engine's synthetic set behind torchvision's interface, at torchvision's cost."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, transform: Any) -> None:
        self.data, self.targets, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image = Image.fromarray(self.data[index].numpy(), mode="L")
        return self.transform(image), int(self.targets[index])


def images(work: Work) -> Dataset[tuple[Any, int]]:
    """Training images [1, 28, 28] in [0, 1] with labels, decoded one at a time."""
    whole = _whole(work)
    return whole if work.examples >= len(whole) else Subset(whole, range(work.examples))


def arrays(work: Work) -> TensorDataset:
    """The same as one tensor x [N, 784] in [0, 1] and one of labels y [N]."""
    whole = _whole(work)
    x = whole.data[: work.examples].flatten(1).float() / 255
    return TensorDataset(x, whole.targets[: work.examples].long())


def _whole(work: Work) -> Any:
    if work.data == "fashion-mnist":
        return FashionMNIST(work.data_dir, train=True, transform=ToTensor())
    drawn = synthetic()
    return Drawn(drawn.x_train.view(-1, 28, 28), drawn.y_train, ToTensor())
