"""Whatever ends the dashboard, the terminal is as it was found: on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAM = """
import sys
from fake_link import FakeLink
from engine.config import RunConfig
from tui.app import DashboardApp

app = DashboardApp(FakeLink(), RunConfig())
if "fail" in sys.argv:
    app.do_help = lambda: 1 / 0
app.run()
sys.exit(app.return_code or 0)
"""
PATIENCE = 60.0
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"


@dataclass
class Terminal:
    """The far end of a terminal on which the program runs."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[object]
    seen: bytes = field(default=b"")

    def until(self, wanted: bytes) -> None:
        """Read until these bytes have come."""
        while wanted not in self.seen:
            readable, _, _ = select.select([self.master], [], [], PATIENCE)
            assert readable, f"{wanted!r} has not come; last: {self.seen[-300:]!r}"
            self.seen += os.read(self.master, 65536)

    def drain_until_the_end(self) -> int:
        """Read all that comes until the program ends; its exit code."""
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 65536)
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536)
        return self.process.returncode

    def assert_restored(self) -> None:
        assert termios.tcgetattr(self.slave) == self.before
        assert LEAVES_ALTERNATE_SCREEN in self.seen
        assert self.seen.rfind(SHOWS_CURSOR) > 0


@pytest.fixture
def arguments(request: pytest.FixtureRequest) -> list[str]:
    return getattr(request, "param", [])


@pytest.fixture
def terminal(repository: Path, arguments: list[str]) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    path = os.pathsep.join([str(repository), str(repository / "tests" / "tui")])
    environ = {**os.environ, "PYTHONPATH": path, "TERM": "xterm-256color"}
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environ,
        start_new_session=True,
    )
    terminal = Terminal(process, master, slave, before)
    terminal.until(b"quit")
    yield terminal
    if process.poll() is None:
        process.kill()
    process.wait()
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_in_order(terminal: Terminal, number: signal.Signals, code: int) -> None:
    terminal.process.send_signal(number)
    assert terminal.drain_until_the_end() == code
    terminal.assert_restored()


def test_quitting_restores_the_terminal(terminal: Terminal) -> None:
    os.write(terminal.master, b"q")
    terminal.until(b"Stop and quit")
    os.write(terminal.master, b"q")
    assert terminal.drain_until_the_end() == 0
    terminal.assert_restored()


@pytest.mark.parametrize("arguments", [["fail"]], indirect=True)
def test_an_error_of_its_own_restores_the_terminal_and_is_shown(terminal: Terminal) -> None:
    os.write(terminal.master, b"?")
    assert terminal.drain_until_the_end() == 1
    terminal.assert_restored()
    assert b"ZeroDivisionError" in terminal.seen


@pytest.mark.fault(12)
def test_nothing_stops_where_no_shell_could_bring_it_back(terminal: Terminal) -> None:
    os.write(terminal.master, b"\x1a")
    terminal.until(b"no shell is here")
    os.write(terminal.master, b"?")
    terminal.until(b"keys")  # it went on: the key after ctrl+z was answered
    assert terminal.process.poll() is None
