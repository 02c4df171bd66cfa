"""What the nets of the dropout experiment must show, whatever they have learned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from engine.lab.dropout_findings import LEAST
from engine.lab.dropout_nets import EVAL_MODE, KINDS, TEST, Look, Pairs
from engine.lab.dropout_recount import left_out, recounted
from engine.lab.finding import Finding
from engine.theory import dropout as theory

_DROPPED = "the definition: a unit is dropped with probability p"
_ROUNDED = "the same sums in float64; rounding within 5√n·u: Higham and Mary 2019"


def of_passes(pairs: Pairs, rates: tuple[float, float]) -> Iterator[Finding]:
    """What each layer left out of the last minibatch, where enough units were active."""
    for layer, p in enumerate(rates):
        name = pairs.stack.names[layer]
        for kind, rate in zip(KINDS, (0.0, p), strict=True):
            found = left_out(pairs, layer, dropped=kind == "with")
            if found.units * (min(rate, 1 - rate) if 0 < rate < 1 else 1) < LEAST:
                continue
            yield Finding(
                text=f"{name} of the nets {kind} dropout: part left out of {found.units:,} units",
                measured=found.fraction,
                predicted=rate,
                tolerance=theory.fraction_tolerance(rate, found.units),
                source=_DROPPED if kind == "with" else "no mask",
            )


def of_figures(pairs: Pairs, last: Look) -> Iterator[Finding]:
    """The last look at the first net with dropout, where its numbers are finite."""
    splits: tuple[tuple[str, Literal["train", "test"]], ...]
    splits = ((EVAL_MODE, "train"), (TEST, "test"))
    for measure, split in splits:
        loss, accuracy = last.measured[measure][:, KINDS.index("with"), 0].tolist()
        if not math.isfinite(loss):
            continue
        again = recounted(pairs, split)
        for name, measured, predicted, error in (
            ("loss", loss, again.loss, again.loss_error),
            ("accuracy", accuracy, again.accuracy, again.accuracy_error),
        ):
            yield Finding(
                text=f"first net with dropout: {split} {name} in eval mode",
                measured=measured,
                predicted=predicted,
                tolerance=error,
                source=_ROUNDED,
            )
