"""The link to an engine process: one that dies, falls silent, or says what nobody asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_engine import FOREVER
from link_news import PATIENCE, check_whole, events, launch, until

from engine import wire
from engine.config import RunConfig
from engine.controls import Pause
from engine.engine_process import EngineGoneError, EngineProcess
from engine.events import (
    Noted,
    RunFinished,
    RunStarted,
    StepsMeasured,
)
from engine.link import Fetched, Lost, News, Refused
from engine.process_link import ProcessLink
from engine.store import reader
from engine.store.layout import LOG
from engine.store.record import RecordSink

pytestmark = pytest.mark.usefixtures("own_place")
ENDLESS = RunConfig(epochs=FOREVER)


class TestEngineProcess:
    @pytest.fixture
    def engines(self) -> list[EngineProcess]:
        return []

    @pytest.fixture
    def link(self, tmp_path: Path, engines: list[EngineProcess]) -> Iterator[ProcessLink]:
        link = self.make(tmp_path, engines)
        yield link
        link.close()

    def make(self, runs: Path, engines: list[EngineProcess]) -> ProcessLink:
        def launching(runs: Path) -> EngineProcess:
            engines.append(launch(runs))
            return engines[-1]

        return ProcessLink(runs, launch=launching)

    def test_a_killed_engine_is_lost_and_the_next_start_launches_another(
        self, link: ProcessLink, engines: list[EngineProcess]
    ) -> None:
        link.start(ENDLESS)
        news: list[News] = []
        until(link, StepsMeasured, after=news)
        os.kill(engines[0].pid, signal.SIGKILL)
        lost = until(link, Lost, after=news)
        assert lost.text == "the engine is gone: it was ended by SIGKILL"
        assert not engines[0].log.parent.exists()
        assert isinstance(news[-1], Lost)
        seqs = [event.seq for event in events(news)]
        assert seqs == list(range(len(seqs)))
        assert link.drain() == []
        link.send(Pause())
        link.start(RunConfig(epochs=2))
        news = []
        assert until(link, RunFinished, after=news).outcome == "completed"
        check_whole(events(news))
        assert len(engines) == 2

    def test_an_engine_that_somebody_else_ended(
        self, link: ProcessLink, engines: list[EngineProcess]
    ) -> None:
        link.start(ENDLESS)
        news: list[News] = []
        until(link, StepsMeasured, after=news)
        os.kill(engines[0].pid, signal.SIGTERM)
        assert until(link, Lost, after=news).text == (
            "the engine is gone: it ended with exit code 0"
        )
        assert isinstance(news[-2], RunFinished)
        assert news[-2].outcome == "interrupted"
        check_whole(events(news))

    def test_what_a_dying_engine_has_recorded_comes_before_its_last_words(
        self, tmp_path: Path, engines: list[EngineProcess]
    ) -> None:
        link = self.make(tmp_path, engines)
        link.start(RunConfig(), experiment="dying")
        until(link, RunStarted)
        link.send(Pause())
        news: list[News] = []
        lost = until(link, Lost, after=news)
        assert isinstance(news[-2], Noted)
        assert "exit code 3" in lost.text
        assert "out of memory" in lost.text
        assert lost.text.isprintable()
        log = Path(re.findall(r"its log is (\S+)$", lost.text)[0])
        assert b"out of" in log.read_bytes()
        link.close()

    def test_an_engine_that_cannot_start_is_lost(self, tmp_path: Path) -> None:
        program = (sys.executable, "-c", "raise SystemExit('no room here')")
        link = ProcessLink(tmp_path, launch=lambda runs: EngineProcess(runs, program))
        link.start(RunConfig())
        assert "no room here" in until(link, Lost).text
        link.close()

    def test_an_engine_ends_with_its_link_and_cleans_up(
        self, link: ProcessLink, engines: list[EngineProcess]
    ) -> None:
        room = engines[0].log.parent
        assert room.stat().st_mode & 0o777 == 0o700
        link.start(ENDLESS)
        until(link, RunStarted)
        link.close()
        with pytest.raises(ProcessLookupError):
            os.kill(engines[0].pid, 0)
        assert not room.exists()

    def test_a_link_closed_before_it_ever_connected(
        self, link: ProcessLink, engines: list[EngineProcess]
    ) -> None:
        link.close()
        with pytest.raises(ProcessLookupError):
            os.kill(engines[0].pid, 0)

    def test_an_engine_outlives_the_front_end_until_its_run_is_done(
        self, link: ProcessLink, engines: list[EngineProcess], tmp_path: Path
    ) -> None:
        link.start(RunConfig(epochs=100))
        run = until(link, RunStarted)
        engines[0]._socket.close()  # as the kernel does when the front end is killed
        assert engines[0]._process.wait(PATIENCE) == 0
        assert not engines[0].log.parent.exists()
        last = (tmp_path / run.run_id / LOG).read_bytes().splitlines()[-1]
        assert b'"outcome":"completed"' in last

    def test_a_small_budget_only_delays(
        self, link: ProcessLink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "_LOOK", 1)
        link.start(RunConfig(epochs=30))
        news: list[News] = []
        deadline = time.monotonic() + PATIENCE
        while not any(isinstance(item, RunFinished) for item in news):
            came = link.drain(0.0)
            assert len(events(came)) <= 2  # the last of one run, the first of the next
            news += came
            assert time.monotonic() < deadline
        check_whole(events(news))


class Scripted:
    """An engine whose answers are given; says it is gone after them."""

    def __init__(self, *answers: wire.Answer) -> None:
        self.answers = list(answers)
        self.sent: list[wire.Message] = []

    def send(self, message: wire.Message) -> None:
        self.sent.append(message)

    def receive(self) -> list[wire.Answer]:
        if not self.answers:
            raise EngineGoneError
        given, self.answers = self.answers, []
        return given

    def last_words(self) -> str:
        return "it fell silent"

    def abandon(self) -> None:
        self.answers = []

    close = abandon


def scripted(runs: Path, *answers: wire.Answer) -> ProcessLink:
    engine = Scripted(*answers)
    return ProcessLink(runs, launch=lambda runs: engine)  # type: ignore[arg-type,return-value]


def recorded(runs: Path, run_id: str, *notes: str) -> wire.RunOpened:
    sink = RecordSink(runs)
    sink.accept(RunStarted(seq=0, run_id=run_id, experiment="x", config={}))
    for seq, note in enumerate(notes, 1):
        sink.accept(Noted(seq=seq, text=note))
    sink.close()
    return wire.RunOpened(id=1, run_id=run_id, directory=str(runs / run_id))


def test_an_end_that_found_no_room_in_the_record_is_told_all_the_same(tmp_path: Path) -> None:
    finished = RunFinished(seq=2, outcome="failed", detail="No space left on device")
    ended = wire.RunEnded(id=1, run_id="r1", finished=finished)
    with_end = scripted(tmp_path, recorded(tmp_path, "r1", "a"), ended)
    assert [event.seq for event in events(with_end.drain())] == [0, 1, 2]


def test_a_relaunch_that_fails_is_news_and_can_be_tried_again(tmp_path: Path) -> None:
    first, second = Scripted(), Scripted(wire.Told(id=3, news=Fetched("mnist")))
    launches = [first, OSError(11, "Resource temporarily unavailable"), OSError("\x1b"), second]

    def launch(runs: Path) -> EngineProcess:
        made = launches.pop(0)
        if isinstance(made, OSError):
            raise made
        return made  # type: ignore[return-value]

    link = ProcessLink(tmp_path, launch=launch)
    assert link.drain() == [Lost("the engine is gone: it fell silent")]
    link.start(RunConfig())
    link.fetch("mnist")
    assert link.drain() == [
        Lost("no engine can be launched: Resource temporarily unavailable"),
        Lost("no engine can be launched: "),
    ]
    assert link.drain() == []
    link.fetch("mnist")
    assert link.drain()[0] == Fetched("mnist")
    assert [type(message) for message in second.sent] == [wire.Fetch]


def test_an_old_log_is_read_to_its_end_before_the_next(tmp_path: Path) -> None:
    first = recorded(tmp_path, "r1", *map(str, range(300)))
    second = recorded(tmp_path, "r2", "b")
    link = scripted(tmp_path, first, second)
    news: list[News] = []
    while not isinstance(news[-1] if news else None, Lost):
        news += link.drain(0.0)
    ids = [event.run_id for event in events(news) if isinstance(event, RunStarted)]
    assert ids == ["r1", "r2"]
    assert [event.seq for event in events(news)] == [*range(301), 0, 1]
    link.close()


def test_how_much_of_a_past_is_still_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_LOOK", 1)
    past = [Path(recorded(tmp_path, name, *"abcdefghi").directory) / LOG for name in ("r1", "r2")]
    link = ProcessLink(tmp_path, engine=Scripted(), past=past)  # type: ignore[arg-type]
    shares, news = [], []
    while not shares or shares[-1]:
        news += link.drain(0.0)
        shares.append(link.unread)
    assert 0.8 < shares[0] < 1 and shares == sorted(shares, reverse=True)
    assert len(shares) > 10 and len(events(news)) == 20
    link.close()


def test_a_record_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    opened = wire.RunOpened(id=1, run_id="r1", directory=str(tmp_path / "gone"))
    news = scripted(tmp_path, opened).drain()
    assert isinstance(news[0], Lost)
    assert "cannot be read: No such file" in news[0].text


def test_news_of_a_request_that_was_replaced_is_dropped(tmp_path: Path) -> None:
    link = scripted(
        tmp_path,
        wire.Told(id=1, news=Refused("old")),
        wire.Told(id=2, news=Refused("new")),
        wire.Told(news=Refused("of no request")),
    )
    link.start(RunConfig())
    link.start(RunConfig())
    assert link.drain()[:2] == [Refused("new"), Refused("of no request")]


def test_the_front_end_loads_neither_torch_nor_numpy(repository: Path) -> None:
    program = (
        "import sys, engine.process_link\n"
        "loaded = {'torch', 'numpy', 'safetensors', 'textual', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(loaded) or None)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=repository, check=True)


def test_a_directory_named_engine_where_the_user_stands_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine" / "host").mkdir(parents=True)
    for name in ("__init__.py", "host/__init__.py", "host/__main__.py"):
        (tmp_path / "engine" / name).write_text("raise SystemExit('the wrong engine')")
    monkeypatch.chdir(tmp_path)
    engine = EngineProcess(tmp_path)
    engine.send(wire.Ask(control=Pause()))
    deadline = time.monotonic() + PATIENCE
    while not engine._socket.connected and engine._process.poll() is None:
        engine.receive()
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    assert engine._process.poll() is None
    engine.close()
