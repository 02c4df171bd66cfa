"""Early stopping and learning curves as curves and tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, stdev

import torch

from engine.events import SeriesExtended, TableChanged
from engine.lab.choosing import Choice, mean_error
from engine.lab.learning_curves import Look, Scores, Trained, Trainee
from engine.lab.power_law import PowerLaw, fitted

BAND = 2  # standard errors to either side
GRID = 41  # points of the drawn power law
Point = tuple[str, float, float]


def look_points(look: Look) -> Iterator[Point]:
    """What one epoch adds to the curves over epochs."""
    loss, accuracy = look.running
    held = look.validation
    values = (
        ("loss/train", look.train.loss),
        ("loss/running", loss),
        ("loss/validation", held.loss),
        ("accuracy/train", look.train.accuracy),
        ("accuracy/running", accuracy),
        ("accuracy/validation", held.accuracy),
        ("accuracy/band low", held.accuracy - BAND * held.accuracy_error),
        ("accuracy/band high", held.accuracy + BAND * held.accuracy_error),
    )
    for series, value in values:
        if math.isfinite(value):
            yield series, look.epoch, value


def best_so_far(trainee: Trainee) -> Iterator[SeriesExtended]:
    """The mark at the best epoch."""
    best = trainee.best.validation
    for series, value in (("loss", best.loss), ("accuracy", best.accuracy)):
        if math.isfinite(value):
            yield _curve(f"{series}/best epoch", [float(trainee.best.epoch)], [value])


def verdict(trainee: Trainee, done: Trained | None = None) -> TableChanged:
    """The best epoch beside the last one; test accuracies once training is over."""
    stopping = trainee.stopping
    test = (done.best_test, done.last_test) if done else (None, None)
    rows = (("best", trainee.best, test[0]), ("last", trainee.last, test[1]))
    return TableChanged(
        table=f"the net on {trainee.n:,} examples",
        columns=("epoch", "", "train loss", "validation", "accuracy", "test", "accuracy"),
        rows=tuple(
            (
                name,
                look.epoch,
                _known(look.train.loss),
                _known(look.validation.loss),
                share(look.validation),
                _known(tested.loss) if tested else "closed",
                share(tested) if tested else ("" if stopping.over else "until the end"),
            )
            for name, look, tested in rows
        ),
    )


def share(scores: Scores) -> str:
    """An accuracy with its standard error."""
    return f"{scores.accuracy:.4f} ± {scores.accuracy_error:.4f}"


def ladder(runs: Sequence[Trained]) -> Iterator[SeriesExtended | TableChanged]:
    """The learning curves over n: means over the runs of each size, and the power law."""
    sizes = by_size(runs)
    x = [math.log10(n) for n in sizes]
    for series, value in _CURVES.items():
        points = [
            (at, y)
            for at, some in zip(x, sizes.values(), strict=True)
            if (y := fmean(map(value, some))) > 0 and math.isfinite(y)
        ]
        yield _curve(series, [p[0] for p in points], [p[1] for p in points])
    law = power_law(runs)
    if law:
        ends = math.log10(min(sizes)), math.log10(max(sizes))
        grid = torch.linspace(*ends, GRID, dtype=torch.float64).tolist()
        yield _curve("learning/power law, fitted", grid, [law.at(10**at) for at in grid])
    yield _table(sizes)


def by_size(runs: Sequence[Trained]) -> dict[int, list[Trained]]:
    """The runs of each n, the smallest n first."""
    found = defaultdict(list)
    for run in runs:
        found[run.n].append(run)
    return {n: found[n] for n in sorted(found)}


def power_law(runs: Sequence[Trained]) -> PowerLaw | None:
    """The law through the test errors at the best epochs."""
    points = [(run.n, 1 - run.best_test.accuracy) for run in runs]
    return fitted(points, len(runs[0].best_test.hits)) if runs else None


def chosen(choices: Sequence[Choice], least: float) -> Iterator[SeriesExtended | TableChanged]:
    """What fewer validation examples would have chosen, over their number."""
    x = [math.log10(choice.size) for choice in choices]
    if not x:
        return
    yield _curve("choosing/theory between them", [x[0], x[-1]], [least, least])
    yield _curve("choosing/fresh examples", x, [mean_error(c.fresh)[0] for c in choices])
    yield _curve("choosing/those that chose", x, [mean_error(c.score)[0] for c in choices])
    yield TableChanged(
        table="the chosen epoch's loss, by what chose it",
        columns=("examples", "on themselves", "on fresh ones", "optimism", "±"),
        rows=tuple(
            (
                choice.size,
                mean_error(choice.score)[0],
                mean_error(choice.fresh)[0],
                *mean_error(choice.fresh - choice.score),
            )
            for choice in choices
        ),
    )


def _error(scores: Scores) -> float:
    return 1 - scores.accuracy


def _band(sign: int) -> Callable[[Trained], float]:
    return lambda run: _error(run.best_test) + sign * BAND * run.best_test.accuracy_error


def gap(look: Look) -> float:
    """Validation loss less train loss, both in eval mode."""
    return look.validation.loss - look.train.loss


_CURVES: dict[str, Callable[[Trained], float]] = {
    "learning/band low": _band(-1),
    "learning/band high": _band(+1),
    "learning/test at the best epoch": lambda run: _error(run.best_test),
    "learning/test at the last epoch": lambda run: _error(run.last_test),
    "gap/at the best epoch": lambda run: gap(run.best),
    "gap/at the last epoch": lambda run: gap(run.last),
    "moves/epochs": lambda run: float(run.stopping.best),
    "moves/updates": lambda run: float(run.updates),
}


def _table(sizes: dict[int, list[Trained]]) -> TableChanged:
    return TableChanged(
        table="learning curves",
        columns=(
            *("n", "runs", "best epoch", "updates", "train loss", "validation", "gap"),
            *("test accuracy", "±", "last", "gain", "± "),
        ),
        rows=tuple(_row(n, runs) for n, runs in sizes.items()),
    )


def _row(n: int, runs: Sequence[Trained]) -> tuple[str | float, ...]:
    def mean(value: Callable[[Trained], float]) -> float:
        return fmean(map(value, runs))

    return (
        n,
        len(runs),
        mean(lambda run: run.stopping.best),
        mean(lambda run: run.updates),
        mean(lambda run: run.best.train.loss),
        mean(lambda run: run.best.validation.loss),
        mean(lambda run: gap(run.best)),
        mean(lambda run: run.best_test.accuracy),
        mean(lambda run: run.best_test.accuracy_error),
        mean(lambda run: run.last_test.accuracy),
        *mean_gain(runs),
    )


def mean_gain(runs: Sequence[Trained]) -> tuple[float, float]:
    """What stopping early gained in test accuracy, and its standard error: by the spread of the
    runs or by the number of test examples, whichever is more."""
    gains, errors = zip(*(run.gain for run in runs), strict=True)
    counted = math.hypot(*errors) / len(runs)
    if len(runs) == 1:
        return gains[0], counted
    return fmean(gains), max(counted, stdev(gains) / math.sqrt(len(runs)))


def _known(value: float) -> str | float:
    return value if math.isfinite(value) else "not finite"


def _curve(series: str, x: Sequence[float], y: Sequence[float]) -> SeriesExtended:
    return SeriesExtended(series=series, x=tuple(x), y=tuple(y), afresh=True)
