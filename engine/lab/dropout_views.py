"""What the dropout experiment draws: tiles, tables and curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from torch import Generator, Tensor

from engine.events import GridChanged, SeriesExtended, TableChanged
from engine.lab.dropout_law import RATES, Law
from engine.lab.dropout_masks import HEIGHT, MaskSums, book_rows
from engine.lab.dropout_nets import (
    EVAL_MODE,
    KINDS,
    MEASURES,
    TEST,
    TRAIN_MODE,
    Look,
    Pairs,
    Spread,
    best,
    settled,
    spread,
)
from engine.text import counted
from engine.theory import dropout as theory

TILES, MANY = 16, 128  # units in a row of tiles, and those beyond which a row is twice as long
THEORY_POINTS = 46
Point = tuple[str, float, float]


def tiles(pairs: Pairs) -> GridChanged:
    """The units of the first layer that drops some, each with what it was multiplied by."""
    rates = pairs.plan.rates
    layer = next((place for place, p in enumerate(rates) if p > 0), 0)
    mask = pairs.mask(layer)
    wide = TILES if len(mask) <= MANY else 2 * TILES
    rows = range(0, len(mask), wide)
    padded = [(mask[i : i + wide] + [math.nan] * wide)[:wide] for i in rows]
    return GridChanged(
        grid="a layer's mask: 0 or 1/(1 − p)",
        rows=tuple(str(i) for i in rows),
        columns=tuple(str(i) for i in range(wide)),
        values=tuple(map(tuple, padded)),
        whole=True,
    )


def book(generator: Generator) -> TableChanged:
    """The book's vector under each of its rates."""
    return TableChanged(
        table="dropout of the book's vector",
        columns=("rate", "first row", "second row"),
        rows=tuple((name, *map(_numbers, x)) for name, x in book_rows(generator)),
    )


def moments(masks: MaskSums) -> TableChanged:
    """Zeros, mean and variance of h·m beside theory, with five sigma of as many draws."""
    p, draws = masks.p, masks.draws
    mean, variance = masks.moments()
    rows = (
        ("zeros", masks.zeros(), p, theory.fraction_tolerance(p, draws)),
        ("mean", mean, theory.mean(HEIGHT, p), theory.mean_tolerance(HEIGHT, p, draws)),
        (
            "variance",
            variance,
            theory.variance(HEIGHT, p),
            theory.variance_tolerance(HEIGHT, p, draws),
        ),
    )
    return TableChanged(
        table=f"a unit h = {HEIGHT:g} under masks",
        columns=(f"{draws:,} draws, p = {p:g}", "measured", "theory", "± 5σ"),
        rows=rows,
    )


def mask_points(masks: MaskSums) -> Iterator[Point]:
    """Mean and variance over what theory says of them, with their five sigma."""
    p, draws = masks.p, masks.draws
    mean, variance = masks.moments()
    yield "masks/theory 1", draws, 1.0
    if p < 1:
        yield "masks/mean ÷ h", draws, mean / HEIGHT
    if 0 < p < 1:
        expected = theory.variance(HEIGHT, p)
        away = {
            "mean": theory.mean_tolerance(HEIGHT, p, draws) / HEIGHT,
            "variance": theory.variance_tolerance(HEIGHT, p, draws) / expected,
        }
        yield "masks/variance ÷ h²p/(1−p)", draws, variance / expected
        for name, sigma in away.items():
            yield f"masks/band {name} low", draws, 1 - sigma
            yield f"masks/band {name} high", draws, 1 + sigma


def law_line(law: Law) -> SeriesExtended:
    """The law, over the rates at which it is measured."""
    last = RATES[-1]
    xs = tuple(last * i / (THEORY_POINTS - 1) for i in range(THEORY_POINTS))
    name = "law/theory RSS + p/(1−p)·Σw²‖X‖²"
    return SeriesExtended(series=name, x=xs, y=tuple(map(law.expected, xs)))


def law_points(law: Law) -> SeriesExtended:
    """The mean losses under the masks drawn so far."""
    return SeriesExtended(
        series="law/points mean loss under masks", x=RATES, y=tuple(law.measured()), afresh=True
    )


