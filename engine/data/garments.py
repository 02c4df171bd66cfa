"""Ten garments as 28×28 grey images, each drawn differently and a little spoilt."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data import accessories, clothes
from engine.data.canvas import SIDE

_DRAWINGS = {
    "T-shirt": clothes.t_shirt,
    "trouser": clothes.trouser,
    "pullover": clothes.pullover,
    "dress": clothes.dress,
    "coat": clothes.coat,
    "sandal": accessories.sandal,
    "shirt": clothes.shirt,
    "sneaker": accessories.sneaker,
    "bag": accessories.bag,
    "ankle boot": accessories.ankle_boot,
}
CLASSES = tuple(_DRAWINGS)
_LYING = frozenset({"sandal", "sneaker", "ankle boot"})


def draw(name: str, count: int, generator: torch.Generator) -> Tensor:
    """`count` images of one of `CLASSES`: uint8 [count, 28, 28], bright on a dark ground."""
    image = _DRAWINGS[name](count, generator).image
    if name in _LYING:
        image = image.transpose(1, 2).contiguous()
    _spoil(image, generator)
    return image.mul_(255).to(torch.uint8)


def _spoil(image: Tensor, generator: torch.Generator) -> None:
    """Film grain, a shadow over one side, and now and then a patch that hides something."""
    count = len(image)
    noise = torch.rand(SIDE * SIDE * 64, generator=generator).sub_(0.5)
    starts = torch.randint(0, SIDE * SIDE * 63, (count, 1), generator=generator)
    grain = noise[starts + torch.arange(SIDE * SIDE)].view_as(image)
    image.addcmul_(grain, torch.rand(count, 1, 1, generator=generator).mul_(0.3))
    corner = torch.randint(-2, SIDE - 2, (count, 2, 1), generator=generator)
    size = torch.randint(3, 10, (count, 2, 1), generator=generator)
    size *= torch.rand(count, 1, 1, generator=generator) < 0.3
    grid = torch.arange(SIDE)
    hidden = (grid >= corner) & (grid < corner + size)
    patch = (hidden[:, 0, :, None] & hidden[:, 1, None, :]).float()
    image.lerp_(torch.rand(count, 1, 1, generator=generator).mul_(0.6), patch)
    image.clamp_(0, 1)
