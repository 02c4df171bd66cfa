"""The socket to an engine, seen from the front end. Nothing here waits."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from engine import wire
from engine.text import clean


class EngineGoneError(Exception):
    """The engine has ended, or does not answer any more."""


class EngineSocket:
    """Sends requests and takes answers as soon as the other end is ready for them.

    `connected` once it has been, `hung_up_at` the clock's time at which either end has hung up,
    with what failed in `failure`.

    Raises:
        OSError: on creation, when there is no socket to be had.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        self.connected = False
        self.hung_up_at: float | None = None
        self.failure = ""
        self._path = path
        self._clock = clock
        self._lines = wire.Lines()
        self._waiting = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)

    @property
    def open(self) -> bool:
        """Whether something can still be sent."""
        return self.hung_up_at is None and self._socket.fileno() >= 0

    def connect_within(self, seconds: float) -> None:
        """Connect now, waiting up to so many seconds for an engine that is busy.

        Raises:
            OSError: when nobody answers.
        """
        self._socket.settimeout(seconds)
        self._socket.connect(str(self._path))
        self._socket.setblocking(False)
        self.connected = True

    def send(self, message: wire.Message) -> None:
        """Send a request as soon as the engine takes it."""
        self._waiting += wire.encode(message)
        self.flush()

    def flush(self) -> None:
        """Connect, and send what waits, as far as that goes now."""
        if not self.open:
            self._waiting.clear()
            return
        try:
            if not self.connected:
                self._socket.connect(str(self._path))
                self.connected = True
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting)]
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            return  # not there yet, or busy
        except OSError as error:
            self._hang_up(str(error))

    def receive(self) -> list[wire.Answer]:
        """The answers that have come, also before the engine has hung up: they may say why."""
        self.flush()
        answers: list[wire.Answer] = []
        if not self.connected or self._socket.fileno() < 0:
            return answers
        try:
            while data := self._socket.recv(1 << 16):
                answers += map(wire.answer, self._lines.feed(data))
        except BlockingIOError:
            return answers
        except (OSError, ValueError) as error:
            self.close()  # what follows nonsense is not read
            self._hang_up(str(error))
            return answers
        self._hang_up()
        return answers

    def send_at_last(self, message: wire.Message, seconds: float) -> None:
        """Send a last request, waiting up to so many seconds for the engine to take it.

        Raises:
            OSError: when it does not.
        """
        self.send(message)
        self._socket.settimeout(seconds)
        self._socket.sendall(self._waiting)

    def closed_within(self, seconds: float) -> bool:
        """Wait for the engine to hang up; whether it did. What it says meanwhile is dropped."""
        try:
            self._socket.settimeout(seconds)
            while self._socket.recv(1 << 16):
                continue
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Hang up; idempotent."""
        self._socket.close()

    def _hang_up(self, failure: str = "") -> None:
        """Remember that nothing can be said or heard any more."""
        if self.hung_up_at is None:
            self.hung_up_at, self.failure = self._clock(), clean(failure, 200)
