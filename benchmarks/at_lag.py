"""A dashboard on a growing record that notes how late it learns of every event.

``python -m benchmarks.at_lag RECORD REPORT`` ends with the run, and writes its report then.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import tui
from engine import wire
from engine.config import RunConfig
from engine.events import Event
from engine.link import News
from engine.process_link import ProcessLink
from tui.app import DashboardApp


class Silent:
    """An engine that says nothing: the record says it all."""

    def send(self, message: wire.Message) -> None:
        """Nobody listens."""

    def receive(self) -> list[wire.Answer]:
        """Nothing comes."""
        return []

    def last_words(self) -> str:
        """It had none."""
        return ""

    def close(self) -> None:
        """Nothing was opened."""

    detach = abandon = close


class Noting(ProcessLink):
    """A link that remembers when the events it has handed over were made."""

    times: Sequence[float] = ()

    def drain(self, budget: float = 0.008) -> list[News]:
        """What has come."""
        news = super().drain(budget)
        self.times = [item.time for item in news if isinstance(item, Event)]
        return news


class Watching(DashboardApp):
    """Leaves when the run has ended."""

    CSS_PATH = Path(tui.__path__[0]) / "app.tcss"

    def __init__(self, link: Noting) -> None:
        super().__init__(link, RunConfig(), autostart=False)
        self.lags: list[float] = []

    def tick(self) -> None:
        """Take in the news, and see how old they are."""
        super().tick()
        self._note()
        if self.hub.view.finished:
            self.exit()

    def draw(self) -> None:
        """Draw; what is known by now was not late because of it."""
        self._note()
        super().draw()

    def _note(self) -> None:
        now = time.time()
        assert isinstance(self.hub.link, Noting)
        self.lags += [now - made for made in self.hub.link.times]
        self.hub.link.times = ()


def main(record: Path, report: Path) -> None:
    """Follow the record to its end."""
    engine = Silent()
    link = Noting(record.parent.parent, launch=lambda runs: engine, past=[record])
    app = Watching(link)
    app.run()
    view = app.hub.view
    seen = hashlib.sha256(view.loss.x.tobytes() + view.loss.y.tobytes()).hexdigest()
    told = json.dumps({"lags": app.lags, "steps": len(view.loss), "seen": seen})
    written = report.with_suffix(".part")
    written.write_text(told)
    written.rename(report)  # whoever waits for it finds it whole


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
