"""Faults of engines on one machine: two on a run, killed ones, and numbers used again."""

from __future__ import annotations

import ast
import fcntl
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_bench import PATIENCE, R1, recorded

from engine import wire
from engine.errors import BadInput
from engine.process_link import attached
from engine.store import catalogue
from engine.store.layout import HEAD, LOG
from engine.store.record import RecordError, RecordSink, is_being_written

WRITER = """
import sys, time
from pathlib import Path
from engine.events import RunStarted
from engine.store.record import RecordSink
sink = RecordSink(Path(sys.argv[1]))
sink.accept(RunStarted(seq=0, run_id="r1", experiment="train", config={}))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(runs: Path, repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that writes the record of run r1."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(runs)],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


@pytest.mark.fault(20)
def test_a_second_engine_on_a_run_is_refused(runs: Path, other: subprocess.Popen[bytes]) -> None:
    log = runs / "r1" / LOG
    before = log.read_bytes()
    with pytest.raises(RecordError, match="File exists"):
        RecordSink(runs).accept(R1)
    with log.open("ab") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(BadInput, match="under way"):
        catalogue.remove(runs, "r1")
    assert is_being_written(runs / "r1")
    assert log.read_bytes() == before


@pytest.mark.fault(18)
def test_the_lock_of_a_killed_engine_holds_nobody_up(
    runs: Path, other: subprocess.Popen[bytes]
) -> None:
    assert catalogue.entry(runs, "r1").state == "running"
    other.kill()
    other.wait()
    assert catalogue.entry(runs, "r1").state == "crashed"
    catalogue.remove(runs, "r1")
    assert catalogue.entries(runs) == []


@pytest.mark.fault(19)
def test_a_reused_pid_is_never_signalled(runs: Path, tmp_path: Path) -> None:
    live = recorded(runs, close=False)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1) as it:
        head = json.loads((runs / "r1" / HEAD).read_text())
        head |= {"pid": it.pid, "address": str(tmp_path / "nobody")}
        (runs / "r1" / HEAD).write_text(json.dumps(head))
        with pytest.raises(BadInput, match="does not answer"):
            attached(runs, "r1")
        live.close()
        with pytest.raises(BadInput, match="not under way"):
            attached(runs, "r1")
        catalogue.remove(runs, "r1")
        assert it.poll() is None
        it.kill()


@pytest.mark.fault(19)
def test_no_signal_goes_by_a_number_that_was_read(repository: Path) -> None:
    """Signals go to children through their handles, which the kernel keeps from being reused."""
    signalling = ("os.kill", "os.killpg", "signal.pidfd_send_signal")
    found = [
        f"{path}:{node.lineno}"
        for area in ("engine", "tui", "cli")
        for path in (repository / area).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in signalling
    ]
    assert found == []


@pytest.mark.fault(18)
def test_a_socket_that_a_killed_engine_left_is_taken_over(tmp_path: Path) -> None:
    program = Path(__file__).with_name("fast_engine.py")
    room = tmp_path / "s"
    room.mkdir(mode=0o700)
    words = [sys.executable, str(program), "--socket", str(room / "x"), "--runs", str(tmp_path)]

    for last in (False, True):
        with subprocess.Popen(words) as engine:
            with connected(room / "x", engine) as client:
                if last:
                    client.sendall(wire.encode(wire.Shutdown()))
                    assert engine.wait(PATIENCE) == 0
            engine.kill()
    assert not (room / "x").exists()


def connected(path: Path, engine: subprocess.Popen[bytes]) -> socket.socket:
    """A connection to an engine, once it serves."""
    while engine.poll() is None:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
        except OSError:
            client.close()
        else:
            return client
    raise AssertionError(f"the engine has ended with {engine.returncode}")
