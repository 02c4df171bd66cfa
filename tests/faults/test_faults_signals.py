"""Faults of the terminal's and the system's making: stopped, told to end, raced, overrun."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import pytest
import torch
from command_line import CommandLine
from pseudo_terminal import Terminal
from training_tools import Given, config, dataset
from warm_commands import WarmCommands

from engine.config import RunConfig
from engine.controls import AnyControl, Controls, Pause, Resume, SetLearningRate, Step, Stop
from engine.engine_process import EngineProcess
from engine.errors import out_of_memory
from engine.events import (
    AnyEvent,
    CheckpointSaved,
    Event,
    Noted,
    RunFinished,
    RunStarted,
    encode,
)
from engine.process_link import ProcessLink, attached
from engine.session import Session
from engine.store import catalogue
from engine.store.checkpoint import start_from
from engine.store.layout import LOG
from engine.store.reader import Damage, read
from engine.store.record import RecordSink
from engine.training import stepper as stepper_module
from engine.training.run import train

FAST = (sys.executable, str(Path(__file__).with_name("fast_engine.py")))
PATIENCE = 60.0
BASH = shutil.which("bash")


def sound(directory: Path) -> list[AnyEvent]:
    damage = Damage()
    told = list(read(directory / LOG, damage))
    assert not damage
    assert [event.seq for event in told] == list(range(len(told)))
    return told


@pytest.fixture
def shell(repository: Path, runs: Path) -> Iterator[Terminal]:
    """An interactive shell with job control on a terminal of its own."""
    assert BASH
    words = ("--norc", "--noprofile", "-i")
    terminal = Terminal(words, directory=repository, runs=runs, program=(BASH,))
    with closing(terminal):
        yield terminal
    end_what_goes_on(runs)


def end_what_goes_on(runs: Path) -> None:
    """A run outlives its screen, also that of a test that has failed."""
    for entry in catalogue.entries(runs):
        if entry.live and not entry.summary.outcome:
            attached(runs, entry.run_id).close()


@pytest.mark.fault(12)
@pytest.mark.skipif(not BASH, reason="needs a shell with job control")
def test_a_screen_is_stopped_and_comes_back_whole_while_training_goes_on(
    shell: Terminal, runs: Path, small_data: Path
) -> None:
    words = f"--data {small_data} --epochs 100000 --batch-size 32"
    shell.press(f"{sys.executable} -m cli {words}\r")
    shell.expect("hidden1")
    shell.press("\x1a")
    shell.expect(r"Stopped")
    for mode in (b"1049", b"1000", b"1003", b"1006"):
        assert shell.written.rfind(b"\x1b[?%sl" % mode) > shell.written.rfind(b"\x1b[?%sh" % mode)
    (log,) = runs.glob("*/" + LOG)
    before = log.stat().st_size
    shell.wait_for(lambda: log.stat().st_size > before + 20_000, "more of the record")
    shell.press("echo still $((40 + 2)) here\r")
    shell.expect("still 42 here")
    shell.press("fg\r")
    shell.expect("hidden1")
    shell.expect(r"loss +\d\.\d")
    shell.expect("quit")
    shell.wait_for(lambda: "still 42 here" not in shell.text, "the whole screen")
    for head in (r"layer .*past", r"matrix .*min"):  # nothing but coming back draws these
        shell.expect(head)
    shell.press("q")
    shell.expect("Stop and quit")
    shell.press("q")
    shell.wait_for(lambda: b'"run_finished"' in log.read_bytes()[-2000:], "the end of the run")
    shell.press("clear\r")
    shell.wait_for(lambda: "layer" not in shell.text, "the shell's own screen")
    shell.press(f"{sys.executable} -m cli replay\r")
    for row in (r"replay .* 100%", r"matrix .*min", r"output +W +-?\d", "quit"):
        shell.expect(row)
    whole = shell.text  # of a run that has ended, where nothing moves
    shell.press("\x1a")
    shell.expect(r"\+ +Stopped")
    shell.press("fg\r")
    shell.wait_for(lambda: shell.text == whole, f"all of this:\n{whole}\ninstead of")
    shell.press("q")
    shell.expect(r"bash-")  # it asks once the terminal is its own again
    shell.press("exit\r")
    shell.end()
    assert [type(event) for event in sound(log.parent)][-1] is RunFinished


@pytest.fixture
def command(warm_commands: WarmCommands, small_data: Path, runs: Path) -> Iterator[CommandLine]:
    line = CommandLine(warm_commands, small_data, runs)
    yield line
    line.close()


@pytest.mark.fault(13)
def test_told_to_end_it_saves_where_it_stands(command: CommandLine, runs: Path) -> None:
    words = command.train("--epochs", "1000000", "--batch-size", "32")
    with command.start(words) as process:
        assert process.stderr
        while b"epoch 2/" not in process.stderr.readline():
            continue
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert process.returncode == 130
    (directory,) = runs.iterdir()
    told = sound(directory)
    finished = told[-1]
    assert isinstance(finished, RunFinished)
    assert finished.outcome == "interrupted"
    assert [e for e in told if isinstance(e, CheckpointSaved)][-1].step == finished.step
    assert start_from(runs, directory.name).step == finished.step


VIEWER = """
import hashlib, os, sys
from pathlib import Path
from typing import get_args
from engine.events import AnyEvent, RunFinished, encode
from engine.process_link import attached
link = attached(Path(sys.argv[1]), sys.argv[2])
seen, ready, ended = hashlib.sha256(), False, False
while not ended:
    news = [item for item in link.drain() if isinstance(item, get_args(AnyEvent))]
    for event in news:
        seen.update(encode(event))
        ended = ended or isinstance(event, RunFinished)
    if news and not ready:
        print("ready", flush=True)
        ready = True
    if not news:
        os.sched_yield()
