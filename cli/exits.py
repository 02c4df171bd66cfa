"""What the command's exit status tells a script."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.events import Outcome

COMPLETED = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

MEANINGS = (
    (COMPLETED, "completed, or stopped on request"),
    (FAILED, "failed or diverged"),
    (BAD_INPUT, "bad input"),
    (INTERRUPTED, "interrupted by a signal"),
)
OF_OUTCOME: Mapping[Outcome, int] = MappingProxyType(
    {
        "completed": COMPLETED,
        "stopped": COMPLETED,
        "diverged": FAILED,
        "failed": FAILED,
        "interrupted": INTERRUPTED,
    }
)


def described() -> str:
    """The table of exit codes as one line of help."""
    return "exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in MEANINGS)
