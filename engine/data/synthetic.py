"""``synthetic``: drawn garments in the shape of Fashion-MNIST, for a machine without the real set.

60,000 training and 10,000 test images, balanced, the same bytes on every call on a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor

from engine.data import garments
from engine.data.canvas import SIDE
from engine.data.dataset import Dataset, make_dataset

TRAIN, TEST = 60_000, 10_000
_CHUNK = 500  # images drawn together; their sheets then fit a core's cache
_SEED = 28


@lru_cache(maxsize=1)
def synthetic() -> Dataset:
    """The drawn set, made once in a process (in a second or two) and then shared."""
    with _one_thread():
        images, labels = _draw_all()
    flat = images.view(-1, SIDE * SIDE)
    return make_dataset(
        "synthetic",
        (flat[:TRAIN], labels[:TRAIN], flat[TRAIN:], labels[TRAIN:]),
        classes=garments.CLASSES,
        image_shape=(SIDE, SIDE),
        source="drawn by this program",
    )


def _draw_all() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(_SEED)
    images = torch.empty(TRAIN + TEST, SIDE, SIDE, dtype=torch.uint8)
    labels = torch.empty(TRAIN + TEST, dtype=torch.int64)
    classes = len(garments.CLASSES)
    train = torch.randperm(TRAIN, generator=generator).view(classes, -1)
    test = torch.randperm(TEST, generator=generator).view(classes, -1) + TRAIN
    places = torch.cat([train, test], dim=1)
    for label, name in enumerate(garments.CLASSES):
        for start in range(0, places.shape[1], _CHUNK):
            place = places[label, start : start + _CHUNK]
            images[place] = garments.draw(name, len(place), generator)
            labels[place] = label
    return images, labels


@contextmanager
def _one_thread() -> Iterator[None]:
    # Pieces this small keep several threads waiting for each other: two take four times as long.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
