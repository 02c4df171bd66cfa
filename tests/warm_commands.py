"""Commands in processes of their own that need not load torch first: forked off one that has.

Everything else is as when a person runs them: standard streams, environment, working directory,
signals, the way of ending. A command that is to load nothing is no test for this.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

NURSERY = Path(__file__).with_name("nursery.py")
RUN = "import runpy; runpy.run_module('cli', run_name='__main__', alter_sys=True)"
_LENGTH = 8  # bytes before each request that say how long it is


class Command:
    """A command that runs, with as much of `subprocess.Popen` as a test wants of it."""

    def __init__(self, pid: int, status: int, stdout: int | None, stderr: int | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout: BinaryIO | None = None if stdout is None else os.fdopen(stdout, "rb")
        self.stderr: BinaryIO | None = None if stderr is None else os.fdopen(stderr, "rb")
        self._status = os.fdopen(status, "rb", buffering=0)

    def poll(self) -> int | None:
        """Its exit code (−n: by signal n), or None while it runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it has ended.

        Raises:
            subprocess.TimeoutExpired: when that takes more than `timeout` seconds.
        """
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired([], timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._status.read(_LENGTH)))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end, unless it has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> tuple[bytes, bytes]:
        """What it writes to its end on the streams that are pipes."""
        err: list[bytes] = []
        reader = threading.Thread(target=lambda: err.append(_rest(self.stderr)))
        reader.start()
        out = _rest(self.stdout)
        reader.join()
        self.wait()
        return out, err[0]

    def close(self) -> None:
        """Wait for its end, with nobody at its pipes any more."""
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()
        self.wait()
        self._status.close()

    def __enter__(self) -> Command:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class WarmCommands:
    """The process that has torch loaded, and what is forked off it."""

    def __init__(self, repository: Path) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(NURSERY), str(theirs.fileno()), str(repository)],
                pass_fds=[theirs.fileno()],
                # What has threads cannot be forked safely.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "GOMP_SPINCOUNT": "2000"},
            )
        self.pid = self._process.pid
        self._cwd = str(repository)

    def start(
        self,
        words: Sequence[str],
        *,
        stdout: int | None = None,
        stderr: int | None = None,
        before: str = "",
        program: str = RUN,
    ) -> Command:
        """Run ``mlp-tui`` with these words, or the source `program` after `before`.

        What it writes goes into pipes, or to the descriptors given.
        """
        asked = {
            "argv": ["mlp-tui", *words],
            "source": f"{before}\n{program}",
            "cwd": self._cwd,
            "env": {**os.environ},
        }
        message = json.dumps(asked).encode()
        nothing = os.open(os.devnull, os.O_RDONLY)
        out, out_end = os.pipe() if stdout is None else (None, os.dup(stdout))
        err, err_end = os.pipe() if stderr is None else (None, os.dup(stderr))
        status, status_end = os.pipe()
        ends = [nothing, out_end, err_end, status_end]
        socket.send_fds(self._socket, [len(message).to_bytes(_LENGTH, "big")], ends)
        self._socket.sendall(message)
        for end in ends:
            os.close(end)
        pid = int.from_bytes(self._socket.recv(_LENGTH, socket.MSG_WAITALL), "big")
        assert pid, "the process that commands are forked off is gone"
        return Command(pid, status, out, err)

    def close(self) -> None:
        """End the process; the commands have ended before."""
        self._socket.close()
        self._process.wait()


def _rest(stream: BinaryIO | None) -> bytes:
    return stream.read() if stream else b""
