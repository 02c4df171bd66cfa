"""What computes here: the processor, and whether torch can be loaded at all."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from cli.checks.finding import Finding
from engine.text import clean

AREA = "device"


def check_device() -> Iterator[Finding]:
    """The processor, the accelerators torch can use, and what its product kernels do here."""
    cores = usable_cores()
    yield Finding(AREA, "ok", f"{processor()}, {cores} of {os.cpu_count()} cores usable")
    try:
        from cli.checks.products import check_products
    except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
        text = f"torch cannot be loaded: {clean(str(error), 300)}"
        yield Finding(
            AREA, "problem", text, "install torch again: pip install --force-reinstall torch"
        )
    else:
        yield from check_products(AREA, cores)


def processor() -> str:
    """The processor's model, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return clean(next(models, "") or platform.processor() or platform.machine())


def usable_cores() -> int:
    """The cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
