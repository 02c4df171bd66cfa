"""What each corruption does to the pixels of a probe, beside what its definition says.

The severities are written out here: a table that were read could not be found wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from engine.lab.corruption import CORRUPTIONS
from engine.lab.finding import Finding

SIDE, BORDER, PICTURES = 28, 6, 64
_DIM, _NOISE, _SHIFT, _BLUR, _CONTRAST, _PATCH = 0.5, 0.3, 3, 1.5, 0.4, 10
_CHAPTER = "the chapter's severity"
_MIDDLE = "the third of five severities"
_ROUNDING = 1e-6  # of a few float32 operations on numbers of at most 1


def of_pixels(random: Generator) -> Iterator[Finding]:
    """The laws of one pixel or of all, at the severities of the chapter and in the middle."""
    probe = torch.zeros(PICTURES, 1, SIDE, SIDE)
    inside = slice(BORDER, -BORDER)
    probe[:, :, inside, inside] = torch.rand(
        PICTURES, 1, SIDE - 2 * BORDER, SIDE - 2 * BORDER, generator=random
    )
    changed = {name: each.apply(probe, 0, random) for name, each in CORRUPTIONS.items()}
    yield from _exact(probe, changed)
    yield from _noisy(changed["noise"] - probe)
    yield from _spread(random)
    yield _finding(
        "contrast: spread of a picture's pixels ÷ before",
        float((_deviation(changed["contrast"]) / _deviation(probe)).mean()),
        _CONTRAST,
        _ROUNDING,
        f"m + c·(x − m): {_MIDDLE}",
    )


def _exact(probe: Tensor, changed: dict[str, Tensor]) -> Iterator[Finding]:
    """What holds of every pixel."""
    last = SIDE - 1
    backwards = torch.tensor([last - place for place in range(SIDE)])
    for name, expected, law in (
        ("brightness", _DIM * probe, f"x·{_DIM:g}"),
        ("mirror", probe[..., backwards], "x[i, W − 1 − j]"),
        ("upside-down", probe[..., backwards, :], "x[H − 1 − i, j]"),
        ("invert", 1 - probe, "1 − x"),
    ):
        far = float((changed[name] - expected).abs().max())
        yield _finding(f"{name}: farthest pixel from {law}", far, 0.0, _ROUNDING, _CHAPTER)
    (down, along), (was_down, was_along) = _centre(changed["shift"]), _centre(probe)
    moved = f"none is lost, as {BORDER} at each side are empty; {_CHAPTER}"
    yield _finding("shift: pixels right", along - was_along, _SHIFT, _ROUNDING, moved)
    yield _finding("shift: pixels down", down - was_down, 0.0, _ROUNDING, moved)
    hidden = (changed["patch"] != probe).sum((1, 2, 3)).double()
    text, law = "patch: farthest count of changed pixels", f"{_PATCH}² of {SIDE}²: {_MIDDLE}"
    farthest = hidden[(hidden - _PATCH**2).abs().argmax()]
    yield _finding(text, float(farthest), _PATCH**2, 0.0, law)


def _noisy(noise: Tensor) -> Iterator[Finding]:
    """Mean and spread of what was added, within five of their standard errors."""
    count = noise.numel()
    law = f"N(0, {_NOISE:g}²), not clipped: {_CHAPTER}"
    yield _finding(
        "noise: mean", float(noise.double().mean()), 0.0, 5 * _NOISE / math.sqrt(count), law
    )
    error = 5 * _NOISE / math.sqrt(2 * count)
    yield _finding("noise: standard deviation", float(noise.double().std()), _NOISE, error, law)


def _spread(random: Generator) -> Iterator[Finding]:
    """The variance of a blurred point along its columns: that of the cut and sampled Gaussian."""
    point = torch.zeros(1, 1, SIDE, SIDE)
    point[..., SIDE // 2, SIDE // 2] = 1
    columns = CORRUPTIONS["blur"].apply(point, 0, random)[0, 0].double().sum(0)
    away = torch.arange(SIDE) - SIDE // 2
    reach = math.ceil(3 * _BLUR)
    bell = [(k * k, math.exp(-0.5 * (k / _BLUR) ** 2)) for k in range(-reach, reach + 1)]
    yield _finding(
        "blur: variance of a point's light along a row, pixels²",
        float(columns @ away.double().square()),
        sum(square * weight for square, weight in bell) / sum(weight for _, weight in bell),
        10 * _ROUNDING,
        f"a Gaussian of σ = {_BLUR:g} cut at 3σ: {_MIDDLE}",
    )


def _centre(images: Tensor) -> tuple[float, float]:
    """The centre of mass of all pictures, in pixels from the top and from the left."""
    light, place = images.double().sum((0, 1)), torch.arange(SIDE).double()
    down, along = (float(place @ light.sum(axis) / light.sum()) for axis in (1, 0))
    return down, along


def _deviation(images: Tensor) -> Tensor:
    return images.double().std((1, 2, 3))


def _finding(
    text: str, measured: float, predicted: float, tolerance: float, source: str
) -> Finding:
    return Finding(
        text=text, measured=measured, predicted=predicted, tolerance=tolerance, source=source
    )
