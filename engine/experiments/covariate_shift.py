"""The inputs have moved: does weighting the training examples help, and would one notice?"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.controls import Controls
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.covariate_settings import DEGREES, FUNCTIONS, CovariateShiftSettings

if TYPE_CHECKING:
    from torch import Generator

    from engine.lab.covariate import Draws, Look, Plan
    from engine.lab.covariate_power import Alarms, Watch
    from engine.store.checkpoint import Start
    from engine.theory.importance import Shift


def move(
    config: CovariateShiftSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """The target leaves the source; then clips, the detector's power, and the claims."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.covariate import Draws, Plan
    from engine.lab.threads import one_thread
    from engine.training.seeds import generator

    with one_thread():
        plan = Plan(
            coefficients=FUNCTIONS[config.function],
            noise=config.noise,
            n=config.n,
            m=config.m,
            runs=config.seeds,
            weights=config.weights,
            degree=DEGREES[config.features],
            clip=config.clip or math.inf,
        )
        random = generator(config.seed, "sampling")
        draws = Draws(plan, random)
        yield begun("covariate-shift", config)
        yield from _moving(config, plan, draws, random, controls)


def _moving(
    config: CovariateShiftSettings,
    plan: Plan,
    draws: Draws,
    random: Generator,
    controls: Controls,
) -> Iterator[Event]:
    from engine.lab import covariate_tables as tables
    from engine.lab import covariate_views as views
    from engine.lab.covariate import look
    from engine.lab.covariate_clip import CLIPS
    from engine.lab.covariate_findings import findings
    from engine.lab.covariate_power import SIZES, Watch

    path = _path(config)
    goal = path[1.0]
    course = Course(controls, len(path) + len(CLIPS) + len(SIZES), pace=config.pace)
    yield from _warnings(plan, goal)
    yield from views.theory_curves(plan, path)
    unmoved = seen = look(plan, draws, path[0.0])
    for share, shift in path.items():
        seen = look(plan, draws, shift, seen.coefficients) if share else unmoved
        yield from views.drawn(plan, seen, goal)
        yield tables.lines(plan, seen)
        yield tables.weights(plan, seen)
        for series, value in views.progress(plan, seen):
            course.point(series, share, value)
        yield from course.step()
        if course.ended:
            break
    if not course.ended:
        yield from _clips(plan, seen, course)
    if not course.ended:
        alarms = yield from _power(Watch(plan.degree, random), goal, course)
        if alarms is not None:
            for finding in findings(plan, unmoved, seen, alarms):
                yield claim(**finding)
    yield from course.finished(tables.summary(plan, seen))


def _path(config: CovariateShiftSettings) -> dict[float, Shift]:
    """The shift at each stop, by the share of the way: from none at 0 to the set one at 1."""
    from engine.theory.importance import Shift

    shares = [k / config.stops for k in range(config.stops + 1)]
    return {t: Shift(config.mean * t, 1 + (config.std - 1) * t) for t in shares}


def _warnings(plan: Plan, goal: Shift) -> Iterator[Event]:
    if plan.power and math.isinf(plan.clip) and math.isinf(goal.moment(2)):
        yield Noted(
            text=f"std {goal.std:g} ≥ √2: E β² is infinite, ESS/n goes to 0 and the weighted fit "
            "has no variance to speak of; clip the weights",
            level="warning",
        )
    if not plan.specified(goal):
        yield Noted(
            text="with std ≠ 1, ln β has an x² that a linear classifier cannot express",
            level="warning",
        )


def _clips(plan: Plan, seen: Look, course: Course) -> Iterator[Event]:
    """The excess over the largest weight allowed."""
    from engine.lab.covariate_clip import CLIPS, clip_at, predicted_excess

    for clip in CLIPS:
        at, x = clip_at(plan, seen, clip), math.log10(clip)
        course.point("clip/theory excess, true β", x, predicted_excess(plan, seen.shift, clip))
        course.point("clip/excess", x, at.excess)
        course.point("clip/bias²", x, at.bias)
        course.point("clip/variance", x, at.variance)
        yield from course.step()
        if course.ended:
            return


def _power(watch: Watch, goal: Shift, course: Course) -> Steps[Event, None, Alarms | None]:
    """How often the detector notices, over the number of examples.

    Returns the alarms of the most examples; None when somebody asked for the end before.
    """
    from engine.lab.covariate_power import LEVEL, SIZES
    from engine.theory.importance_detector import noticed

    alarms: Alarms | None = None
    for size in SIZES:
        alarms, x = watch.alarms(goal, size), math.log2(size)
        course.point("power/theory best rule", x, noticed(goal, size // 2, LEVEL))
        course.point("power/theory level", x, LEVEL)
        course.point("power/noticed", x, alarms.power)
        course.point("power/false alarms", x, alarms.false_rate)
        yield from course.step()
        if course.ended:
            return None
    return alarms


LESSON = (
    "The inputs have moved; the rule that gives the labels has not. Weighting each training "
    "example by β = target density / source density turns averages over the source into averages "
    "over the target. Nobody is told β, but a classifier that tells source from target knows it: "
    "β = exp(h)·n/m, with its logit h. For a model that is too simple, as a line for x³ − x, this "
    "moves the fit to where it will be used. The common misunderstanding: weight whenever inputs "
    "have moved. Where the model can express the truth (turn the function to line) the unweighted "
    "fit is right everywhere already, and weights only throw examples away: of n about n·e^(−μ²) "
    "are left, and the variance grows whatever the weights (Gauss and Markov). A classifier that "
    "cannot express ln β (features linear, std not 1) can do worse than no weights. From std² = 2 "
    "on E β² is infinite and a few examples have all the weight; clipping at c gives up some bias "
    "for much variance. Two traps: without n/m weights are off by a factor, which moves no fit "
    "but moves the clip; and a detector must be judged on held-out examples, against a coin's .50."
)

EXPERIMENT = Experiment(
    name="covariate-shift",
    question="The inputs have moved: do weights help, and would one notice?",
    config=CovariateShiftSettings,
    run=move,
    shows="lines, weights and bars while the target leaves the source; clipping; a detector",
    lesson=LESSON,
    lasts="7 seconds to watch, 2 at full pace",
    charts=(
        Chart("fit", "One run: examples and lines", "x", "y"),
        Chart("mse", "Target MSE, mean of the runs", "share of the shift"),
        Chart("weights", "One run's weights, log10", "log10 of β", "β̂ over β"),
        Chart("notice", "Detector's accuracy; ESS/n", "share of the shift"),
        Chart("clip", "MSE over the best line's", "log10 of the largest weight", log=True),
        Chart("power", "How often a shift is noticed", "log2 of examples per domain"),
    ),
    checks=(
        CovariateShiftSettings(pace=0.0, stops=2),
        CovariateShiftSettings(
            pace=0.0, stops=2, function="square", std=1.0, weights="true", n=3000, seeds=60
        ),
        CovariateShiftSettings(
            pace=0.0, stops=2, function="line", std=1.0, noise=1.0, n=200, m=200, seeds=200
        ),
        CovariateShiftSettings(
            pace=0.0, stops=2, mean=0.5, std=1.5, weights="true", clip=5.0, n=500, seeds=100
        ),
        CovariateShiftSettings(pace=0.0, stops=1, mean=0.0, std=1.0, n=500, weights="none"),
    ),
)
