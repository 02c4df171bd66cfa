"""``mlp-tui runs stop``: what an engine is asked, and what is said of what came of it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli import stopping
from cli.main import main
from engine import events, wire
from engine.controls import Stop
from engine.host.private import listen
from engine.link import Refused
from engine.store import catalogue
from engine.store.record import RecordSink

PARENT, RUN = "20251009-080000-aaaaaa", "20251010-080000-bbbbbb"
ASKED = wire.Ask(control=Stop(reason="stopped by mlp-tui runs stop"), run_id=RUN)
PATIENCE = 20.0
Answering = Callable[[socket.socket], object]


class Engine:
    """The socket of an engine, and the record of the run that is under way in it."""

    def __init__(self, listener: socket.socket, sink: RecordSink) -> None:
        self.listener = listener
        self.sink = sink
        self.asked: list[wire.Request] = []

    def meet(self, answering: Answering) -> None:
        """Meet one front end: take its request, answer, and hang up."""
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            self.asked.append(wire.request(lines.readline()[:-1]))
            answering(connection)

    def end(self, outcome: events.Outcome = "stopped", step: int = 777) -> None:
        """Close the record in order."""
        self.sink.accept(events.RunFinished(outcome=outcome, detail="", step=step, seq=1))
        self.sink.close()


def begin(runs: Path, run_id: str, continues: str = "", address: str = "") -> RecordSink:
    sink = RecordSink(runs, address=address)
    sink.accept(
        events.RunStarted(run_id=run_id, experiment="train", config={}, continues=continues, seq=0)
    )
    return sink


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def engine(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One in which a run goes on from another that was stopped at step 412."""
    with closing(begin(runs, PARENT)) as parent:
        parent.accept(events.RunFinished(outcome="stopped", detail="", step=412, seq=1))
    path = tmp_path_factory.mktemp("s") / "socket"
    with listen(path) as listener, closing(begin(runs, RUN, PARENT, str(path))) as sink:
        listener.settimeout(PATIENCE)
        yield Engine(listener, sink)


@pytest.fixture
def stop(
    engine: Engine, runs: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[Answering], tuple[int, str, str]]:
    """Stops the run with an engine that answers like this; exit code, output and error."""

    def command(answering: Answering) -> tuple[int, str, str]:
        thread = threading.Thread(target=engine.meet, args=(answering,))
        thread.start()
        try:
            code = main(["runs", "stop", RUN, "--runs-dir", str(runs)])
        finally:
            thread.join(PATIENCE)
        assert engine.asked == [ASKED]
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_the_end_that_is_told_is_of_the_run_itself(
    engine: Engine, runs: Path, stop: Callable[[Answering], tuple[int, str, str]]
) -> None:
    assert [each.name for each in catalogue.lineage(runs, RUN)] == [PARENT, RUN]
    assert stop(lambda _: engine.end()) == (0, "stopped at step 777\n", "")


def test_one_that_came_to_its_own_end_meanwhile_is_told_so(
    engine: Engine, stop: Callable[[Answering], tuple[int, str, str]]
) -> None:
    assert stop(lambda _: engine.end("completed", 5000)) == (0, "completed at step 5,000\n", "")


def test_an_engine_that_dies_instead_is_a_failure(
    stop: Callable[[Answering], tuple[int, str, str]],
) -> None:
    code, out, err = stop(lambda connection: None)
    assert (code, out) == (1, "")
    assert err.startswith(f"mlp-tui: run {RUN} was not stopped: its engine is gone: it has closed")
    assert len(err.splitlines()) == 1


def test_an_engine_that_leaves_its_record_without_an_end_is_a_failure(
    engine: Engine, stop: Callable[[Answering], tuple[int, str, str]]
) -> None:
    code, out, err = stop(lambda connection: (engine.sink.close(), connection.recv(1)))
    assert (code, out) == (1, "")
    assert "its engine has ended without closing its record" in err


def test_why_an_engine_refuses_is_said(stop: Callable[[Answering], tuple[int, str, str]]) -> None:
    told = wire.Told(news=Refused("32 screens are connected to this engine: close one of them"))
    assert stop(lambda connection: connection.sendall(wire.encode(told))) == (
        1,
        "",
        f"mlp-tui: run {RUN} was not stopped: 32 screens are connected to this engine: "
        "close one of them\n",
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (b"", f"the engine of run {RUN} (process {os.getpid()}) does not answer"),
        (
            wire.encode(wire.RunOpened(run_id=RUN, directory="/")),
            f"run {RUN} has not come to its end yet",
        ),
    ],
    ids=["silent", "busy"],
)
def test_waiting_is_explained_once_and_can_be_given_up(
    engine: Engine, runs: Path, monkeypatch: pytest.MonkeyPatch, told: bytes, sentence: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr(stopping, "PATIENCE", 0.0)
    monkeypatch.setattr(stopping, "warn", said.append)
    waits = iter(range(3))
    monkeypatch.setattr(stopping, "_LOOK", 0.0)
    met: list[socket.socket] = []

    def answering(self: object) -> list[wire.Answer]:
        if not met:
            met.append(engine.listener.accept()[0])
            met[0].sendall(told)
        if next(waits, None) is None:
            raise KeyboardInterrupt
        return receive(self)  # type: ignore[arg-type]

    receive = stopping.AttachedEngine.receive
    monkeypatch.setattr(stopping.AttachedEngine, "receive", answering)
    assert main(["runs", "stop", RUN, "--runs-dir", str(runs)]) == 130
    assert len(said) == 1 and sentence in said[0] and "ctrl+c" in said[0]
    with met[0], met[0].makefile("rb") as lines:
        assert wire.request(lines.readline()[:-1]) == ASKED
        assert lines.read() == b""  # it has hung up, and its request stays