def train_mode_points(pairs: Pairs) -> Iterator[Point]:
    """The epoch's averages in train mode, means over the nets of each kind."""
    means = pairs.running()[0].mean(1).tolist()
    for kind, mean in zip(KINDS, means, strict=True):
        yield f"{kind}/{TRAIN_MODE}", pairs.epoch, mean


def look_points(look: Look) -> Iterator[Point]:
    """What was evaluated, means over the nets of each kind, and the difference ± its error."""
    for kind in KINDS:
        for measure in (EVAL_MODE, TEST):
            yield f"{kind}/{measure}", look.epoch, look.of(measure, kind).mean
    apart = look.difference(TEST)
    yield "difference/band none", look.epoch, 0.0
    yield "difference/with − without", look.epoch, apart.mean
    yield "difference/band low", look.epoch, apart.mean - apart.error
    yield "difference/band high", look.epoch, apart.mean + apart.error


def figures(looks: Sequence[Look]) -> TableChanged:
    """Losses in train mode, eval mode and on the test set, and accuracy, mean ± error."""
    look, least = looks[-1], best(looks)
    rows = []
    for place, kind in enumerate(KINDS):
        losses = [look.of(measure, kind) for measure in MEASURES]
        accuracy = look.of(TEST, kind, accuracy=True)
        rows.append(
            (
                f"{kind} dropout",
                *map(spelled, (*losses, spread(least[place]))),
                spelled(accuracy, percent=True),
            )
        )
    apart = [*(look.difference(measure) for measure in MEASURES), spread(least[1] - least[0])]
    gained = look.difference(TEST, accuracy=True)
    rows.append(
        (
            "with − without",
            *(spelled(each, signed=True) for each in apart),
            spelled(gained, signed=True, percent=True),
        )
    )
    return TableChanged(
        table="the nets: mean ± standard error",
        columns=(
            f"epoch {look.epoch}",
            *("loss: train mode", "train, eval mode", "test", "best test so far"),
            "test accuracy %",
        ),
        rows=tuple(rows),
    )


def summary(looks: Sequence[Look], pairs: Pairs, masks: MaskSums) -> str:
    """What came out beside theory, in a sentence."""
    if not looks:
        return "no epoch was trained to its end"
    variance = (
        f"a unit's variance under masks is {masks.moments()[1]:.4f} (theory "
        f"{theory.variance(HEIGHT, masks.p):.4f})"
    )
    return f"{_of_nets(looks, pairs)}; {variance}"


def _of_nets(looks: Sequence[Look], pairs: Pairs) -> str:
    last, nets, epochs = looks[-1], pairs.plan.nets, counted(looks[-1].epoch, "epoch")
    lost = {kind: last.lost(kind) for kind in KINDS}
    if any(lost.values()):
        return (
            f"diverged at rate {pairs.plan.lr:g}: after {epochs} the losses of {lost['with']} of "
            f"{counted(nets, 'net')} with dropout and of {lost['without']} of {nets} without are "
            "no finite numbers, so nothing can be said of the difference: take a smaller lr"
        )
    accuracy = last.difference(TEST, accuracy=True)
    train, evaluated, test = (last.of(measure, "with").mean for measure in MEASURES)
    return (
        f"test loss with less without dropout {spelled(settled(looks), signed=True)} over the last "
        f"quarter of {epochs} ({counted(nets, 'pair')} of nets), accuracy at the end "
        f"{spelled(accuracy, signed=True, percent=True)} points; with dropout the train loss is "
        f"{train:.3f} in train mode and {evaluated:.3f} in eval mode, the test loss {test:.3f}"
    )


def spelled(found: Spread, *, signed: bool = False, percent: bool = False) -> str:
    """``0.251 ± 0.004``, as percent ``78.3 ± 0.2``; without the error of a single net."""
    scale, digits = (100, 1) if percent else (1, 3)
    text = f"{scale * found.mean:{'+' if signed else ''}.{digits}f}"
    return text if math.isnan(found.error) else f"{text} ± {scale * found.error:.{digits}f}"


def _numbers(row: Tensor) -> str:
    return " ".join(f"{value:g}" for value in row.tolist())
