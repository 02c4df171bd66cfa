"""A link without an engine: it remembers what was asked and hands over what a test pushes."""

from __future__ import annotations

from engine.config import RunConfig
from engine.controls import AnyControl
from engine.link import News


class FakeLink:
    """Meets `RunLink`."""

    def __init__(self, *news: News) -> None:
        self.starts: list[tuple[RunConfig, str]] = []
        self.sent: list[AnyControl] = []
        self.fetches: list[str] = []
        self.closed = False
        self._inbox = list(news)

    def push(self, *news: News) -> None:
        self._inbox.extend(news)

    def start(self, config: RunConfig, *, continues: str = "") -> None:
        self.starts.append((config, continues))

    def send(self, control: AnyControl) -> None:
        self.sent.append(control)

    def fetch(self, data: str) -> None:
        self.fetches.append(data)

    def drain(self, budget: float = 0.008) -> list[News]:
        news, self._inbox = self._inbox, []
        return news

    def close(self) -> None:
        self.closed = True

    @property
    def last(self) -> RunConfig:
        """The settings of the newest start."""
        return self.starts[-1][0]
