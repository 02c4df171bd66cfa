"""Every activation with its slope, and what is left of the slopes through depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.events import Event, SeriesExtended, TableChanged
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import activation_of, pace_of, seed_of
from engine.rules.activations import ACTIVATIONS
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.slopes import Portrait, SlopeProducts
    from engine.store.checkpoint import Start


class VanishingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which activation goes through depth, at which variance, and how fast it is shown."""

    activation: Annotated[
        str, activation_of("activation drawn last and multiplied through depth")
    ] = "sigmoid"
    q: Annotated[
        float,
        Setting(
            "variance of the pre-activations z ~ N(0, q)",
            ge=1e-6,
            le=1e3,
            key="v",
            ladder=(0.01, 0.1, 0.25, 1.0, 4.0, 16.0, 100.0),
        ),
    ] = 1.0
    depth: Annotated[
        int, Setting("layers", ge=1, le=1_000, key="d", ladder=(5, 10, 20, 50, 100, 200))
    ] = 50
    samples: Annotated[
        int, Setting("random pre-activations, and paths through depth", ge=100, le=1_000_000)
    ] = 20_000
    seed: Annotated[int, seed_of("the samples")] = 0
    pace: Annotated[float, pace_of("activations, then layers,")] = 6.0

    def __post_init__(self) -> None:
        check(self)


