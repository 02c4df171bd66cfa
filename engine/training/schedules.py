"""Learning-rate schedules as one pure function of the step."""

from __future__ import annotations

import math

from engine.config import RunConfig


def learning_rate(
    base: float, step: int, config: RunConfig, steps_per_epoch: int, total_steps: int
) -> float:
    """The rate of update `step` (counted from 1) when the base rate is `base`.

    In the first `warmup_steps` the rate rises linearly to its full value, which update
    `warmup_steps` is the first to use. ``step`` multiplies it by `decay_factor` after every
    `decay_epochs` epochs; ``cosine`` follows half a cosine from the end of the warm-up to 0 right
    after `total_steps` (Loshchilov and Hutter 2017, equation 5, without restarts).
    """
    warmup = config.warmup_steps
    if step <= warmup:
        return base * step / warmup
    if config.schedule == "step":
        drops = (step - 1) // (config.decay_epochs * steps_per_epoch)
        return base * config.decay_factor**drops
    if config.schedule == "cosine":
        progress = min(1.0, (step - 1 - warmup) / max(1, total_steps - warmup))
        return base * 0.5 * (1 + math.cos(math.pi * progress))
    return base
