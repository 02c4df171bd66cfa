"""Multiply random matrices until the numbers run out: why deep products explode."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.explosion import Explosion, Plan
    from engine.store.checkpoint import Start

MOST_NUMBERS = 2**24  # of all seeds' matrices together: 128 MiB in float64
DRAWN_POINTS = 2_000


class ExplosionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is multiplied, in which numbers, and how fast it is shown."""

    n: Annotated[
        int, Setting("rows of a factor", ge=1, le=256, key="n", ladder=(1, 2, 3, 4, 8, 16, 32, 64))
    ] = 4
    sigma: Annotated[
        float,
        Setting(
            "standard deviation of an entry (orthogonal: scale of the factor)",
            ge=1e-6,
            le=1e6,
            key="g",
            ladder=(0.25, 0.4, 0.5, 0.57237, 0.75, 1.0, 1.5, 2.0),
        ),
    ] = 1.0
    factors: Annotated[
        int,
        Setting(
            "matrices in the product, the first one included; "
            "the chapter's loop of 100 multiplies 101",
            ge=1,
            le=10_000,
            key="f",
            ladder=(20, 50, 100, 101, 200, 500, 1000),
        ),
    ] = 100
    seeds: Annotated[
        int,
        Setting("products made at once", ge=1, le=10_000, key="u", ladder=(1, 10, 100, 400, 1000)),
    ] = 400
    entries: Annotated[
        str,
        Setting(
            "law of the entries; ginibre is complex Gaussian",
            choices=("gaussian", "uniform", "orthogonal", "ginibre"),
            key="t",
        ),
    ] = "gaussian"
    dtype: Annotated[
        str,
        Setting(
            "numbers that the matrix on screen is multiplied in; scaled never overflows",
            choices=("scaled", "float64", "float32", "bfloat16", "float16"),
            key="d",
        ),
    ] = "scaled"
    seed: Annotated[int, seed_of("the first generator")] = 0
    pace: Annotated[float, pace_of("factors")] = 15.0

    def __post_init__(self) -> None:
        check(self)
        if self.seeds * self.n**2 > MOST_NUMBERS:
            raise BadInput(
                f"seeds = {self.seeds} matrices of n = {self.n} are more than the "
                f"{MOST_NUMBERS:,} numbers kept at once: take fewer seeds or a smaller n"
            )


def explode(
    config: ExplosionSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """The products of all seeds, factor by factor, then each dtype until it is lost."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.threads import one_thread

    with one_thread():
        yield from _exploding(config, controls)


def _exploding(config: ExplosionSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import product_curves, product_findings, product_tables
    from engine.lab.explosion import Explosion, Plan
    from engine.training.seeds import generator

    plan = Plan(config.entries, config.n, config.sigma, config.factors, config.seeds, config.dtype)
    explosion = Explosion(plan, generator(config.seed, "initialization"))
    chunks = max(0, math.ceil((plan.until_lost - plan.factors) / plan.at_once))
    course = Course(controls, plan.factors + chunks, pace=config.pace)
    yield begun("explosion", config)
    yield from product_curves.theory(plan)
    every = max(1, plan.factors // DRAWN_POINTS)
    while explosion.factors < plan.factors and not course.ended:
        explosion.multiply()
        if explosion.factors % every == 0 or explosion.factors == plan.factors:
            _points(explosion, course, product_curves.drawn(plan.n))
        if config.pace or explosion.factors % max(1, plan.factors // 50) == 0:
            yield product_tables.matrix(explosion)
        yield from course.step()
    if explosion.factors:
        yield product_tables.matrix(explosion)
        yield product_tables.spectrum(explosion)
        yield product_tables.critical(explosion)
        yield product_tables.chapter(explosion)
    while not course.ended and course.done < course.total and not explosion.ranges.lost:
        for _ in range(plan.at_once):
            explosion.multiply_ranges()
        yield product_tables.ends(explosion)
        yield from course.step()
    yield product_tables.ends(explosion)
    if not course.ended:
        course.total = course.done
        for finding in product_findings.findings(explosion):
            yield claim(**finding)
    yield from course.finished(_summary(explosion))


def _points(explosion: Explosion, course: Course, drawn: tuple[int, ...]) -> None:
    import torch

    plan, k = explosion.plan, explosion.factors
    log10 = explosion.products.log_largest() / math.log(10)
    course.point("growth/seed 1", k, float(log10[0]))
    if plan.seeds > 1:
        shares = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
        for name, value in zip(
            ("10 %", "median", "90 %"), torch.quantile(log10, shares).tolist(), strict=True
        ):
            course.point(f"growth/{name} of seeds", k, value)
    if plan.dtype != "scaled":
        largest = float(explosion.shown().abs().amax())
        if math.isfinite(largest) and largest > 0:
            course.point(f"growth/seed 1 in {plan.dtype}", k, math.log10(largest))
    for i, ratio in enumerate(explosion.parted(6), start=2):
        if not math.isnan(ratio):
            course.point(f"singular/σ{i}", k, ratio)
    exponents = explosion.frames.exponents().tolist()
    for i in drawn:
        course.point(f"spectrum/λ{i}", k, exponents[i - 1])


def _summary(explosion: Explosion) -> str:
    from engine.theory.product_laws import largest_entry

    plan: Plan = explosion.plan
    if not explosion.factors:
        return "nothing was multiplied"
    law = largest_entry(plan.entries, plan.n, plan.sigma, explosion.factors)
    reached = float(explosion.products.log_largest()[0]) / math.log(10)
    grown = float(explosion.growth().mean())
    return (
        f"after {explosion.factors} factors the first seed's largest entry is 10^{reached:.2f} "
        f"(theory 10^({law.log10_mean:.2f} ± {law.log10_deviation:.2f})); ln|M| gains "
        f"{grown:.5f} per factor, beside λ₁ = "
        f"{plan.ensemble.exponents(plan.n, plan.sigma)[0]:.5f}"
    )


LESSON = (
    "A deep network multiplies one matrix per layer. Products of random matrices do not hover "
    "around a size: their logarithm grows by the top Lyapunov exponent λ₁ per factor, so the size "
    "itself explodes or vanishes geometrically, and only one critical σ is in between. The "
    "product also forgets all directions but one: its singular values part until it is of rank "
    "one. The common misunderstanding: σ = 1/√n is said to preserve the variance, and so it "
    "does, on average over draws, an average that rare giants hold up. The typical draw "
    "shrinks, by .135 per factor for n = 4: average the logarithms. And the chapter's "
    "10²³ is no bad luck but an ordinary draw: the first matrix and a loop of 100 make 101."
)

EXPERIMENT = Experiment(
    name="explosion",
    question="Why does a product of many random matrices explode?",
    config=ExplosionSettings,
    run=explode,
    shows="the product ticking, its size along the theory line, singular values parting",
    lesson=LESSON,
    lasts="10 seconds to watch, 2 at full pace",
    charts=(
        Chart("growth", "Largest entry of the product", "factors", "log10 max|M|"),
        Chart("singular", "Singular values over the largest", "factors", "log10 σᵢ/σ₁"),
        Chart("spectrum", "Growth per factor, all directions", "factors", "λᵢ"),
    ),
    checks=(
        ExplosionSettings(pace=0.0),
        ExplosionSettings(pace=0.0, entries="ginibre", n=3, seeds=200),
        ExplosionSettings(pace=0.0, entries="orthogonal", sigma=2.0, factors=60, seeds=50),
        ExplosionSettings(pace=0.0, n=16, sigma=0.5, factors=120, seeds=64, dtype="float32"),
    ),
)
