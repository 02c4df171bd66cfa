"""A link without an engine: it remembers what was asked and hands over what a test pushes."""

from __future__ import annotations

import msgspec

from engine.config import RunConfig
from engine.controls import AnyControl
from engine.link import News


class FakeLink:
    """Meets `RunLink`."""

    def __init__(self, *news: News) -> None:
        self.starts: list[tuple[RunConfig, str]] = []
        self.experiments: list[tuple[str, msgspec.Struct]] = []
        self.sent: list[AnyControl] = []
        self.fetches: list[str] = []
        self.closed = False
        self.detached = False
        self.can_detach = True
        self.unread = 0.0
        self._inbox = list(news)

    def push(self, *news: News) -> None:
        self._inbox.extend(news)

    def start(
        self,
        config: msgspec.Struct,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        if isinstance(config, RunConfig):
            self.starts.append((config, continues))
        else:
            self.experiments.append((experiment, config))

    def send(self, control: AnyControl) -> None:
        self.sent.append(control)

    def fetch(self, data: str) -> None:
        self.fetches.append(data)

    def drain(self, budget: float = 0.008) -> list[News]:
        news, self._inbox = self._inbox, []
        return news

    def detach(self) -> None:
        self.detached = True

    def close(self) -> None:
        self.closed = True

    @property
    def last(self) -> RunConfig:
        """The settings of the newest start of a training run."""
        return self.starts[-1][0]