def vanish(
    config: VanishingSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """The chapter's figure, all activations one after another, then the chosen one in depth."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.threads import one_thread

    with one_thread():
        yield from _vanishing(config, controls)


def _vanishing(config: VanishingSettings, controls: Controls) -> Iterator[Event]:
    import torch

    from engine.lab import slope_findings
    from engine.lab.slopes import SlopeProducts, portrait
    from engine.training.seeds import generator

    random = generator(config.seed, "initialization")
    normal = torch.randn(config.samples, generator=random, dtype=torch.float64)
    chosen = portrait(ACTIVATIONS[config.activation], config.q, normal)
    # the chosen one comes last, and its curves stay
    order = [a for name, a in ACTIVATIONS.items() if name != config.activation]
    course = Course(controls, len(ACTIVATIONS) + config.depth, pace=config.pace)
    yield begun("vanishing", config)
    yield from _chapter_figure()
    portraits: list[Portrait] = []
    while len(portraits) < len(ACTIVATIONS) and not course.ended:
        drawn = portrait(order.pop(0), config.q, normal) if order else chosen
        portraits.append(drawn)
        yield from _drawn(drawn)
        yield _table(portraits)
        yield from course.step()
    products = SlopeProducts(chosen.activation, config.q, config.samples, random)
    yield from _theory(products, chosen, config.depth)
    living = None
    while products.depth < config.depth and not course.ended:
        products.deepen()
        _points(products, course)
        living = slope_findings.of_living(products) or living
        yield from course.step()
    if not course.ended:
        for finding in slope_findings.of_portraits(portraits, chosen):
            yield claim(**finding)
        for finding in (*slope_findings.of_depth(products), *([living] if living else [])):
            yield claim(**finding)
    yield from course.finished(_summary(products, chosen))


def _chapter_figure() -> Iterator[Event]:
    from engine.lab.slopes import AXIS, gradient

    sigmoid = ACTIVATIONS["sigmoid"]
    yield _curve("sigmoid/sigmoid", AXIS.tolist(), sigmoid.forward(AXIS).tolist())
    yield _curve("sigmoid/gradient", AXIS.tolist(), gradient(sigmoid).tolist())


def _drawn(drawn: Portrait) -> Iterator[Event]:
    from engine.lab.slopes import AXIS

    rule = drawn.activation
    yield TableChanged(
        table="drawn",
        columns=("activation", "φ(z)", "slope", "source"),
        rows=((rule.name, rule.formula, "by rule" if rule.derivative else "learned", rule.source),),
    )
    yield _curve("activation/φ", AXIS.tolist(), drawn.values.tolist())
    yield _curve("activation/φ′", AXIS.tolist(), drawn.slopes.tolist())


def _table(portraits: Sequence[Portrait]) -> TableChanged:
    return TableChanged(
        table="activations",
        columns=("φ", "max |φ′|", "at z", "E φ²", "sampled", "E φ′²", "its sample", "flat where"),
        rows=tuple(
            (
                p.activation.name,
                p.steepest,
                p.steepest_at if math.isfinite(p.steepest_at) else "towards ∞",
                p.value_square.exact,
                p.value_square.sampled,
                p.slope_square.exact,
                p.slope_square.sampled,
                _spelled(p.flat),
            )
            for p in portraits
        ),
    )


def _spelled(flat: Sequence[tuple[float, float]]) -> str:
    parts = []
    for low, high in flat:
        if math.isinf(low) or math.isinf(high):
            parts.append(f"z < {high:.3g}" if math.isinf(low) else f"z > {low:.3g}")
        else:
            parts.append(f"{low:.3g} < z < {high:.3g}")
    return ", ".join(parts) or "nowhere"


def _theory(products: SlopeProducts, chosen: Portrait, depth: int) -> Iterator[Event]:
    law, layers = products.law, [float(layer) for layer in range(depth + 1)]
    log10 = math.log(10)
    root_mean_square = 0.5 * math.log10(chosen.slope_square.exact)
    steepest = math.log10(chosen.steepest)
    yield _curve("depth/theory if all were steepest", layers, [k * steepest for k in layers])
    yield _curve("depth/theory √E φ′²", layers, [k * root_mean_square for k in layers])
    if law.alive == 1:
        mean = [k * law.mean / log10 for k in layers]
        yield _curve("depth/theory E ln φ′", layers, mean)
        for sigmas in (-2, -1, 1, 2):
            spread = [sigmas * math.sqrt(k * law.variance) / log10 for k in layers]
            edge = [m + s for m, s in zip(mean, spread, strict=True)]
            yield _curve(f"depth/band {sigmas:+d}σ", layers, edge)
    yield _curve("alive/theory", layers, [law.alive**k for k in layers])


def _points(products: SlopeProducts, course: Course) -> None:
    names = ("mean", "10 %", "median", "90 %")
    for name, value in zip(names, products.log10(), strict=True):
        if math.isfinite(value):
            course.point(f"depth/{name} of paths", products.depth, value)
    course.point("alive/share of paths", products.depth, products.alive())


def _curve(series: str, x: Sequence[float], y: Sequence[float]) -> SeriesExtended:
    return SeriesExtended(series=series, x=tuple(x), y=tuple(y), afresh=True)


def _summary(products: SlopeProducts, chosen: Portrait) -> str:
    name, depth, law = chosen.activation.name, products.depth, products.law
    if law.alive < 1:
        return (
            f"after {depth} layers of {name} {products.alive():.3g} of the paths are alive "
            f"(theory {law.alive**depth:.3g}), each with slope 1"
        )
    return (
        f"through {depth} layers of {name} the slopes multiply to 10^{products.log10()[0]:.2f} "
        f"(theory 10^{depth * law.mean / math.log(10):.2f}); "
        f"the steepest slope is {chosen.steepest:.5g}"
    )


LESSON = (
    "A gradient that goes back through a layer is multiplied by the slope φ′(z) of each unit. The "
    "sigmoid's slope is at most ¼, at z = 0, and next to nothing beyond |z| = 6: fifty layers "
    "leave 10⁻³⁰ at the very best, and typically less, since the product follows the mean of "
    "ln φ′, not the maximum. The common misunderstanding: that ReLU cures this because its slope "
    "is 1. It is 1 or 0: half of all paths die in every layer, E φ′² is ½, and what is lost must "
    "be made up for by weights of twice the variance (He). Slopes are half of the story; the "
    "weights' gain is the other half, and only χ₁ = σw²·E φ′² says whether gradients vanish."
)

EXPERIMENT = Experiment(
    name="vanishing",
    question="How much of a gradient does an activation let through?",
    config=VanishingSettings,
    run=vanish,
    shows="sigmoid and its gradient, every activation with its slope, slopes through depth",
    lesson=LESSON,
    lasts="10 seconds to watch, 1 at full pace",
    charts=(
        Chart("sigmoid", "The sigmoid and its gradient", "z"),
        Chart("activation", "An activation and its slope", "z"),
        Chart("depth", "Product of slopes through depth", "layers", "log10 ∏ φ′"),
        Chart("alive", "Paths whose slopes are all other than 0", "layers", "share"),
    ),
    checks=(
        VanishingSettings(pace=0.0),
        VanishingSettings(pace=0.0, activation="gelu", q=2.0, depth=20),
        VanishingSettings(pace=0.0, activation="relu", depth=12),
    ),
)
