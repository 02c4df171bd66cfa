"""Clothes, drawn from top to hem.

The upper-body garments overlap on purpose (a shirt may have short sleeves, a pullover a shirt's
neck): a classifier has to weigh several hints, and cannot be right every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.canvas import Canvas, Number


@dataclass(frozen=True)
class Torso:
    """An upper-body garment: half widths, and a sleeve's length, slope and thickness."""

    shoulder: Number
    waist: Number
    hem: Number
    sleeve: Number
    slope: Number
    thickness: Number


def t_shirt(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.84, 0.95)
    fabric = canvas.fabric()
    waist = canvas.uniform(0.42, 0.6)
    shape = Torso(
        canvas.uniform(0.4, 0.52),
        waist,
        waist * canvas.uniform(0.9, 1.1),
        canvas.uniform(0.4, 0.85),
        canvas.uniform(0.35, 0.95),
        canvas.uniform(0.15, 0.24),
    )
    _torso(canvas, shape, fabric)
    _neck(canvas, canvas.uniform(0.16, 0.32), canvas.uniform(0.1, 0.35), canvas.uniform(0, 0.25))
    size, height = canvas.uniform(0.1, 0.35), canvas.uniform(0.1, 0.4)
    printed = canvas.pair(-1.0, size, -0.2 - height, -0.2 + height)
    canvas.paint(printed * canvas.chance(0.4)[:, :, None], canvas.uniform(0.1, 1.0))
    return canvas


def pullover(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.86, 0.9)
    fabric = canvas.fabric()
    waist = canvas.uniform(0.44, 0.62)
    shape = Torso(
        canvas.uniform(0.45, 0.58),
        waist,
        waist * canvas.uniform(0.85, 1.05),
        canvas.uniform(1.35, 1.95),
        canvas.uniform(0.08, 0.32),
        canvas.uniform(0.12, 0.2),
    )
    _torso(canvas, shape, fabric)
    _neck(canvas, canvas.uniform(0.14, 0.28), canvas.uniform(0.08, 0.26), canvas.uniform(0, 0.3))
    ribs = canvas.pair(-1.0, shape.hem, 0.86, 1.0) * canvas.chance(0.6)[:, :, None]
    canvas.paint(ribs, canvas.uniform(0.2, 0.7))
    return canvas


def coat(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.92, 0.88)
    fabric = canvas.fabric()
    waist = canvas.uniform(0.44, 0.6)
    shape = Torso(
        canvas.uniform(0.45, 0.58),
        waist,
        waist * canvas.uniform(1.0, 1.25),
        canvas.uniform(1.35, 1.9),
        canvas.uniform(0.08, 0.3),
        canvas.uniform(0.12, 0.2),
    )
    _torso(canvas, shape, fabric)
    lapel = canvas.uniform(0.3, 0.9)
    edge = canvas.trace((-1.0, 0.34), (-1.0 + lapel, 0.05))
    canvas.paint(canvas.pair(-1.0, edge, -1.0, -1.0 + lapel), canvas.uniform(0.2, 0.9))
    _neck(canvas, canvas.uniform(0.12, 0.24), lapel * 0.7, canvas.uniform(0, 0.3))
    _front(canvas, 0.05, canvas.uniform(0.2, 1.0), canvas.chance(0.3))
    return canvas


def shirt(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.87, 0.91)
    fabric = canvas.fabric()
    waist = canvas.uniform(0.42, 0.6)
    short = canvas.chance(0.35)
    shape = Torso(
        canvas.uniform(0.42, 0.56),
        waist,
        waist * canvas.uniform(0.9, 1.15),
        short * canvas.uniform(0.5, 0.9) + (1 - short) * canvas.uniform(1.3, 1.9),
        short * canvas.uniform(0.3, 0.8) + (1 - short) * canvas.uniform(0.08, 0.32),
        canvas.uniform(0.12, 0.22),
    )
    _torso(canvas, shape, fabric)
    collar = canvas.trace((-1.0, canvas.uniform(0.22, 0.34)), (-0.62, 0.08))
    canvas.paint(
        canvas.pair(-1.0, collar, -1.05, -0.62) * canvas.chance(0.8)[:, :, None],
        canvas.uniform(0.35, 1.0),
    )
    _neck(canvas, canvas.uniform(0.1, 0.2), canvas.uniform(0.15, 0.4), canvas.uniform(0, 0.3))
    _front(canvas, 0.045, canvas.uniform(0.0, 0.7), canvas.chance(0.7))
    return canvas


