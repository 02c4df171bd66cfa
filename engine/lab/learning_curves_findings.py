"""What must be so of early stopping, and what is so on few examples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch

from engine.config import RunConfig
from engine.lab.choosing import Choice, mean_error
from engine.lab.finding import Finding
from engine.lab.learning_curves import Trained
from engine.lab.learning_curves_views import gap
from engine.theory.initial_loss import small_logits

DRAWN = ("fashion-mnist", "mnist", "kmnist", "synthetic")
"""Sets of images that no two classes share, and that nobody learns whole from a thousand."""
FEW, FEWEST = 500, 250
SMALL = 0.1  # standard deviation of logits up to which ln C + ½(1 − 1/C)s² is all there is
_ROUNDING = 1e-6
_STOPPING = "the rule: Prechelt 1998, Early stopping - but when?"
_JENSEN = "Jensen: E min ≤ min E"


def of_stopping(runs: Sequence[Trained]) -> Iterator[Finding]:
    """The rule and the restored state, exactly, counted over all nets."""
    counted = {
        "nets whose chosen epoch is not where the validation loss is least": _not_least,
        "nets not stopped right when patience, or the limit of epochs, was reached": _out_of_time,
        "nets whose restored state has another validation loss, in any bit": _not_restored,
    }
    for text, wrong in counted.items():
        yield Finding(
            text=f"{text}, of {len(runs)}",
            measured=float(sum(map(wrong, runs))),
            predicted=0.0,
            tolerance=0.0,
            source=_STOPPING,
        )
    yield Finding(
        text="worst of error − loss/ln 2, all nets, epochs and splits, where above 0",
        measured=max(run.excess for run in runs),
        predicted=0.0,
        tolerance=_ROUNDING,
        source="a wrong answer leaves the label p ≤ ½: a loss of at least ln 2",
    )


def _not_least(run: Trained) -> bool:
    losses = torch.tensor(run.stopping.losses, dtype=torch.float64).nan_to_num(nan=math.inf)
    return not int(losses.argmin()) == run.stopping.best == run.best.epoch


def _out_of_time(run: Trained) -> bool:
    stopping, seen = run.stopping, run.stopping.losses
    patience = stopping.patience or math.inf
    since = [epoch - seen.index(min(seen[: epoch + 1])) for epoch in range(len(seen))]
    early = any(waited >= patience for waited in since[:-1])
    late = since[-1] > patience or stopping.epoch > stopping.limit
    neither = since[-1] < patience and stopping.epoch < stopping.limit
    return math.isfinite(sum(seen)) and (early or late or neither)


def _not_restored(run: Trained) -> bool:
    before, after = run.best.validation, run.restored
    return not (torch.equal(before.losses, after.losses) and torch.equal(before.hits, after.hits))


def of_the_start(
    run: Trained, config: RunConfig, classes: int, second_moment: float
) -> Iterator[Finding]:
    """The loss before the first update, with both layers N(0, σ²) and inputs of E‖x‖² as given.

    A relu's mean square is half of its input's, so logits have σ⁴·width·E‖x‖²/2.
    """
    sigma, width = config.init_std[0], config.hidden[0]
    deviation = sigma**2 * math.sqrt(width * second_moment / 2)
    if config.init != "normal" or not deviation <= SMALL:
        return
    yield Finding(
        text="validation loss before the first update",
        measured=run.first.validation.loss,
        predicted=small_logits(classes, deviation),
        tolerance=5 * deviation,
        source="ln C + ½(1 − 1/C)s²; five sigma of a label's mean logit",
    )


def of_few(runs: Sequence[Trained], config: RunConfig, data: str) -> Iterator[Finding]:
    """That nets fit few examples more closely than they know others, where they must.

    Said of nets that are wide enough, at a rate at which the loss does not leap, and far enough on.
    """
    plain = not any(config.dropout) and config.weight_decay <= 1e-3 and config.lr <= 0.05
    able = config.hidden[0] >= 64 and len(runs[0].restored.losses) >= 1000 and data in DRAWN
    few = [run for run in runs if run.n <= FEW and _travelled(run, config) >= 10]
    if not (plain and able and few):
        return
    yield Finding(
        text=f"nets on ≤ {FEW:,} examples, {len(few)} of them, that end with a train loss less "
        "than five sigma below validation",
        measured=float(sum(gap(run.last) <= 5 * _gap_error(run) for run in few)),
        predicted=0.0,
        tolerance=0.0,
        source="the train loss is what was minimized; sigma of both means",
    )
    learned = [run for run in few if run.n <= FEWEST and _travelled(run, config) >= 60]
    if learned and not config.weight_decay and config.hidden[0] >= 128:
        yield Finding(
            text=f"least train accuracy of {len(learned)} nets on ≤ {FEWEST} examples",
            measured=min(run.last.train.accuracy for run in learned),
            predicted=1.0,
            tolerance=0.0,
            source="more parameters than examples, and time: Zhang et al. 2017",
        )


def _travelled(run: Trained, config: RunConfig) -> float:
    """The rates of all updates together."""
    return config.lr * run.stopping.epoch * run.per_epoch


def _gap_error(run: Trained) -> float:
    return math.hypot(run.last.train.loss_error, run.last.validation.loss_error)


def of_choosing(choices: Sequence[Choice], least: float) -> Iterator[Finding]:
    """On average the chosen epoch's own score flatters it, and fresh examples do not."""
    if not choices:
        return
    smallest = choices[0]
    sides = (
        ("score of the chosen epoch above", mean_error(smallest.score), 1),
        ("fresh loss of the chosen epoch below", mean_error(smallest.fresh), -1),
    )
    for text, (mean, error), sign in sides:
        yield Finding(
            text=f"{text} the least loss on all, {smallest.size} examples choosing",
            measured=max(0.0, sign * (mean - least)),
            predicted=0.0,
            tolerance=5 * error,
            source=f"{_JENSEN}; five sigma of {len(smallest.score)} draws",
        )
