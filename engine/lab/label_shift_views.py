"""What the label-shift experiment draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.events import Bars, BarsChanged, GridChanged, SeriesExtended, TableChanged
from engine.lab.label_shift import BAR
from engine.lab.label_shift_cases import Case, Outcome
from engine.theory import label_shift as theory

_POINTS = 40  # of a line of theory
SERIES = ("error/estimate", "error/naive", "accuracy/corrected", "accuracy/as it is")


def confusion_grid(case: Case, classes: Sequence[str]) -> GridChanged:
    """C of the pool: each column is what becomes of one class."""
    matrix = case.pool.matrix
    return GridChanged(
        grid="C: share of each label (column) that is predicted as (row)",
        rows=tuple(classes),
        columns=tuple(classes),
        values=tuple(map(tuple, matrix.tolist())),
        cells=tuple(tuple(f"{100 * v:.0f}" for v in row) for row in matrix.tolist()),
    )


def bars(found: Outcome, classes: Sequence[str]) -> BarsChanged:
    """p(y) by class: the truth, one target's estimate with its 95 % bars, predicted shares."""
    trials = found.trials
    estimate, reach = trials.estimate[0], BAR * trials.std[0]
    return BarsChanged(
        bars="p(y) of the target",
        labels=tuple(classes),
        groups=(
            Bars("true", _plain(found.case.p)),
            Bars("estimated", _plain(estimate), _plain(estimate - reach), _plain(estimate + reach)),
            Bars("naive", _plain(trials.naive[0])),
        ),
        y="share, bars rough" if found.rough else "share",
    )


def theory_curves(case: Case, ladder: Sequence[int]) -> Iterator[SeriesExtended]:
    """Expected errors over log₁₀ m: of both ways, and of the estimate if C were known exactly."""
    low, high = math.log10(min(ladder)), math.log10(max(ladder))
    x = [low + (high - low) * i / (_POINTS - 1) for i in range(_POINTS)]
    matrix, held = case.pool.matrix, case.pool.held.double()
    known = torch.full_like(held, math.inf)
    curves = {
        "theory estimate": [theory.estimated_error(matrix, case.p, 10**m, held) for m in x],
        "theory with C known, 1/√m": [
            theory.estimated_error(matrix, case.p, 10**m, known) for m in x
        ],
        "theory naive": [theory.naive_error(matrix, case.p, 10**m) for m in x],
    }
    for name, y in curves.items():
        yield SeriesExtended(series=f"error/{name}", x=tuple(x), y=tuple(y), afresh=True)


def accuracy_lines(found: Outcome, ladder: Sequence[int]) -> Iterator[SeriesExtended]:
    """What does not depend on m: the classifier as it is by its recalls, and the oracle's."""
    ends = (math.log10(min(ladder)), math.log10(max(ladder)))
    law = theory.accuracy(found.case.pool.matrix, found.case.p)
    lines = [("theory as it is", law)]
    if not found.unseen:
        lines.append(("theory true p known", found.oracle))
    for name, y in lines:
        yield SeriesExtended(series=f"accuracy/{name}", x=ends, y=(y, y), afresh=True)


def points(found: Outcome) -> dict[str, float]:
    """The means over trials, by series; NaN where there is no estimate."""
    values = (
        found.estimate_error if found.singular <= 0.5 else math.nan,
        found.naive_error,
        found.after,
        float(found.trials.correct.mean()),
    )
    return dict(zip(SERIES, values, strict=True))


def readings(found: Outcome, classes: Sequence[str]) -> TableChanged:
    """One target's estimate with C read rightly and as a joint share."""
    case, trials = found.case, found.trials
    estimate = trials.estimate[0]
    weight = joint_reading(found)[0]
    reach = BAR * trials.std[0]
    rows: list[tuple[str | float, ...]] = [
        (name, f"{p:.3f}", _known(e, f"{e:.3f} ± {r:.3f}"), f"{n:.3f}", _known(w, f"{w:.2f}"))
        for name, p, e, r, n, w in zip(
            classes,
            *(t.tolist() for t in (case.p, estimate, reach, trials.naive[0], weight)),
            strict=True,
        )
    ]
    p, e, n, w = (float(t.sum()) for t in (case.p, estimate, trials.naive[0], weight))
    rows.append(("sum", f"{p:.3f}", _known(e, f"{e:.3f}"), f"{n:.3f}", _known(w, f"{w:.2f}")))
    return TableChanged(
        table="p(y) of one target",
        columns=(
            "class",
            "true p",
            "estimate, rough 95 %" if found.rough else "estimate, 95 %",
            "naive",
            "C read as joint: p/q",
        ),
        rows=tuple(rows),
    )


def joint_reading(found: Outcome) -> Tensor:
    """What comes of every trial's target if C is read as P(ŷ, y): weights p/q, [R, K]."""
    held = found.case.pool.held.double()
    return theory.solve(found.trials.matrix * (held / held.sum()), found.trials.naive)


def cases_table(outcomes: Sequence[Outcome]) -> TableChanged:
    """Where the correction helps and where it hurts."""
    return TableChanged(
        table="when the correction helps, and when it hurts",
        columns=(
            "target",
            "the correction",  # what the table is for, where a narrow screen shows it
            "accuracy",
            "corrected",
            "p known",
            "m",
            "cond C",
            "L1 naive",
            "L1 estimate",
        ),
        rows=tuple(_row(found) for found in outcomes),
    )


def _known(value: float, told: str) -> str:
    return told if math.isfinite(value) else "none"


def _row(found: Outcome) -> tuple[str | float, ...]:
    typical = found.typical_error if found.singular <= 0.5 else math.nan
    accuracies = (found.before, found.after, found.oracle)
    return (
        found.case.name,
        verdict(found),
        *(f"{accuracy:.3f}" for accuracy in accuracies),
        f"{found.case.m:,}",
        _condition(found),
        f"{found.naive_error:.3f}",
        _known(typical, f"{typical:.3f}"),
    )


def _condition(found: Outcome) -> str:
    size = f"{found.condition:.3g}" if math.isfinite(found.condition) else "∞"
    return f"{size}, {100 * found.singular:.0f} % singular" if found.singular else size


def verdict(found: Outcome) -> str:
    """What the correction did to the accuracy, in words, or why there is none."""
    if found.missing:
        return found.missing
    gain = 100 * (found.after - found.before)
    word = "helps" if gain > 0 else "hurts"
    return f"{word}, {gain:+.1f} points" if abs(gain) >= 0.05 else "changes nothing"


def _plain(values: Tensor) -> tuple[float, ...]:
    return tuple(values.tolist())
