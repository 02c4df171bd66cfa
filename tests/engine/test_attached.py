"""Attaching to a run: its whole past, and its steering, whoever launched its engine."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args
from weakref import WeakKeyDictionary

import pytest
from fake_engine import EXPERIMENTS, FOREVER

from engine.config import RunConfig
from engine.controls import Controls, Pause, Resume, Stop
from engine.engine_process import EngineProcess
from engine.errors import BadInput
from engine.events import AnyEvent, ControlApplied, RunFinished, RunStarted, StepsMeasured
from engine.link import Lost, News
from engine.process_link import ProcessLink, attached
from engine.session import Session
from engine.store.layout import LOG
from engine.store.reader import read
from engine.store.record import RecordSink

PATIENCE = 20.0
PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_engine.py")))
ENDLESS = RunConfig(epochs=FOREVER)


@pytest.fixture(autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines make their sockets and logs where they are cleaned up."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("r")))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def launched(runs: Path) -> Iterator[Callable[[], ProcessLink]]:
    """Makes links with an engine of their own, which is ended afterwards."""
    engines: list[EngineProcess] = []

    def one() -> ProcessLink:
        engines.append(EngineProcess(runs, PROGRAM))
        return ProcessLink(runs, engine=engines[-1])

    yield one
    for engine in engines:
        engine.close()


def gather(link: ProcessLink, news: list[News], enough: Callable[[Any], bool]) -> Any:
    """Read until something is `enough`, which is returned."""
    kept = _unseen.setdefault(link, [])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        kept += link.drain()
        while kept:
            news.append(kept.pop(0))
            if enough(news[-1]):
                return news[-1]
        threading.Event().wait(0.005)
    raise AssertionError("it never came")


_unseen: WeakKeyDictionary[ProcessLink, list[News]] = WeakKeyDictionary()


def a(kind: type) -> Callable[[Any], bool]:
    return lambda item: isinstance(item, kind)


def events(news: list[News]) -> list[AnyEvent]:
    return [item for item in news if isinstance(item, get_args(AnyEvent))]


def begun(link: ProcessLink, config: RunConfig = ENDLESS) -> str:
    link.start(config)
    news: list[News] = []
    run_id: str = gather(link, news, a(RunStarted)).run_id
    gather(link, news, lambda item: isinstance(item, StepsMeasured) and item.first_step >= 5)
    return run_id


@pytest.mark.fault(11)
def test_who_attaches_gets_every_point_and_full_control(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    first = launched()
    run_id = begun(first)
    first.detach()
    second = attached(runs, run_id)
    news: list[News] = []
    gather(second, news, a(StepsMeasured))
    second.send(Pause(request=1))
    gather(second, news, lambda n: isinstance(n, ControlApplied) and n.what == "pause")
    second.send(Resume(request=2))
    second.send(Stop(request=3, reason="seen enough"))
    gather(second, news, a(RunFinished))
    assert events(news) == list(read(runs / run_id / LOG))
    assert [event.seq for event in events(news)] == list(range(len(events(news))))
    second.close()


@pytest.mark.fault(15)
def test_two_screens_see_the_same(launched: Callable[[], ProcessLink], runs: Path) -> None:
    one = launched()
    one.start(ENDLESS)
    mine: list[News] = []
    run_id = gather(one, mine, a(RunStarted)).run_id
    two = attached(runs, run_id)
    theirs: list[News] = []
    gather(two, theirs, a(StepsMeasured))
    two.send(Stop())
    gather(one, mine, a(RunFinished))
    gather(two, theirs, a(RunFinished))
    assert events(mine) == events(theirs)
    two.start(RunConfig(epochs=3))
    gather(one, mine, a(RunStarted))
    gather(one, mine, a(RunFinished))
    gather(two, theirs, a(RunStarted))
    gather(two, theirs, a(RunFinished))
    assert events(mine) == events(theirs)
    two.detach()


@pytest.mark.fault(14)
def test_a_run_outlives_fifty_killed_screens(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    first = launched()
    run_id = begun(first)
    first.detach()
    for _ in range(50):
        attached(runs, run_id)._engine.abandon()  # type: ignore[union-attr]
    last = attached(runs, run_id)
    news: list[News] = []
    last.send(Stop(reason="enough"))
    assert gather(last, news, a(RunFinished)).detail == "enough"
    assert events(news) == list(read(runs / run_id / LOG))
    last.close()


def test_the_past_of_a_continued_run_comes_first(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    link = launched()
    link.start(RunConfig(epochs=10))
    news: list[News] = []
    old = gather(link, news, a(RunStarted)).run_id
    gather(link, news, a(RunFinished))
    session = Session(
        lambda controls: _continuing(old, controls), Controls(), [RecordSink(runs, address="/gone")]
    )
    session.start()
    while not (runs / session.run_id / LOG).exists():
        threading.Event().wait(0.005)
    with pytest.raises(BadInput, match="does not answer"):
        attached(runs, session.run_id)
    session.controls.request(Stop())
    session.join(PATIENCE)
    again = ProcessLink(
        runs,
        engine=EngineProcess(runs, PROGRAM),
        past=[runs / old / LOG, session_log(session, runs)],
    )
    seen: list[News] = []
    gather(again, seen, lambda n: isinstance(n, RunFinished) and n.outcome == "stopped")
    assert events(seen) == [*read(runs / old / LOG), *read(session_log(session, runs))]
    again.close()


def session_log(session: Session, runs: Path) -> Path:
    return runs / session.run_id / LOG


def _continuing(old: str, controls: Controls) -> Iterator[AnyEvent]:
    yield RunStarted(run_id="", experiment="train", config={}, continues=old, first_step=10)
    controls.take(None)
    yield RunFinished(outcome="stopped", detail="")


def test_what_is_not_under_way_cannot_be_attached(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    link = launched()
    link.start(RunConfig(epochs=3))
    news: list[News] = []
    run_id = gather(link, news, a(RunStarted)).run_id
    gather(link, news, a(RunFinished))
    with pytest.raises(BadInput, match=f"mlp-tui replay {run_id}"):
        attached(runs, run_id)
    with pytest.raises(BadInput, match="no run"):
        attached(runs, "nothing")


def test_a_program_of_its_own_is_not_steered_by_others(runs: Path) -> None:
    controls = Controls()
    session = Session(lambda c: EXPERIMENTS["train"].run(ENDLESS, c), controls, [RecordSink(runs)])
    session.start()
    while not (runs / session.run_id / LOG).exists():
        threading.Event().wait(0.005)
    with pytest.raises(BadInput, match=str(os.getpid())):
        attached(runs, session.run_id)
    controls.request(Stop())
    assert session.join(PATIENCE)


def test_the_end_of_an_attached_engine_is_told(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    first = launched()
    run_id = begun(first)
    second = attached(runs, run_id)
    news: list[News] = []
    gather(second, news, a(StepsMeasured))
    os.kill(first._engine.pid, signal.SIGKILL)  # type: ignore[union-attr]
    lost = gather(second, news, a(Lost))
    assert "closed its socket" in lost.text
    assert events(news) == list(read(runs / run_id / LOG))
    second.close()


def test_closing_an_attached_link_ends_the_engine(
    launched: Callable[[], ProcessLink], runs: Path
) -> None:
    first = launched()
    run_id = begun(first)
    second = attached(runs, run_id)
    second.close()
    *_, last = read(runs / run_id / LOG)
    assert isinstance(last, RunFinished)
    assert last.outcome == "stopped"
