"""Examples of a data set as small pictures."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from engine.data.dataset import Dataset
from engine.events import Picture

MOST_PIXELS = 64
"""Pixels on a picture's longer side; of a larger image each is the mean over its area."""


class ExamplePictures:
    """The test examples of a data set as pictures; of one without images there are none."""

    def __init__(self, dataset: Dataset) -> None:
        self._inputs = dataset.x_test
        self._shape = dataset.info.image_shape

    def of(self, indices: Tensor) -> list[Picture | None]:
        """A picture for each of these test examples.

        Bytes are shown as they are and floats in [0, 1] likewise; of other floats the least in
        the whole test set is black and the greatest white.
        """
        if not self._shape or not len(indices):
            return [None] * len(indices)
        rows = self._inputs[indices.to(self._inputs.device)].cpu()
        if rows.dtype != torch.uint8:
            black, white = self._range
            rows = (rows - black) * (255 / (white - black)) if white > black else rows * 0.0
        return [picture(row, self._shape) for row in rows]

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Which values are black and white."""
        low, high = torch.stack(torch.aminmax(self._inputs)).tolist()
        return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def picture(pixels: Tensor, shape: tuple[int, ...]) -> Picture:
    """One image of `shape` from its numbers, 0 black to 255 white, in any order of dimensions.

    The shape is (h, w), (h, w, channels) or (channels, h, w): the smaller of the two ends counts
    channels. Three are red, green and blue; any other number of them is shown as their mean.
    """
    image = pixels.reshape(shape).float().nan_to_num().clamp(0, 255)
    if len(shape) == 2:
        image = image.unsqueeze(0)
    elif shape[2] <= shape[0]:
        image = image.permute(2, 0, 1)
    if len(image) != 3:
        image = image.mean(0, keepdim=True)
    image = _reduced(image)
    channels, height, width = image.shape
    as_bytes = image.round().byte().permute(1, 2, 0).contiguous()
    return Picture(width, height, as_bytes.numpy().tobytes(), channels)


def _reduced(image: Tensor) -> Tensor:
    """An image [channels, h, w] whose longer side has at most `MOST_PIXELS`."""
    height, width = image.shape[1:]
    longest = max(height, width)
    if longest <= MOST_PIXELS:
        return image
    size = (-(-height * MOST_PIXELS // longest), -(-width * MOST_PIXELS // longest))
    return functional.adaptive_avg_pool2d(image, size)
