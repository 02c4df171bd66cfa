"""The link to runs in an engine process: requests by socket, events from the runs' records."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from engine import wire
from engine.attached_engine import AttachedEngine
from engine.controls import AnyControl
from engine.engine_process import EngineProcess
from engine.engine_socket import EngineGoneError
from engine.errors import BadInput
from engine.events import RunFinished
from engine.link import Held, Lost, News
from engine.store import catalogue
from engine.store.head import head_of
from engine.store.layout import LOG, runs_directory
from engine.store.reader import Damage, Follower
from engine.text import clean


class Engine(Protocol):
    """An engine as a link needs it; `EngineProcess` and `AttachedEngine` are."""

    def send(self, message: wire.Message) -> None:
        """Send a request."""

    def receive(self) -> list[wire.Answer]:
        """What has come, or `EngineGoneError`."""

    def last_words(self) -> str:
        """What is known of its end."""

    def close(self) -> None:
        """Make it end."""

    def detach(self) -> None:
        """Leave it to itself."""

    def abandon(self) -> None:
        """Let go of one that is gone."""


class ProcessLink:
    """A `RunLink` to an engine process that is launched with the link, and again when it is lost.

    With `engine` it is that one to begin with, and what is read first are the logs `past`: those
    that a run under way has gone on from, the oldest first, and its own. `damage` tells of lines
    in the record followed that could not be read.

    Raises:
        BadInput: on creation, when the directory of runs cannot be used.
        OSError: on creation, when no process can be launched.
    """

    def __init__(
        self,
        runs: Path | None = None,
        *,
        launch: Callable[[Path], Engine] = EngineProcess,
        engine: Engine | None = None,
        past: Iterable[Path] = (),
    ) -> None:
        self._runs = runs or runs_directory()
        self._launch = launch
        self._engine: Engine | None = engine or launch(self._runs)
        self._past = deque(past)
        self._past_size = sum(map(_size, self._past))
        self.can_detach = True
        self._answers: deque[wire.Answer] = deque()
        self._unsaid: list[News] = []
        self._log: Follower | None = None
        self._log_path: Path | None = None
        self._finished = False
        self._gone = False
        self._last_id = self._start_id = self._fetch_id = 0
        self._data_dir = ""

    @property
    def damage(self) -> Damage:
        """What could not be read of the record that is followed."""
        return self._log.damage if self._log else Damage()

    def start(
        self,
        config: msgspec.Struct,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Begin a run, ending the one under way; relaunches an engine that was lost.

        When that fails, `Lost` is the next news; so with `fetch`.
        """
        self._start_id = self._new_id()
        self._data_dir = getattr(config, "data_dir", self._data_dir)
        request = wire.Start(
            id=self._start_id,
            experiment=experiment,
            config=msgspec.to_builtins(config),
            continues=continues,
            resume=resume,
        )
        self._demand(request)

    def send(self, control: AnyControl) -> None:
        """Ask the run under way for something."""
        if self._engine:
            self._engine.send(wire.Ask(id=self._new_id(), control=control))

    def fetch(self, data: str) -> None:
        """Download a data set to where the last run looked for its data."""
        self._fetch_id = self._new_id()
        request = wire.Fetch(id=self._fetch_id, data=data, data_dir=self._data_dir)
        self._demand(request)

    def drain(self, budget: float = 0.008) -> list[News]:
        """What has come: the events of a run in their order, and whole before those of the next."""
        deadline = time.perf_counter() + budget
        self._receive()  # before the log is read: what an answer tells of is in it by then
        news, self._unsaid = [*self._unsaid, *self._follow(deadline)], []
        while not self._behind and (self._answers or self._gone):
            news += self._meet(self._answers.popleft()) if self._answers else self._lose()
            news += self._follow(deadline)
        return news

    @property
    def unread(self) -> float:
        """The share of the logs that the last `drain` had no time for."""
        if not self._behind:
            return 0.0
        read, left = (self._log.place.offset, self._log.unread) if self._log else (0, 0)
        left += sum(map(_size, self._past))
        return left / max(self._past_size, read + left, 1)

    def detach(self) -> None:
        """Leave the run under way and its engine to themselves."""
        engine, self._engine = self._engine, None
        if engine:
            engine.detach()
        self._forget_log()

    def close(self) -> None:
        """End the run under way and the engine; waits some seconds at most."""
        engine, self._engine = self._engine, None
        if engine:
            engine.close()
        self._forget_log()

    @property
    def _behind(self) -> bool:
        """Whether the logs hold more than the budget allowed to read."""
        return bool(self._past) or (self._log is not None and not self._log.caught_up)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _demand(self, request: wire.Message) -> None:
        """Send a request to the engine, to a new one when it was lost."""
        if self._engine is None or self._gone:
            self._lose()
            try:
                self._engine = self._launch(self._runs)
            except OSError as error:
                why = clean(error.strerror or str(error), 200)
                self._unsaid.append(Lost(f"no engine can be launched: {why}"))
                return
        self._engine.send(request)

    def _receive(self) -> None:
        if self._engine is None or self._gone:
            return
        try:
            self._answers += self._engine.receive()
        except EngineGoneError:
            self._gone = True

    def _follow(self, deadline: float) -> list[News]:
        news: list[News] = []
        while True:
            if self._log is not None:
                events = self._log.drain(max(0.0, deadline - time.perf_counter()))
                self._finished = self._finished or any(isinstance(e, RunFinished) for e in events)
                news += events
                if not self._log.caught_up:
                    return news
            if not self._past:
                return news
            news += self._open_log(self._past.popleft())

    def _meet(self, answer: wire.Answer) -> list[News]:
        match answer:
            case wire.RunOpened(directory=directory):
                path = Path(directory) / LOG
                return [] if path == self._log_path else self._open_log(path)
            case wire.RunHeld(text=text):
                return [Held(text)]
            case wire.RunEnded(finished=finished):
                recorded = self._finished
                self._forget_log()
                return [] if recorded else [finished]
            case wire.Told(id=id_, news=news) if id_ in (0, self._start_id, self._fetch_id):
                return [news]
        return []  # of a request that a newer one has replaced

    def _open_log(self, path: Path) -> list[News]:
        self._forget_log()
        try:
            self._log = Follower(path)
            self._log_path = path
        except OSError as error:
            return [Lost(f"the run's record cannot be read: {error.strerror}: {path}")]
        return []

    def _forget_log(self) -> None:
        if self._log:
            self._log.close()
        self._log = self._log_path = None
        self._finished = False

    def _lose(self) -> list[News]:
        self._gone = False
        self._forget_log()
        engine, self._engine = self._engine, None
        if engine is None:
            return []
        words = engine.last_words()
        engine.abandon()
        return [Lost(f"the engine is gone: {words}")]


