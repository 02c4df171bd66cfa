"""An engine process that fails its front end: unreachable, silent, stopped, never launched."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import wire
from engine.engine_process import SOCKET, EngineGoneError, EngineProcess, private_room
from engine.host.private import listen
from engine.link import Fetched

IDLE = (sys.executable, "-c", "import threading; threading.Event().wait()")
TOLD = wire.Told(id=1, news=Fetched("mnist"))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where engines make their directories."""
    place = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    return place


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(place: Path, tmp_path: Path, clock: Clock) -> Iterator[EngineProcess]:
    """A process that lives and does nothing."""
    engine = EngineProcess(tmp_path, IDLE, clock=clock)
    yield engine
    engine._process.kill()
    engine.close()


@pytest.fixture
def answering(engine: EngineProcess) -> Iterator[socket.socket]:
    """The other end of the engine's socket, served by the test."""
    with listen(engine.log.with_name(SOCKET)) as listener:
        assert engine.receive() == []
        listener.setblocking(True)
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            yield connection


def lost(engine: EngineProcess) -> str:
    with pytest.raises(EngineGoneError):
        engine.receive()
    return engine.last_words()


def test_a_process_without_a_socket_is_given_up_after_a_while(
    engine: EngineProcess, clock: Clock
) -> None:
    engine.send(wire.Shutdown())
    clock.now += 59
    assert engine.receive() == []
    clock.now += 1
    assert lost(engine) == f"it does not answer; its log is {engine.log}"


def test_a_socket_that_cannot_be_connected_to_is_said(engine: EngineProcess, clock: Clock) -> None:
    engine.log.with_name(SOCKET).symlink_to(SOCKET)
    engine.send(wire.Shutdown())
    assert engine.receive() == []
    clock.now += 0.5
    assert "symbolic links" in lost(engine)


def test_one_that_hangs_up_and_lives_on_is_lost_after_its_last_answer(
    engine: EngineProcess, answering: socket.socket, clock: Clock
) -> None:
    answering.sendall(wire.encode(TOLD))
    answering.close()
    assert engine.receive() == [TOLD]
    engine.send(wire.Shutdown())
    assert engine.receive() == []  # it may be about to end, and then its exit code is told
    clock.now += 0.5
    assert "does not answer" in lost(engine)


@pytest.mark.fault(38)
def test_one_that_talks_nonsense_is_lost(
    engine: EngineProcess, answering: socket.socket, clock: Clock
) -> None:
    answering.sendall(wire.encode(TOLD) + b"nonsense\n" + wire.encode(TOLD))
    assert engine.receive() == [TOLD]
    clock.now += 0.5
    assert "malformed" in lost(engine)


def test_a_lost_one_is_ended_and_leaves_nothing(engine: EngineProcess, place: Path) -> None:
    engine.abandon()
    assert engine._process.wait(20) == -signal.SIGKILL
    assert list(place.iterdir()) == []


def test_one_that_cannot_be_launched_leaves_nothing(place: Path, tmp_path: Path) -> None:
    before = set(Path("/dev/fd").iterdir())
    with pytest.raises(FileNotFoundError):
        EngineProcess(tmp_path, [str(tmp_path / "none")])
    assert list(place.iterdir()) == []
    assert set(Path("/dev/fd").iterdir()) == before


def test_one_that_is_stopped_is_not_waited_for_long(
    engine: EngineProcess, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine._socket.connected = True  # so that it is asked to end before it is told to
    os.kill(engine.pid, signal.SIGSTOP)
    os.waitpid(engine.pid, os.WUNTRACED)  # a signal that is under way may be overtaken by the next
    waits: list[float | None] = []
    wait = engine._process.wait

    def impatient(timeout: float | None = None) -> int:
        waits.append(timeout)
        return wait(timeout and timeout / 1000)

    monkeypatch.setattr(engine._process, "wait", impatient)
    engine.close()
    assert waits == [5.0, 1.0, None]
    assert engine._process.returncode == -signal.SIGKILL
    assert list(place.iterdir()) == []


def test_an_interrupted_wait_ends_it_all_the_same(
    engine: EngineProcess, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine._socket.connected = True
    wait = engine._process.wait

    def interrupted(timeout: float | None = None) -> int:
        if timeout:
            raise KeyboardInterrupt
        return wait()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(engine._process, "wait", interrupted)
        engine.close()
    assert engine._process.returncode == -signal.SIGKILL
    assert list(place.iterdir()) == []


class TestTheRoomForTheSocket:
    @pytest.fixture(autouse=True)
    def made(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
        made: list[Path] = []
        mkdtemp = tempfile.mkdtemp

        def noted(prefix: str, dir: str) -> str:  # noqa: A002
            made.append(Path(mkdtemp(prefix=prefix, dir=dir)))
            return str(made[-1])

        monkeypatch.setattr(tempfile, "mkdtemp", noted)
        yield made
        for path in made:
            path.rmdir()

    @pytest.mark.parametrize("name", ["d" * 90, "ü" * 45], ids=["letters", "bytes"])
    def test_it_is_short_enough_wherever_the_temporary_directories_lie(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deep = tmp_path / name
        deep.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
        room = private_room()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(room / SOCKET))
        (room / SOCKET).unlink()
        assert stat.S_IMODE(room.stat().st_mode) == 0o700

    def test_a_place_that_is_told_from_here_is_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_RUNTIME_DIR", "here")
        assert private_room().is_absolute()
        assert not [*(tmp_path / "here").iterdir()]

    def test_without_a_place_that_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda place, mode: False)
        with pytest.raises(OSError, match="set XDG_RUNTIME_DIR"):
            private_room()
