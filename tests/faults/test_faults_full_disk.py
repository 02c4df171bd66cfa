"""A disk that is full or does not keep what it was given, while a run is recorded."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from fake_link import FakeLink
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_bench import COMPLETED, FAST, NAMESPACE, PATIENCE, STARTED, Run, Started, own_mounts, sound

from engine import session as session_module
from engine.config import RunConfig
from engine.controls import Controls, Pause, Resume, Stop
from engine.engine_process import EngineProcess
from engine.events import (
    AnyEvent,
    Event,
    Noted,
    RunFinished,
    RunStarted,
)
from engine.link import Held, News
from engine.process_link import ProcessLink, attached
from engine.store import catalogue, syncer
from engine.store.layout import END, LOG
from engine.store.record import RecordError, RecordSink
from tui.hub import Hub
from tui.status import notice, state


class Disk:
    """What the record is written to: full, or short of room by chance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.refuse: Callable[[], bool] = lambda: self.full
        self.code = errno.ENOSPC
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(session_module, "RETRY", 0.005)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.refuse():
            if len(data) > 40:  # as the kernel does: what fits is written, the rest is refused
                return self._write(descriptor, data[:30])
            raise OSError(self.code, os.strerror(self.code))
        return self._write(descriptor, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def notes(count: int, full_at: int = -1, disk: Disk | None = None) -> Run:
    """A run that says so many things; before one of them the disk gets full."""

    def run(controls: Controls) -> Iterator[Event]:
        yield STARTED
        for number in range(count):
            if disk and number == full_at:
                disk.full = True
            yield Noted(text=f"{number} " + "x" * 100)
        yield COMPLETED

    return run


@pytest.mark.fault(7)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_holds_the_run_which_says_so_and_goes_on(
    runs: Path, disk: Disk, code: int
) -> None:
    disk.code = code
    run = Started(notes(20, 10, disk), runs)
    assert run.held.wait(PATIENCE)
    assert len(sound(runs)) == 11  # what was there before is whole, and nothing is glued to it
    disk.full = False
    assert run.ended().outcome == "completed"
    assert run.session.error is None
    assert run.told[-1] == ""
    assert os.strerror(code) in run.told[0]
    texts = [event.text for event in sound(runs) if isinstance(event, Noted)]
    (said,) = [text for text in texts if text.startswith("held until there was room")]
    texts.remove(said)
    assert [text.split()[0] for text in texts] == [str(number) for number in range(20)]


@pytest.mark.fault(7)
def test_room_for_a_line_but_not_for_the_event_that_waits_is_no_room(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, refused, patient = os.write, [0], threading.Event()

    def tight(descriptor: int, data: bytes) -> int:
        if len(data) > 4000 and refused[0] < 5:
            refused[0] += 1
            if refused[0] == 5:
                patient.set()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", tight)
    monkeypatch.setattr(session_module, "RETRY", 0.005)

    def told(controls: Controls) -> Iterator[Event]:
        yield STARTED
        yield Noted(text="x" * 5000)
        yield COMPLETED

    run = Started(told, runs)
    assert patient.wait(PATIENCE)
    assert run.ended().outcome == "completed"
    assert [bool(text) for text in run.told] == [True, False]  # held once, and not over and over
    assert [type(event) for event in sound(runs)] == [RunStarted, Noted, Noted, RunFinished]


@pytest.mark.fault(7)
def test_a_held_run_can_be_stopped_and_what_it_recorded_is_whole(runs: Path, disk: Disk) -> None:
    run = Started(notes(20, 10, disk), runs)
    assert run.held.wait(PATIENCE)
    run.controls.request(Pause())  # not what ends it
    run.controls.request(Stop())
    finished = run.ended()
    assert finished.outcome == "stopped"
    assert "No space left on device" in finished.detail
    assert len(sound(runs)) == 11
    assert run.told[-1] == ""
    assert run.session.error is None
    (entry,) = catalogue.entries(runs)
    assert (entry.state, entry.summary.detail) == ("stopped", finished.detail)


@pytest.mark.fault(7)
def test_a_held_run_that_is_terminated_says_by_whom(runs: Path, disk: Disk) -> None:
    run = Started(notes(20, 10, disk), runs)
    assert run.held.wait(PATIENCE)
    run.controls.request(Stop(interrupted=True, reason="the engine was told to end"))
    run.ended()
    (entry,) = catalogue.entries(runs)
    assert entry.state == "interrupted"
    assert entry.summary.detail.startswith("the engine was told to end, while it held:")


@pytest.mark.fault(1, 7)
def test_a_run_that_is_killed_while_it_holds_is_told_apart_from_a_crash(
    runs: Path, disk: Disk
) -> None:
    sink = RecordSink(runs)
    told = [
        msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(notes(3)(Controls()))
    ]
    sink.accept(msgspec.structs.replace(told[0], run_id="r1"))
    sink.accept(told[1])
    for full, left in ((True, "interrupted"), (False, "crashed")):
        disk.full = full
        with contextlib.suppress(RecordError):
            sink.accept(told[2])
        assert catalogue.entries(runs)[0].state == "running"
        shutil.copytree(runs / "r1", runs / left)  # as a kill would leave it
        assert catalogue.entry(runs, left).state == left
    disk.full = True
    with pytest.raises(RecordError):
        sink.accept(told[-1])  # that it is complete is worth waiting for
    disk.full = False
    sink.accept(told[-1])
    sink.close()
    assert catalogue.entry(runs, "r1").state == "completed"
    assert not (runs / "r1" / END).exists()


@pytest.mark.fault(7)
def test_what_is_asked_of_a_held_run_is_done_when_it_goes_on(runs: Path, disk: Disk) -> None:
    taken: list[object] = []

    def run(controls: Controls) -> Iterator[Event]:
        yield from list(notes(3)(controls))[:-1]
        disk.full = True
        yield Noted(text="x" * 100)
        taken.extend(controls.take())
        yield COMPLETED

    started = Started(run, runs)
    assert started.held.wait(PATIENCE)
    started.controls.request(Resume(request=7))
    disk.full = False
    assert started.ended().outcome == "completed"
    assert taken == [Resume(request=7)]


@pytest.mark.fault(7)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chances=st.lists(st.booleans(), max_size=300))
def test_a_disk_that_is_full_now_and_then_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, chances: list[bool]
) -> None:
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        run_started = False
        coming = iter(chances)
        disk = Disk(patch)
        patch.setattr(session_module, "RETRY", 0.0)
        disk.refuse = lambda: run_started and next(coming, False)

        def run(controls: Controls) -> Iterator[Event]:
            nonlocal run_started
            yield STARTED
            run_started = True
            yield from list(notes(15)(controls))[1:]

        ended = Started(run, runs).ended()
    assert ended.outcome == "completed"
    texts = [event.text for event in sound(runs) if isinstance(event, Noted)]
    kept = [text.split()[0] for text in texts if not text.startswith("held")]
    assert kept == [str(number) for number in range(15)]


