"""Whether runs can be recorded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from cli.checks.finding import Finding
from engine.errors import BadInput
from engine.store.layout import writable_runs_directory
from engine.text import clean

AREA = "runs"
LITTLE = 1 << 30  # bytes


def check_storage() -> Iterator[Finding]:
    """The directory of runs: where it is, whether it can be written, what room is left."""
    try:
        directory = writable_runs_directory()
    except BadInput as error:
        yield Finding(
            AREA,
            "problem",
            clean(str(error), 500),
            "mlp-tui doctor --runs-dir DIR tries another directory",
        )
        return
    free = shutil.disk_usage(directory).free
    text = f"recorded in {clean(str(directory), 500)}, {free / 1e9:.1f} GB free"
    if free < LITTLE:
        yield Finding(AREA, "warning", text, "make room: a long run's record takes hundreds of MB")
    else:
        yield Finding(AREA, "ok", text)
