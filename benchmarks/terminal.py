"""A program on a pseudo-terminal of a given size: bytes out with their times, keys in."""

from __future__ import annotations

import fcntl
import os
import pty
import selectors
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_READ = 1 << 16


@dataclass(frozen=True)
class Chunk:
    """What one read returned, and when (`time.perf_counter`)."""

    at: float
    data: bytes


class SilentError(RuntimeError):
    """The program ended, or never showed what was waited for; the text holds its last bytes."""


class Terminal:
    """A child process whose screen this is; as a context manager it is ended on leaving."""

    def __init__(
        self, command: Sequence[str], columns: int, rows: int, env: dict[str, str]
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | env,
            start_new_session=True,
        )
        os.close(slave)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._master, selectors.EVENT_READ)
        self._tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def press(self, keys: bytes) -> float:
        """Type; returns when."""
        pressed = time.perf_counter()  # not after: the program may answer before this one goes on
        os.write(self._master, keys)
        return pressed

    def read(self, seconds: float) -> list[Chunk]:
        """All that is written within so many seconds."""
        end = time.perf_counter() + seconds
        chunks = []
        while (chunk := self._chunk(end)) is not None:
            chunks.append(chunk)
        return chunks

    def until(self, marker: bytes, seconds: float) -> list[Chunk]:
        """The chunks up to the one that completes the marker.

        Raises:
            SilentError: when it does not come within so many seconds.
        """
        end = time.perf_counter() + seconds
        chunks: list[Chunk] = []
        seen = b""
        while (chunk := self._chunk(end)) is not None:
            chunks.append(chunk)
            seen = seen[-len(marker) :] + chunk.data
            if marker in seen:
                return chunks
        raise SilentError(f"{marker!r} did not appear within {seconds:g} s: {self._tail[-300:]!r}")

    def close(self) -> None:
        """Ask the program to end (SIGTERM), and read until it has."""
        if self._process.poll() is None:
            self._process.terminate()
        end = time.perf_counter() + 10
        with suppress(SilentError):  # it has ended, as it was asked to
            while self._process.poll() is None and time.perf_counter() < end:
                self._chunk(time.perf_counter() + 0.05)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        os.close(self._master)

    def _chunk(self, end: float) -> Chunk | None:
        left = end - time.perf_counter()
        if left <= 0 or not self._selector.select(left):
            return None
        try:
            data = os.read(self._master, _READ)
        except OSError:  # EIO is how Linux says that the other side is closed
            data = b""
        if not data:
            last = self._tail.decode(errors="replace")
            code = self._process.wait()
            raise SilentError(f"ended with exit code {code}; its last words:\n{last}")
        self._tail = (self._tail + data)[-4000:]
        return Chunk(time.perf_counter(), data)


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads that the process has now."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def loaded(pid: int, library: str) -> bool:
    """Whether a library whose path holds this text is mapped into the process."""
    return library in Path(f"/proc/{pid}/maps").read_text()
