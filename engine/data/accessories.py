"""A bag, drawn from top to bottom, and shoes, drawn lying: from toe to heel."""

from __future__ import annotations

import math

import torch

from engine.data.canvas import Canvas


def bag(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.82, 0.85)
    fabric = canvas.fabric()
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


def sandal(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.94, 0.9)
    fabric = canvas.fabric()
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


def sneaker(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.92, 0.9)
    fabric = canvas.fabric()
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


def ankle_boot(count: int, generator: torch.Generator) -> Canvas:
    canvas = Canvas(count, generator, 0.9, 0.92)
    fabric = canvas.fabric()
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
