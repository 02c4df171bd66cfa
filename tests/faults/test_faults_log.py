"""Faults of the record: an engine killed in the middle, the wrong time, or far too much."""

from __future__ import annotations

import math
import os
import signal
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, get_args

import msgspec
import pytest
from fake_engine import FOREVER
from fake_link import FakeLink
from log_bench import COMPLETED, FAST, PATIENCE, STARTED, Started, sound
from warm_commands import Command, WarmCommands

from engine import engine_process
from engine.config import RunConfig
from engine.controls import Controls
from engine.engine_process import EngineProcess
from engine.events import (
    AnyEvent,
    EpochFinished,
    Event,
    Noted,
    StepsMeasured,
    encode,
)
from engine.link import Lost
from engine.process_link import ProcessLink
from engine.session import Session
from engine.store import catalogue
from engine.store.layout import LOG
from engine.store.lines import LONGEST_LINE, framed
from engine.store.reader import Damage, read
from engine.store.record import RecordError, RecordSink
from tui.hub import Hub
from tui.run_view import RunView, fold
from tui.runs.listing import ago


@pytest.fixture
def forked_engines(warm_commands: WarmCommands, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Engines that need not load the program first, which is most of the life of a killed one."""
    with ExitStack() as ends:

        def launch(words: Sequence[str], stdout: BinaryIO, **_: Any) -> Command:
            _, script, *arguments, option, _ = words
            assert option == "--launcher"  # its parent, which it does not outlive for nothing
            engine = warm_commands.start(
                [*arguments, option, str(warm_commands.pid)],
                stdout=stdout.fileno(),
                stderr=stdout.fileno(),
                before="import os, runpy; os.setsid()",
                program=f"runpy.run_path({script!r}, run_name='__main__')",
            )
            ends.callback(engine.close)
            return engine

        monkeypatch.setattr(engine_process.subprocess, "Popen", launch)
        yield


@pytest.mark.fault(1)
@pytest.mark.parametrize("trial", range(20))
def test_an_engine_killed_at_random_loses_nothing_that_was_seen(runs: Path, trial: int) -> None:
    killed_after(Random(trial).randrange(1, 5000), runs)


@pytest.mark.slow
@pytest.mark.fault(1)
@pytest.mark.usefixtures("forked_engines")
@pytest.mark.parametrize("trial", range(20, 300))
def test_nor_do_hundreds_of_them(runs: Path, trial: int) -> None:
    killed_after(Random(trial).randrange(1, 1500), runs)


def killed_after(wanted: int, runs: Path) -> None:
    """Kill an engine when so many events of its run, or some more, have been seen."""
    engine = EngineProcess(runs, FAST)
    link = ProcessLink(runs, engine=engine)
    link.start(RunConfig(epochs=FOREVER))
    seen: list[AnyEvent] = []
    lost = killed = False
    while not lost:
        for news in link.drain():
            lost = lost or isinstance(news, Lost)
            if isinstance(news, get_args(AnyEvent)):
                seen.append(news)  # type: ignore[arg-type]
        if len(seen) >= wanted and not killed:
            os.kill(engine.pid, signal.SIGKILL)
            killed = True
    (directory,) = runs.iterdir()
    damage = Damage()
    kept = list(read(directory / LOG, damage))
    assert kept == seen
    assert len(seen) >= wanted
    assert [event.seq for event in kept] == list(range(len(kept)))
    assert (damage.corrupt, damage.missing, damage.unknown) == (0, 0, 0)
    assert catalogue.entries(runs)[0].state == "crashed"
    link.close()


HOUR = 3600.0


@pytest.mark.fault(21)
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_changes_neither_order_nor_speed(runs: Path, jump: float) -> None:
    now = 1_760_000_000.0

    def clock() -> float:
        nonlocal now
        now += 0.05
        return now

    def run(controls: Controls) -> Iterator[Event]:
        nonlocal now
        yield STARTED
        for block in range(10):
            if block == 5:
                now += jump
            yield StepsMeasured(
                first_step=1 + 10 * block, loss=(1.0,) * 10, accuracy=(0.5,) * 10, lr=0.1
            )
        yield COMPLETED

    sink = RecordSink(runs)
    session = Session(run, Controls(), [sink], run_id="r1", clock=clock)
    session.start()
    assert session.join(PATIENCE)
    told = sound(runs)
    view, left = RunView(), []
    for event in told[:-1]:
        view = fold(event, view)
        if not math.isnan(view.seconds_left):
            left.append(view.seconds_left)
    # 1,000 steps of 32 at 200 steps/s: five seconds, and never an hour; the first 0.2 s tell none
    assert len(left) >= 5
    assert all(2 < seconds < 12 for seconds in left)
    assert view.step == 100
    summary = catalogue.entry(runs, "r1").summary
    assert (summary.outcome, summary.step) == ("completed", 100)
    assert "-" not in ago(summary.started - summary.last)


@pytest.mark.fault(21)
def test_a_record_from_the_future_is_listed_first_and_said_to_be(runs: Path) -> None:
    for run_id, time in (("now", 1e9), ("later", 1e9 + HOUR)):
        sink = RecordSink(runs)
        sink.accept(msgspec.structs.replace(STARTED, run_id=run_id, time=time))
        sink.close()
    assert [entry.run_id for entry in catalogue.entries(runs)] == ["later", "now"]
    assert ago(-HOUR) == "in the future"


def logged(runs: Path, *lines: bytes) -> Path:
    first = framed(encode(msgspec.structs.replace(STARTED, run_id="r1")))
    last = framed(encode(Noted(seq=len(lines) + 1, text="the last")))
    (runs / "r1").mkdir(parents=True)
    with (runs / "r1" / LOG).open("wb") as log:
        log.writelines([first, *lines, last])
    return runs / "r1" / LOG


@pytest.mark.fault(37)
def test_an_event_of_a_hundred_megabytes_is_passed_over_in_bounded_memory(runs: Path) -> None:
    text = b'{"type":"noted","seq":1,"time":0.0,"text":"' + b"x" * 100_000_000 + b'"}'
    log = logged(runs, framed(text))
    del text
    damage = Damage()
    tracemalloc.start()
    told = list(read(log, damage))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [event.seq for event in told] == [0, 2]
    assert (damage.corrupt, damage.missing) == (1, 0)
    assert peak < 1.5 * LONGEST_LINE
    assert catalogue.entry(runs, "r1").summary.damaged == 1


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"of tomorrow","seq":1}',
        b'{"type":"noted","seq":1,"text":7}',
        b'{"type":"noted","seq":1}',
        b'{"type":"noted","seq":1,"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"table_changed","seq":1,"table":"t","columns":[],"rows":' + b"[" * 100_000,
        b'{"seq":1}',
        b"[" * 100_000,
        b"null",
        b'{"type":"noted","seq":1e999,"text":""}',
        b'{"type":"noted","seq":-1,"text":""}',
        b'{"type":"steps_measured","seq":1,"first_step":1,"loss":["x"],"accuracy":[],"lr":1}',
    ],
    ids=lambda text: text[:40].decode(),
)
def test_an_event_that_nobody_knows_is_passed_over_and_counted(runs: Path, text: bytes) -> None:
    damage = Damage()
    told = list(read(logged(runs, framed(text)), damage))
    assert [event.seq for event in told] == [0, 2]
    assert (damage.unknown or damage.repeated) == 1
    assert catalogue.entry(runs, "r1").summary.damaged >= 1


@pytest.mark.fault(37)
def test_what_no_reader_would_take_is_not_written(runs: Path) -> None:
    def run(controls: Controls) -> Iterator[Event]:
        yield STARTED
        yield Noted(text="x" * (LONGEST_LINE + 1))
        yield COMPLETED

    started = Started(run, runs)
    finished = started.ended()
    assert finished.outcome == "failed"
    assert "more than any reader takes" in finished.detail
    assert isinstance(started.session.error, RecordError)
    assert sound(runs)[-1] == finished


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"init": "of tomorrow"},
        {"epochs": "many", "lr": None, "batch_size": []},
        {"epochs": math.nan, "lr": {}, "batch_size": math.inf},
        {"hidden": "[" * 1000, "nested": [[[]]]},
    ],
    ids=str,
)
def test_settings_of_another_version_do_not_break_the_screen(config: dict[str, object]) -> None:
    block = StepsMeasured(seq=1, time=2.0, first_step=1, loss=(1.0,), accuracy=(0.5,), lr=0.1)
    started = msgspec.structs.replace(STARTED, run_id="r1", config=config, time=1.0)
    again = msgspec.structs.replace(started, run_id="r2", continues="r1", steps_per_epoch=0)
    hub = Hub(FakeLink(started, block, COMPLETED, again, block), RunConfig())
    hub.poll()
    assert (hub.view.run_id, hub.view.step) == ("r2", 1)
    assert not hub.view.seconds_left < 0


@pytest.mark.fault(37)
def test_numbers_beyond_any_run_do_not_break_the_view() -> None:
    view = fold(msgspec.structs.replace(STARTED, steps_per_epoch=1, total_steps=2**62), RunView())
    view = fold(StepsMeasured(first_step=2**60, loss=(1e308,), accuracy=(0.0,), lr=1e308), view)
    epoch = EpochFinished(
        epoch=2**60,
        step=2**60,
        train_loss=math.inf,
        train_accuracy=-math.inf,
        test_loss=math.nan,
        test_accuracy=1e308,
        seconds=-1.0,
        samples_per_second=-math.inf,
    )
    view = fold(epoch, view)
    assert view.step == 2**60
    assert not view.seconds_left < 0
