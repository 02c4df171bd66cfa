"""The dashboard at another rate of drawing: ``python -m benchmarks.at_rate 10 synthetic``."""

from __future__ import annotations

import sys

from benchmarks.dashboard import EPOCHS
from engine.config import RunConfig
from engine.process_link import ProcessLink
from tui.app import DashboardApp


def main(rate: float, data: str) -> None:
    """Train, and draw `rate` times a second."""
    link = ProcessLink()
    try:
        config = RunConfig(data=data, epochs=EPOCHS, device="cpu")
        DashboardApp(link, config, frames_per_second=rate).run()
    finally:
        link.close()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
