"""The link to runs in this very process: for tests, embedding and short experiments."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec

from engine import wire
from engine.controls import AnyControl, Stop
from engine.errors import BadInput
from engine.events import AnyEvent, Event
from engine.experiments.contract import Experiment
from engine.host.fetcher import Fetch, Fetcher
from engine.host.run import Means
from engine.host.runner import Runner
from engine.link import Held, News
from engine.session import Sink
from engine.store.checkpoint import Start, start_from
from engine.store.record import RecordSink


class LocalLink:
    """A `RunLink` whose runs train on a thread of this process.

    With `runs` they are recorded there and can be gone on from; without, they leave nothing.
    """

    def __init__(
        self,
        experiments: Mapping[str, Experiment],
        *,
        runs: Path | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self.can_detach = False  # a thread ends with its process
        self._runs = runs
        self._news: deque[AnyEvent | wire.Answer] = deque()
        self._runner = Runner(experiments, Means(self._sinks, self._saved, self._post))
        self._fetcher = Fetcher(fetch or _nothing_to_fetch, self._post)
        self._last_id = self._start_id = self._fetch_id = 0
        self._data_dir = ""

    def start(
        self,
        config: msgspec.Struct,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Begin a run, ending the one under way."""
        self._start_id = self._new_id()
        self._data_dir = getattr(config, "data_dir", self._data_dir)
        request = wire.Start(
            id=self._start_id,
            experiment=experiment,
            config=msgspec.to_builtins(config),
            continues=continues,
            resume=resume,
        )
        self._runner.start(request)

    def send(self, control: AnyControl) -> None:
        """Ask the run under way for something."""
        self._runner.ask(control)

    def fetch(self, data: str) -> None:
        """Download a data set to where the last run looked for its data."""
        self._fetch_id = self._new_id()
        self._fetcher.start(wire.Fetch(id=self._fetch_id, data=data, data_dir=self._data_dir))

    @property
    def unread(self) -> float:
        """Nothing: every event is handed over as it comes."""
        return 0.0

    def drain(self, budget: float = 0.008) -> list[News]:
        """What has come since the last call."""
        deadline = time.perf_counter() + budget
        self._runner.advance()
        news: list[News] = []
        while self._news and (not news or time.perf_counter() < deadline):
            item = self._news.popleft()
            if isinstance(item, Event):
                news.append(item)
            elif isinstance(item, wire.RunHeld):
                news.append(Held(item.text))
            elif isinstance(item, wire.Told) and item.id in (self._start_id, self._fetch_id):
                news.append(item.news)
        return news

    def detach(self) -> None:
        """As `close`: nothing is left of this process."""
        self.close()

    def close(self) -> None:
        """End the run under way; a run that cannot end within some seconds is left behind."""
        self._runner.end(Stop(reason="the link was closed"))
        self._fetcher.end()
        self._runner.join(5.0)
        self._fetcher.join(5.0)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _post(self, answer: wire.Answer | None) -> None:
        if answer is not None:
            self._news.append(answer)

    def _sinks(self, opened: Callable[[Path], None]) -> Sequence[Sink]:
        memory = _Memory(self._news.append)
        return [RecordSink(self._runs, opened), memory] if self._runs else [memory]

    def _saved(self, run_id: str, resume: bool) -> Start:
        if self._runs is None:
            raise BadInput(f"run {run_id} was not recorded, so there is nothing to go on from")
        return start_from(self._runs, run_id, resume)


class _Memory:
    """A sink that hands events over as they are."""

    def __init__(self, hand_over: Callable[[AnyEvent], None]) -> None:
        self._hand_over = hand_over

    def accept(self, event: Event) -> None:
        self._hand_over(cast(AnyEvent, event))

    def close(self) -> None:
        """Nothing was opened."""


def _nothing_to_fetch(data: str, data_dir: str, report: Callable[..., None]) -> object:
    raise BadInput(f"{data} cannot be fetched here")
