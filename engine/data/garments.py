"""Ten garments as drawings: what each looks like, and how much it varies.

The upper-body garments overlap on purpose (a shirt may have short sleeves, a pullover a collar's
width of neck): a classifier has to weigh several hints, and cannot be right every time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.canvas import SIDE, Canvas, Number

CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


@dataclass(frozen=True)
class Torso:
    """An upper-body garment: half widths, and a sleeve's length, slope and thickness."""

    shoulder: Number
    waist: Number
    hem: Number
    sleeve: Number
    slope: Number
    thickness: Number


def draw(label: int, count: int, generator: torch.Generator) -> Tensor:
    """`count` images of one class: uint8 [count, 28, 28], bright on a dark ground."""
    canvas = _DRAWINGS[label](count, generator)
    image = canvas.image if label not in _LYING else canvas.image.transpose(1, 2).contiguous()
    _spoil(image, generator)
    return image.mul_(255).to(torch.uint8)


def _fabric(canvas: Canvas) -> Tensor:
    """A shade with stripes along or across and a soft light: [count, 28, 28]."""
    phase, pitch = canvas.uniform(0, 6.3), canvas.uniform(3, 14)
    across_pitch, light = canvas.uniform(3, 14), canvas.uniform(-0.25, 0.25)
    strength = canvas.uniform(0, 0.45)
    grid = torch.linspace(-1, 1, SIDE)
    rows = canvas.chance(0.35) * strength * torch.sin(canvas.along * pitch + phase)
    columns = canvas.chance(0.25) * strength * torch.sin(grid * across_pitch + phase)
    base = canvas.uniform(0.3, 0.95)
    return base[:, :, None] * ((1 + rows)[:, :, None] + (columns + light * grid)[:, None, :])


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


def _t_shirt(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.84, 0.95)
    fabric = _fabric(canvas)
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


def _pullover(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.86, 0.9)
    fabric = _fabric(canvas)
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


def _coat(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.92, 0.88)
    fabric = _fabric(canvas)
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


def _shirt(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.87, 0.91)
    fabric = _fabric(canvas)
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


def _dress(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.95, 0.72)
    fabric = _fabric(canvas)
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


def _trouser(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.95, 0.72)
    fabric = _fabric(canvas)
    hip, ankle = canvas.uniform(0.42, 0.58), canvas.uniform(0.34, 0.66)
    crotch = canvas.uniform(-0.6, -0.2)
    outer = canvas.trace((-1.0, hip * canvas.uniform(0.75, 1.0)), (crotch, hip), (1.0, ankle))
    gap = canvas.trace((crotch, -0.05), (crotch + 0.12, 0.03), (1.0, ankle * 0.45))
    canvas.paint(canvas.pair(gap, outer, -1.0, 1.0), fabric)
    waistband = canvas.pair(-1.0, outer, -1.0, -0.88) * canvas.chance(0.5)[:, :, None]
    canvas.paint(waistband, canvas.uniform(0.1, 1.0))
    return canvas


def _bag(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.82, 0.85)
    fabric = _fabric(canvas)
    top, reach = canvas.uniform(-0.5, 0.1), canvas.uniform(0.3, 0.75)
    rise = (canvas.uniform(0.7, 1.05) + top).clamp_(min=0.2)
    arch = (1 - ((canvas.along - top) / rise).clamp(-1, 0) ** 2).clamp_(min=0).sqrt()
    thick = canvas.uniform(0.08, 0.18)
    handle = canvas.pair(reach * arch - thick, reach * arch + 0.04, top - rise - 0.05, top + 0.1)
    canvas.paint(handle, canvas.uniform(0.3, 1.0))
    outline = canvas.trace((top, canvas.uniform(0.55, 0.98)), (1.0, canvas.uniform(0.65, 1.0)))
    canvas.paint(canvas.pair(-1.0, outline, top, 1.0), fabric)
    flap = canvas.pair(-1.0, outline, top + 0.3, top + 0.4) * canvas.chance(0.5)[:, :, None]
    canvas.paint(flap, canvas.uniform(0.0, 0.3))
    clasp = canvas.pair(-1.0, 0.1, top + 0.35, top + 0.55) * canvas.chance(0.5)[:, :, None]
    canvas.paint(clasp, canvas.uniform(0.0, 1.0))
    return canvas


