"""How a run ended, in a sentence."""

from __future__ import annotations

from engine.events import EpochFinished
from engine.training.microscope import Finding


def completed(steps: int, steps_per_epoch: int, seconds: float, last: EpochFinished | None) -> str:
    """``10 epochs, 2,350 steps in 2.9 s; train loss 0.384, test accuracy 84.6 %``."""
    epochs = -(-steps // steps_per_epoch)
    passes = f"{epochs:,} epoch{'s' * (epochs != 1)}"
    text = f"{passes}, {steps:,} step{'s' * (steps != 1)} in {seconds:.1f} s"
    if last is None:
        return text
    return (
        f"{text}; train loss {last.train_loss:.3f}, test accuracy {100 * last.test_accuracy:.1f} %"
    )


def stopped(step: int, interrupted: bool) -> str:
    """``stopped at step 1,203 by request``."""
    return (
        f"interrupted at step {step:,}" if interrupted else f"stopped at step {step:,} by request"
    )


def diverged(finding: Finding) -> str:
    """``step 812: logits is the first tensor that is not finite (NaN in 37 of 2,560 …)``."""
    name, _, figures = finding.what.partition(" (")
    return f"step {finding.step:,}: {name} is the first tensor that is not finite ({figures}"