print(seen.hexdigest(), flush=True)
link.detach()
"""


class Screen:
    """A process that follows a run, and in the end tells the digest of all it has seen."""

    def __init__(self, repository: Path, runs: Path, run_id: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", VIEWER, str(runs), run_id],
            cwd=repository,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def digest(self) -> str:
        return self.process.communicate(timeout=PATIENCE)[0].decode().strip()


def memory_of(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def new_events(link: ProcessLink, seen: list[AnyEvent], enough: Callable[[], bool]) -> None:
    guard = threading.Event()
    timer = threading.Timer(PATIENCE, guard.set)
    timer.start()
    while not enough():
        assert not guard.is_set(), "it never came"
        seen += [item for item in link.drain() if isinstance(item, get_args(AnyEvent))]  # type: ignore[misc]
    timer.cancel()


@pytest.mark.fault(15, 16)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks at memory in /proc")
def test_screens_see_the_same_and_a_stopped_one_costs_nothing(repository: Path, runs: Path) -> None:
    engine = EngineProcess(runs, FAST)
    link = ProcessLink(runs, engine=engine)
    link.start(RunConfig(epochs=40_000))
    link.send(Pause())
    seen: list[AnyEvent] = []
    new_events(link, seen, lambda: len(seen) > 1)
    first = seen[0]
    assert isinstance(first, RunStarted)
    screens = [Screen(repository, runs, first.run_id) for _ in range(2)]
    screens[0].process.send_signal(signal.SIGSTOP)
    before = memory_of(engine.pid)
    link.send(Resume())
    new_events(link, seen, lambda: isinstance(seen[-1], RunFinished))
    assert memory_of(engine.pid) - before < 16 << 20
    screens[0].process.send_signal(signal.SIGCONT)
    whole = digest(sound(runs / first.run_id))
    assert len(seen) > 40_000
    assert [digest(seen), *(screen.digest() for screen in screens)] == [whole] * 3
    link.close()


def digest(told: list[AnyEvent]) -> str:
    return hashlib.sha256(b"".join(map(encode, told))).hexdigest()


def training(controls: Controls, **settings: object) -> Iterator[Event]:
    return train(config(**settings), controls, None, Given(dataset()))


RACERS: tuple[AnyControl, ...] = (Pause(), Resume(), Step(), SetLearningRate(lr=0.01), Pause())


@pytest.mark.fault(17)
@pytest.mark.parametrize("trial", range(12))
def test_a_pause_and_a_stop_that_race_have_one_outcome(runs: Path, trial: int) -> None:
    controls = Controls()
    sink = RecordSink(runs, controls.recorded_in)
    session = Session(lambda c: training(c, epochs=100_000), controls, [sink])
    asked = [Stop(), *RACERS]
    Random(trial).shuffle(asked)
    barrier = threading.Barrier(len(asked))

    def ask(control: AnyControl) -> None:
        barrier.wait()
        controls.request(control)

    session.start()
    threads = [threading.Thread(target=ask, args=(control,)) for control in asked]
    for thread in threads:
        thread.start()
    assert session.join(PATIENCE)  # a pause that came last would hold it for ever
    assert session.error is None
    (directory,) = runs.iterdir()
    told = sound(directory)
    ends = [event for event in told if isinstance(event, RunFinished)]
    assert [event.outcome for event in ends] == ["stopped"]
    assert told[-1] is ends[0]
    for thread in threads:
        thread.join()


@pytest.mark.fault(22)
def test_memory_that_runs_out_is_a_sentence_and_the_checkpoint_is_kept(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = threading.Event()
    held: list[weakref.ref[torch.Tensor]] = []
    advance = stepper_module.Stepper.advance

    class Watching:
        def accept(self, event: Event) -> None:
            if isinstance(event, CheckpointSaved):
                saved.set()

        def close(self) -> None:
            """Nothing was opened."""

    def exhausted(self: stepper_module.Stepper, *given: object, **named: object) -> int:
        if saved.is_set():
            block = torch.zeros(1000)
            held.append(weakref.ref(block))
            raise torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 1 "
                "GiB\nof which nothing is free"
            )
        return advance(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(stepper_module.Stepper, "advance", exhausted)
    controls = Controls()
    sinks = [RecordSink(runs, controls.recorded_in), Watching()]
    session = Session(lambda c: training(c, epochs=100_000), controls, sinks, run_id="r1")
    gc.disable()
    try:
        session.start()
        assert session.join(PATIENCE)
        assert held[0]() is None  # the next run needs that memory
    finally:
        gc.enable()
    finished = sound(runs / "r1")[-1]
    assert isinstance(finished, RunFinished)
    assert finished.outcome == "failed"
    assert finished.detail.startswith("memory has run out (CUDA out of memory. Tried to allocate")
    assert "--batch-size" in finished.detail
    assert "\n" not in finished.detail
    assert start_from(runs, "r1").step > 0
    monkeypatch.undo()
    again = Session(lambda c: training(c, epochs=1), Controls(), [])
    again.start()
    assert again.join(PATIENCE)
    assert again.error is None


@pytest.mark.fault(22)
def test_a_network_too_large_for_any_memory_is_refused_in_a_sentence() -> None:
    session = Session(lambda c: training(c, hidden=(8, 2**31, 2**31)), Controls(), [])
    session.start()
    assert session.join(PATIENCE)
    assert session.finished is None
    assert session.error
    said = out_of_memory(session.error) or str(session.error)
    assert "memory" in said or "hidden" in said
    assert "\n" not in said


def tensors() -> object:
    return torch.empty(1 << 55, dtype=torch.uint8)


def arrays() -> object:
    return np.empty(1 << 55, dtype=np.uint8)


def more() -> object:
    return bytearray(1 << 62)


@pytest.mark.fault(22)
@pytest.mark.parametrize("ask", [tensors, arrays, more])
def test_what_the_libraries_say_of_memory_is_understood(ask: Callable[[], object]) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        ask()
    assert out_of_memory(caught.value).startswith("memory has run out (")
    assert out_of_memory(RuntimeError("shapes cannot be multiplied")) == ""


@pytest.mark.fault(23)
@pytest.mark.parametrize("lr", [1e6, 1e38])
def test_a_run_that_diverges_keeps_its_last_good_state_in_its_record(runs: Path, lr: float) -> None:
    controls = Controls()
    sink = RecordSink(runs, controls.recorded_in)
    session = Session(lambda c: training(c, lr=lr, epochs=50), controls, [sink], run_id="r1")
    session.start()
    assert session.join(PATIENCE)
    told = sound(runs / "r1")
    finished = told[-1]
    assert isinstance(finished, RunFinished)
    assert finished.outcome == "diverged"
    assert re.search(r"is the first tensor that is not finite \((NaN|Inf)", finished.detail)
    start = start_from(runs, "r1")
    assert start.step == finished.step - 1
    assert all(t.isfinite().all() for t in start.tensors.values() if t.is_floating_point())
    assert not [e for e in told if isinstance(e, Noted) and e.level == "error"]
