"""A block that went wrong, replayed step by step to find the first tensor that is not finite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.training.stepper import Snapshot, Stepper


@dataclass(frozen=True)
class Finding:
    """The first step in which something was not finite, and what it was."""

    step: int
    what: str


class _FirstNonFinite:
    """A watch that remembers the first tensor with an entry that is not finite."""

    def __init__(self) -> None:
        self.what = ""

    def __call__(self, name: str, tensor: Tensor) -> None:
        if not self.what and not bool(tensor.isfinite().all()):
            self.what = _described(name, tensor)


def replay(
    stepper: Stepper, start: Snapshot, first_step: int, rates: Sequence[float]
) -> Finding | None:
    """Repeat the steps from `start` on, bit for bit, and look at every tensor on the way.

    Afterwards the stepper is in the state before the step that was found; or, when everything
    was finite, in the state after the last step.
    """
    start.restore()
    before = Snapshot(stepper)
    for slot, lr in enumerate(rates):
        before.take()
        watch = _FirstNonFinite()
        stepper.advance(first_step + slot, lr, slot, watch=watch)
        watch("the mean loss", stepper.meter.read(slot + 1)[0, slot])
        if watch.what:
            before.restore()
            return Finding(first_step + slot, watch.what)
    return None


def _described(name: str, tensor: Tensor) -> str:
    finite = tensor.isfinite()
    bad = tensor.numel() - int(finite.sum())
    kinds = [
        kind
        for kind, count in (("NaN", tensor.isnan().sum()), ("Inf", tensor.isinf().sum()))
        if int(count)
    ]
    largest = torch.where(finite, tensor, 0.0).abs().max() if bad < tensor.numel() else None
    rest = "" if largest is None else f"; largest finite magnitude {float(largest):.3g}"
    return f"{name} ({' and '.join(kinds)} in {bad:,} of {tensor.numel():,} entries{rest})"
