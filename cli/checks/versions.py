"""Which versions are installed, and whether those that the screen is drawn with are the pinned."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from cli.checks.finding import Finding, Level

AREA = "versions"
ESSENTIAL = ("torch", "numpy", "msgspec", "safetensors")
SCREEN = ("textual", "rich", "plotext")
FETCHING = ("torchvision",)


def check_versions() -> Iterator[Finding]:
    """The program's, Python's and each library's version."""
    yield Finding(AREA, "ok", f"Python {platform.python_version()} on {platform.platform()}")
    yield _of("mlp-tui", "warning")
    for name in ESSENTIAL:
        yield _of(name, "problem")
    for name in (*SCREEN, *FETCHING):
        yield _of(name, "warning")


def _of(name: str, level: Level) -> Finding:
    try:
        return Finding(AREA, "ok", f"{name} {version(name)}")
    except PackageNotFoundError:
        advice = "install mlp-tui again, with pip, into the environment that runs it"
        return Finding(AREA, level, f"{name} is not installed", advice)
