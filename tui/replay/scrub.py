"""Where a replay stands, in plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scrub:
    """The playhead at `moment` of `total`, in seconds of the run; `speed` may be infinite.

    `at_end` says that the newest there is is shown, `live` that more may come, and `reading` how
    much of the record has been read where that is not all of it (else NaN). `damaged` counts what
    could not be read, and `trouble` says why the rest could not.
    """

    moment: float = 0.0
    total: float = 0.0
    speed: float = 1.0
    playing: bool = False
    at_end: bool = False
    live: bool = False
    reading: float = math.nan
    damaged: int = 0
    trouble: str = ""

    @property
    def share(self) -> float:
        """The playhead's place, in [0, 1]."""
        if self.at_end or not self.total > 0:
            return 1.0
        return min(1.0, max(0.0, self.moment / self.total))
