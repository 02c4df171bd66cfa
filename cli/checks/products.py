"""What torch computes with: accelerators, threads and the float32 product kernel."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from cli.checks.finding import Finding
from engine.config import RunConfig
from engine.text import clean
from engine.training.numerics import (
    applied,
    choose_threads,
    device_name,
    devices,
    resolve_device,
)


def check_products(area: str, cores: int) -> Iterator[Finding]:
    """The accelerators, and the kernel and threads that are fast and exact here."""
    accelerators = [clean(device_name(torch.device(name))) for name in devices()[1:]]
    for name in accelerators or ["no accelerator: training runs on the CPU"]:
        yield Finding(area, "ok", name)
    config = RunConfig()
    device = resolve_device(config.device)
    with applied(config, device) as chosen:
        yield Finding(area, "ok", f"float32 products on {device}: {chosen['matmul']}")
        if cores > 1:
            x, w = torch.ones(256, 784), torch.ones(256, 784)
            yield Finding(area, "ok", f"threads: {choose_threads(lambda: x @ w.t(), cores)}")