def dress(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.95, 0.72)
    fabric = canvas.fabric()
    bare = canvas.chance(0.55)
    shoulder, waist = canvas.uniform(0.28, 0.42), canvas.uniform(0.22, 0.44)
    length = canvas.uniform(0.3, 1.6)
    centre = shoulder + (canvas.along + 0.9) * 0.22
    arms = canvas.pair(centre - 0.13, centre + 0.13, -0.92, -0.9 + length)
    canvas.paint(arms * (1 - bare)[:, :, None], fabric * canvas.uniform(0.7, 1.0)[:, :, None])
    outline = canvas.trace(
        (-1.0, shoulder * 0.7),
        (-0.85, shoulder),
        (canvas.uniform(-0.45, -0.05), waist),
        (1.0, canvas.uniform(0.35, 0.85)),
    )
    canvas.paint(canvas.pair(-1.0, outline, -1.0, 1.0), fabric)
    _neck(canvas, canvas.uniform(0.12, 0.3), canvas.uniform(0.15, 0.5), canvas.uniform(0, 0.1))
    belt = canvas.pair(-1.0, waist, -0.3, -0.15) * canvas.chance(0.3)[:, :, None]
    canvas.paint(belt, canvas.uniform(0.0, 1.0))
    return canvas


def trouser(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.95, 0.72)
    fabric = canvas.fabric()
    hip, ankle = canvas.uniform(0.42, 0.58), canvas.uniform(0.34, 0.66)
    crotch = canvas.uniform(-0.6, -0.2)
    outer = canvas.trace((-1.0, hip * canvas.uniform(0.75, 1.0)), (crotch, hip), (1.0, ankle))
    gap = canvas.trace((crotch, -0.05), (crotch + 0.12, 0.03), (1.0, ankle * 0.45))
    canvas.paint(canvas.pair(gap, outer, -1.0, 1.0), fabric)
    waistband = canvas.pair(-1.0, outer, -1.0, -0.88) * canvas.chance(0.5)[:, :, None]
    canvas.paint(waistband, canvas.uniform(0.1, 1.0))
    return canvas


def _torso(canvas: Canvas, shape: Torso, fabric: Tensor) -> None:
    centre = shape.shoulder + (canvas.along + 0.9) * shape.slope
    half = shape.thickness * (1 + shape.slope**2) ** 0.5
    arms = canvas.pair(centre - half, centre + half, -0.92, shape.sleeve - 0.9)
    canvas.paint(arms, fabric * canvas.uniform(0.7, 1.0)[:, :, None])
    outline = canvas.trace(
        (-1.0, 0.2),
        (-0.86, shape.shoulder),
        (-0.35, shape.waist),
        (0.1, shape.waist),
        (1.0, shape.hem),
    )
    canvas.paint(canvas.pair(-1.0, outline, -1.0, 1.0), fabric)


def _neck(canvas: Canvas, width: Number, depth: Number, shade: Tensor) -> None:
    opening = canvas.trace((-1.0, width), (-1.0 + depth, 0.0))
    canvas.paint(canvas.pair(-1.0, opening, -1.2, -1.0 + depth), shade)


def _front(canvas: Canvas, width: float, strength: Tensor, dots: Number) -> None:
    """The line where a garment closes: darker down the middle, dotted if it has buttons."""
    buttons = 1 - dots * (0.5 + 0.5 * torch.sin(canvas.along * 14))
    line = canvas.pair(-1.0, width, -0.8, 1.0) * (strength * buttons)[:, :, None]
    canvas.paint(line, canvas.uniform(0, 0.15))