def _sneaker(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.92, 0.9)
    fabric = _fabric(canvas)
    ground, collar = canvas.uniform(0.36, 0.54), canvas.uniform(-0.5, -0.15)
    instep = canvas.uniform(-0.15, 0.25)
    top = canvas.trace(
        (-1.0, ground - 0.14),
        (-0.75, ground - 0.3),
        (instep - 0.3, ground - canvas.uniform(0.34, 0.5)),
        (instep + 0.2, collar),
        (0.6, collar + 0.1),
        (1.0, collar - 0.02),
    )
    canvas.paint(canvas.band(top, ground, -1.0, 1.0), fabric)
    laces = canvas.band(top + 0.03, top + 0.22, instep - 0.3, instep + 0.2)
    laces = laces * (0.5 + 0.5 * torch.sin(canvas.along * 22))[:, :, None]
    canvas.paint(laces * canvas.chance(0.7)[:, :, None], canvas.uniform(0.0, 1.0))
    stripe = canvas.trace((-0.4, ground - 0.1), (0.5, ground - 0.4))
    mark = canvas.band(stripe - 0.05, stripe + 0.05, -0.35, 0.5) * canvas.chance(0.5)[:, :, None]
    canvas.paint(mark, canvas.uniform(0.0, 1.0))
    sole = canvas.band(ground - canvas.uniform(0.08, 0.2), ground + 0.05, -1.03, 1.03)
    canvas.paint(sole, canvas.uniform(0.4, 1.0))
    return canvas


def _ankle_boot(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.9, 0.92)
    fabric = _fabric(canvas)
    ground, shaft = canvas.uniform(0.55, 0.78), canvas.uniform(-0.95, -0.4)
    ankle = canvas.uniform(-0.3, 0.2)
    heel = canvas.chance(0.6) * canvas.uniform(0.08, 0.35)
    bottom = ground - canvas.trace((-0.5, 0.0), (0.35, heel))
    top = canvas.trace(
        (-1.0, ground - 0.18),
        (-0.8, ground - 0.38),
        (ankle - 0.1, ground - canvas.uniform(0.55, 0.75)),
        (ankle + 0.12, shaft),
        (1.0, shaft - canvas.uniform(-0.08, 0.08)),
    )
    canvas.paint(canvas.band(top, bottom, -1.0, canvas.uniform(0.85, 1.0)), fabric)
    canvas.paint(canvas.band(0.0, ground, 0.5, 0.98) * (heel > 0)[:, :, None], fabric * 0.8)
    sole = canvas.band(bottom - 0.08, bottom + 0.04, -1.02, 1.0) * canvas.chance(0.7)[:, :, None]
    canvas.paint(sole, canvas.uniform(0.2, 1.0))
    zipper = canvas.band(top + 0.1, bottom - 0.3, 0.4, 0.5) * canvas.chance(0.4)[:, :, None]
    canvas.paint(zipper, canvas.uniform(0.0, 1.0))
    return canvas


def _sandal(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.94, 0.9)
    fabric = _fabric(canvas)
    ground = canvas.uniform(0.42, 0.6)
    heel = canvas.chance(0.6) * canvas.uniform(0.15, 0.8)
    sole = ground - canvas.trace((-0.55, 0.0), (0.45, heel), (1.0, heel * 1.1))
    thick = canvas.uniform(0.09, 0.2)
    for start, end, low, high in ((-0.8, -0.1, 0.25, 0.5), (0.05, 0.98, 0.3, 0.75)):
        begin = start + canvas.uniform(-0.08, 0.08)
        round_ = torch.sin(((canvas.along - begin) / (end - begin)).clamp(0, 1) * math.pi)
        arch = sole - canvas.uniform(low, high) * round_.clamp_(min=0).sqrt()
        width = canvas.uniform(0.12, 0.3)
        canvas.paint(canvas.band(arch, torch.minimum(arch + width, sole), begin, end), fabric)
    lean = canvas.trace((-0.4, -0.45), (0.5, -0.1))
    cross = canvas.band(sole + lean, sole + lean + 0.14, -0.45, 0.4)
    canvas.paint(cross * canvas.chance(0.6)[:, :, None], fabric)
    post = canvas.band(sole, ground + 0.06, canvas.uniform(0.6, 0.85), 1.0)
    canvas.paint(post * (heel > 0)[:, :, None], canvas.uniform(0.3, 0.9))
    canvas.paint(canvas.band(sole, sole + thick, -1.0, 1.0), canvas.uniform(0.3, 1.0))
    return canvas


_DRAWINGS: tuple[Callable[[int, torch.Generator], Canvas], ...] = (
    _t_shirt,
    _trouser,
    _pullover,
    _dress,
    _coat,
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _ankle_boot,
)
_LYING = frozenset({5, 7, 9})  # shoes are traced from toe to heel, the others from top to hem
