"""A data set in memory: four tensors and what people are told about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec
import torch
from torch import Tensor

from engine.errors import BadInput
from engine.events import DatasetInfo


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs [n, features] and labels int64 [n] in 0..classes−1, for training and for testing.

    Images are uint8 and mean x/255, as torchvision's ToTensor has it; other inputs are float32
    and mean what they are. Whoever holds a data set leaves its tensors alone: they are shared.
    """

    info: DatasetInfo
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor

    def to(self, device: torch.device | str) -> Dataset:
        """The same set with its tensors on `device`; nothing is copied that is already there."""
        moved = {name: getattr(self, name).to(device) for name in _TENSORS}
        return replace(self, **moved)


_TENSORS = ("x_train", "y_train", "x_test", "y_test")


def make_dataset(
    name: str,
    tensors: tuple[Tensor, Tensor, Tensor, Tensor],
    *,
    classes: tuple[str, ...],
    image_shape: tuple[int, ...] = (),
    source: str,
) -> Dataset:
    """The set of these (x_train, y_train, x_test, y_test), with sizes and digest filled in."""
    x_train, _, x_test, _ = tensors
    info = DatasetInfo(
        name=name,
        train_examples=len(x_train),
        test_examples=len(x_test),
        features=x_train.shape[1],
        classes=classes,
        image_shape=image_shape,
        source=source,
        digest=digest(tensors),
    )
    return Dataset(info, *tensors)


def digest(tensors: Iterable[Tensor]) -> str:
    """BLAKE2b (16 bytes, hex) over the tensors' types, shapes and bytes."""
    summary = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        summary.update(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
        summary.update(tensor.contiguous().numpy().data)
    return summary.hexdigest()


def thinned(dataset: Dataset, most: int) -> Dataset:
    """The set with every k-th training example, k such that at most `most` remain.

    Spread over the whole, they stand for it even where it is sorted. The tensors are views, and
    the digest is still that of the whole.
    """
    stride = max(1, -(-len(dataset.x_train) // most))
    x_train, y_train = dataset.x_train[::stride], dataset.y_train[::stride]
    info = msgspec.structs.replace(dataset.info, train_examples=len(x_train))
    return replace(dataset, info=info, x_train=x_train, y_train=y_train)


def first_examples(dataset: Dataset, count: int, seed: int) -> Dataset:
    """The set with only the first `count` training examples of a shuffle by `seed`.

    Raises:
        BadInput: when there are fewer.
    """
    examples = len(dataset.x_train)
    if count > examples:
        raise BadInput(
            f"train_examples = {count} but {dataset.info.name} has {examples} training examples"
        )
    generator = torch.Generator().manual_seed(seed)
    kept = torch.randperm(examples, generator=generator)[:count]
    smaller = replace(dataset, x_train=dataset.x_train[kept], y_train=dataset.y_train[kept])
    content = digest(getattr(smaller, name) for name in _TENSORS)
    info = msgspec.structs.replace(dataset.info, train_examples=count, digest=content)
    return replace(smaller, info=info)