REAL = """
import resource, sys, threading
from pathlib import Path
from engine.controls import Controls
from engine.events import Noted, RunFinished, RunStarted
from engine.session import Session
from engine.store.record import RecordSink

def run(controls):
    yield RunStarted(run_id="", experiment="x", config={})
    for number in range(5000):
        yield Noted(text=f"{number} " + "x" * 150)
    yield RunFinished(outcome="completed", detail="done")

def held(text):
    if text:
        print(text, flush=True)
        make_room()

runs = Path(sys.argv[1])
"""
LIMITED = """
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, hard))
def make_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""
SMALL_DISK = """
import subprocess
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(runs)], check=True)
ballast = runs / "ballast"
ballast.write_bytes(bytes(300 << 10))
def make_room():
    subprocess.run(["mount", "-o", "remount,size=8m", str(runs)], check=True)
"""
AT_LAST = """
controls = Controls()
controls.held = held
session = Session(run, controls, [RecordSink(runs)], run_id="r1")
session.start()
session.join()
from engine.store.reader import Damage, read
damage = Damage()
told = list(read(runs / "r1" / "events.jsonl", damage))
assert not damage, damage
assert [e.seq for e in told] == list(range(len(told)))
texts = [e.text for e in told if isinstance(e, Noted) and not e.text.startswith("held")]
assert [t.split()[0] for t in texts] == [str(n) for n in range(5000)]
print(session.finished.outcome)
"""


def really_full(repository: Path, runs: Path, program: str, *before: str) -> list[str]:
    runs.mkdir()
    done = subprocess.run(
        [*before, sys.executable, "-c", REAL + program + AT_LAST, str(runs)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.fault(7)
def test_a_real_limit_that_is_lifted(repository: Path, runs: Path) -> None:
    *told, outcome = really_full(repository, runs, LIMITED)
    assert outcome == "completed"
    assert "File too large" in told[0]


@pytest.mark.fault(7)
@pytest.mark.skipif(not own_mounts(), reason="needs a file system of its own to fill")
def test_a_real_file_system_that_is_full(repository: Path, runs: Path) -> None:
    *told, outcome = really_full(repository, runs, SMALL_DISK, *NAMESPACE)
    assert outcome == "completed"
    assert "No space left on device" in told[0]


def news_until(link: ProcessLink, seen: list[News], enough: Callable[[News], bool]) -> None:
    """Drain until something has come that is enough; all of it goes to `seen`."""
    guard = threading.Event()
    timer = threading.Timer(PATIENCE, guard.set)
    timer.start()
    found = False
    while not found:
        assert not guard.is_set(), "it never came"
        news = link.drain()
        seen += news
        found = any(map(enough, news))
    timer.cancel()


@pytest.mark.fault(7)
def test_every_screen_is_told_of_a_run_that_is_held_and_sees_it_go_on(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAST_ENGINE_ROOM", "200000")
    engine = EngineProcess(runs, FAST)
    link = ProcessLink(runs, engine=engine)
    link.start(RunConfig(epochs=5000))
    mine: list[News] = []
    news_until(link, mine, lambda news: isinstance(news, Held) and bool(news.text))
    late = attached(runs, next(runs.iterdir()).name)
    theirs: list[News] = []
    news_until(late, theirs, lambda news: isinstance(news, Held) and bool(news.text))
    assert (runs / id_of(theirs) / LOG).stat().st_size <= 200_000
    os.kill(engine.pid, signal.SIGUSR1)
    for each, seen in ((link, mine), (late, theirs)):
        news_until(each, seen, lambda news: isinstance(news, RunFinished))
        assert Held("") in seen
        assert [e for e in seen if isinstance(e, get_args(AnyEvent))] == sound(runs, id_of(seen))
    link.start(RunConfig(epochs=5))
    news_until(link, mine, lambda news: isinstance(news, RunFinished))
    late.detach()
    link.close()


def id_of(seen: list[News]) -> str:
    return next(news.run_id for news in seen if isinstance(news, RunStarted))


@pytest.mark.fault(7)
def test_the_screen_says_that_a_run_is_held() -> None:
    hub = Hub(link := FakeLink(msgspec.structs.replace(STARTED, run_id="r1")), RunConfig())
    link.push(Held("the run's record in /x cannot be written: No space left\x1b[2J on device"))
    hub.poll()
    told = notice(hub, str)
    assert told
    assert (told.heading, state(hub)) == ("The run is held", "held")
    assert "No space left[2J on device" in told.lines[0]
    link.push(Held(""))
    hub.poll()
    assert notice(hub, str) is None
    assert state(hub) == "running"


def failing_sync(code: int = errno.EIO) -> Callable[[int], None]:
    def broken(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    return broken


@pytest.mark.fault(9)
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_failed_sync_ends_nothing_and_is_said_as_long_as_the_run_lasts(
    runs: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(syncer, "INTERVAL", 0.001)
    failed = threading.Event()

    def broken(descriptor: int) -> None:
        failed.set()
        failing_sync(code)(descriptor)

    def run(controls: Controls) -> Iterator[Event]:
        yield STARTED
        monkeypatch.setattr(syncer, "_sync", broken)
        yield Noted(text="written, and never synced")
        assert failed.wait(PATIENCE)
        for number in range(50):
            yield Noted(text=str(number))
        yield COMPLETED

    started = Started(run, runs)
    assert started.ended().outcome == "completed"
    assert started.session.error is None
    told = sound(runs)
    (said,) = [event for event in told if isinstance(event, Noted) and event.level == "error"]
    assert said.text.startswith("not durable: ")
    assert os.strerror(code) in said.text
    assert len(told) == 54  # nothing was left out
    hub = Hub(FakeLink(*told[:-1]), RunConfig())
    hub.poll()
    shown = notice(hub, str)
    assert shown
    assert shown.tone == "alert"
    assert "not durable" in shown.lines[0]


@pytest.mark.fault(9)
def test_a_sync_that_fails_at_the_very_end_is_said_too(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(controls: Controls) -> Iterator[Event]:
        yield STARTED
        monkeypatch.setattr(syncer, "_sync", failing_sync())
        yield COMPLETED

    started = Started(run, runs)
    assert started.ended().outcome == "completed"
    assert "not durable" in str(started.session.error)
    assert len(sound(runs)) == 2


@pytest.mark.fault(9, 7)
def test_unsynced_and_full_at_once(runs: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncer, "INTERVAL", 0.001)
    failed = threading.Event()

    def broken(descriptor: int) -> None:
        failed.set()
        failing_sync()(descriptor)

    def run(controls: Controls) -> Iterator[Event]:
        yield STARTED
        monkeypatch.setattr(syncer, "_sync", broken)
        yield Noted(text="a")
        assert failed.wait(PATIENCE)
        disk.full = True
        yield Noted(text="b")
        yield COMPLETED

    started = Started(run, runs)
    assert started.held.wait(PATIENCE)
    disk.full = False
    assert started.ended().outcome == "completed"
    texts = [event.text for event in sound(runs) if isinstance(event, Noted)]
    assert [t for t in texts if len(t) == 1] == ["a", "b"]
    assert sum(text.startswith("not durable") for text in texts) == 1
    assert sum(text.startswith("held") for text in texts) == 1
