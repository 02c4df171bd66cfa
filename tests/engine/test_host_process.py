"""The engine process: signals, shutting down, and what it does when left alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from fake_engine import EXPERIMENTS, FOREVER
from host_client import PATIENCE, Client, fetch_two, outcome

from engine import wire
from engine.controls import Pause, Stop
from engine.events import RunStarted
from engine.host.private import listen
from engine.host.run import Means
from engine.host.runner import Runner
from engine.host.server import Server
from engine.link import Progress
from engine.store.checkpoint import start_from
from engine.store.layout import LOG
from engine.store.reader import read
from engine.store.record import RecordSink

PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_engine.py")))


class Engine:
    """An engine in a process of its own."""

    def __init__(self, room: Path, runs: Path, *, launcher: int = 0) -> None:
        self.path = room / "socket"
        words = ["--socket", str(self.path), "--runs", str(runs), "--launcher", str(launcher)]
        root = Path(__file__).resolve().parents[2]
        self.process = subprocess.Popen(
            [*PROGRAM, *words],
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def client(self) -> Client:
        for _ in range(2000):
            try:
                return Client(self.path)
            except (FileNotFoundError, ConnectionRefusedError):
                threading.Event().wait(0.01)
        raise AssertionError("the engine does not answer")

    def ended(self) -> int:
        code = self.process.wait(PATIENCE)
        assert not self.path.exists()
        return code


@pytest.fixture
def engine(room: Path, runs: Path) -> Iterator[Engine]:
    engine = Engine(room, runs)
    yield engine
    engine.process.kill()
    engine.process.communicate()


def begun(engine: Engine, **config: object) -> tuple[Client, wire.RunOpened]:
    client = engine.client()
    client.start(1, **config)  # type: ignore[arg-type]
    return client, client.wait(wire.RunOpened)


@pytest.mark.fault(13)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_in_order(engine: Engine, number: int) -> None:
    client, opened = begun(engine, epochs=FOREVER)
    engine.process.send_signal(number)
    assert client.wait(wire.RunEnded).finished.outcome == "interrupted"
    assert engine.ended() == 0
    assert outcome(opened.directory) == ("interrupted", "the engine was told to end")
    client.close()


@pytest.mark.fault(13)
def test_a_second_signal_does_not_wait(engine: Engine) -> None:
    client = engine.client()
    client.start(1, "stubborn")
    client.wait(wire.RunOpened)
    while engine.process.poll() is None:
        engine.process.terminate()
        threading.Event().wait(0.01)
    assert engine.process.returncode == 128 + signal.SIGTERM
    client.close()


@pytest.mark.fault(11)
def test_a_hangup_changes_nothing(engine: Engine) -> None:
    client, _ = begun(engine, epochs=FOREVER)
    engine.process.send_signal(signal.SIGHUP)
    client.ask(Stop(reason="enough"))
    assert client.wait(wire.RunEnded).finished.detail == "enough"
    client.send(wire.Shutdown())
    assert engine.ended() == 0
    client.close()


def test_a_shutdown_ends_the_run_and_the_engine(engine: Engine) -> None:
    client, opened = begun(engine, epochs=FOREVER)
    client.send(wire.Shutdown())
    assert engine.ended() == 0
    assert outcome(opened.directory) == ("stopped", "the screen was closed")
    client.close()


def test_a_shutdown_does_not_wait_for_a_preparation(engine: Engine, runs: Path) -> None:
    client = engine.client()
    client.start(1, "preparing")
    client.wait(Progress)
    client.send(wire.Shutdown())
    assert engine.ended() == 0
    assert not runs.exists()
    client.close()


def test_left_alone_it_finishes_the_run_and_ends(engine: Engine) -> None:
    client, opened = begun(engine, epochs=100)
    client.close()
    assert engine.ended() == 0
    assert outcome(opened.directory) == ("completed", "done")
    first, *_ = read(Path(opened.directory) / LOG)
    assert isinstance(first, RunStarted)


def test_left_alone_while_paused_it_waits_for_somebody(engine: Engine) -> None:
    client, opened = begun(engine, epochs=FOREVER)
    client.ask(Pause())
    client.close()
    back = engine.client()
    assert back.wait(wire.RunOpened).directory == opened.directory
    back.ask(Stop(reason="enough"))
    back.wait(wire.RunEnded)
    back.close()
    assert engine.ended() == 0
    assert outcome(opened.directory) == ("stopped", "enough")


def test_forgotten_while_paused_it_ends_the_run_as_interrupted(
    room: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.host.forgotten.PATIENCE", 0.0)
    listener = listen(room / "socket")

    def make_runner(post: Callable[[wire.Answer | None], None]) -> Runner:
        sinks = lambda opened: [RecordSink(runs, opened)]  # noqa: E731
        return Runner(EXPERIMENTS, Means(sinks, partial(start_from, runs), post))

    thread = threading.Thread(target=Server(listener, make_runner, fetch_two).serve)
    thread.start()
    client = Client(room / "socket")
    client.start(1, epochs=FOREVER)
    opened = client.wait(wire.RunOpened)
    client.ask(Pause())
    client.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    listener.close()
    how, why = outcome(opened.directory)
    assert how == "interrupted"
    assert "mlp-tui resume" in why


def test_left_alone_without_a_run_it_ends(engine: Engine) -> None:
    engine.client().close()
    assert engine.ended() == 0


def test_it_ends_when_its_launcher_is_gone_before_it_has_connected(room: Path, runs: Path) -> None:
    # Its parent is this process, so a launcher of another number has gone already.
    engine = Engine(room, runs, launcher=2**22 + 1)
    assert engine.ended() == 0
    engine.process.communicate()


@pytest.mark.fault(16)
def test_a_viewer_that_does_not_read_costs_the_run_nothing(engine: Engine) -> None:
    client, opened = begun(engine, epochs=200)
    for _ in range(500):
        client.socket.sendall(b"nonsense\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert engine.ended() == 0
    assert outcome(opened.directory) == ("completed", "done")
    client.close()


def test_a_socket_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path, runs: Path) -> None:
    tmp_path.chmod(0o755)
    engine = Engine(tmp_path, runs)
    said = engine.process.communicate(timeout=PATIENCE)[1].decode()
    assert engine.process.returncode == 2
    assert said.count("\n") == 1
    assert "0700" in said


def test_what_a_killed_engine_has_left_goes_with_the_start_of_the_next(
    room: Path, runs: Path
) -> None:
    first = Engine(room / "mlp-tui-first", runs)
    first.client().close()
    first.process.kill()
    first.process.communicate()
    assert first.path.is_socket()
    second = Engine(room / "mlp-tui-second", runs)
    try:
        client = second.client()
        client.start(1, epochs=1)
        client.wait(wire.RunEnded)  # it serves
        client.close()
        assert not first.path.exists()
    finally:
        second.process.kill()
        second.process.communicate()