def _size(log: Path) -> int:
    """Bytes of a log; 0 where there is none any more."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def attached(runs: Path, run_id: str) -> ProcessLink:
    """The link to the engine that a run is under way in, with the run's whole past.

    Raises:
        BadInput: when the run is not under way, or is not an engine's.
    """
    engine = engine_of(runs, run_id)
    past = [directory / LOG for directory in catalogue.lineage(runs, run_id)]
    return ProcessLink(runs, engine=engine, past=past)


def engine_of(runs: Path, run_id: str) -> AttachedEngine:
    """The engine that a run is under way in.

    Raises:
        BadInput: when the run is not under way, or is not an engine's.
    """
    past = catalogue.lineage(runs, run_id)
    if not past or not catalogue.is_under_way(past[-1]):
        state = catalogue.entry(runs, run_id).state
        raise BadInput(f"run {run_id} is not under way ({state}): mlp-tui replay {run_id} shows it")
    head = head_of(past[-1])
    if not head.address:
        raise BadInput(
            f"run {run_id} belongs to a program of its own (process {head.pid}): "
            f"mlp-tui replay {run_id} shows it, but nobody else can steer it"
        )
    try:
        return AttachedEngine(Path(head.address))
    except OSError as error:
        why = error.strerror or str(error)
        raise BadInput(f"the engine of run {run_id} does not answer: {why}") from error
