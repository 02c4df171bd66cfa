"""A connection to a front end: whole lines in, whole lines out, and no waiting."""

from __future__ import annotations

import socket

from engine import wire

BACKLOG = 4 << 20
"""Bytes that may wait for a front end that does not read; then it is given up."""


class Viewer:
    """The other end of a connection. `gone` once it has closed, failed or stopped reading.

    One that has hung up is gone only when everything is read that it had asked for before.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.gone = False
        self._hears = True
        self._lines = wire.Lines()
        self._waiting = bytearray()

    @property
    def has_more(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._waiting)

    def receive(self) -> list[bytes]:
        """The lines that have arrived.

        Raises:
            wire.TooLongError: when one does not end.
        """
        try:
            data = self.connection.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.gone = True
            return []
        return self._lines.feed(data)

    def send(self, answer: wire.Answer) -> None:
        """Send now what can be sent, and the rest at the next `flush`."""
        if self._hears:
            self._waiting += wire.encode(answer)
            self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        try:
            while self._waiting and not self.gone:
                del self._waiting[: self.connection.send(self._waiting)]
        except BlockingIOError:
            self.gone = len(self._waiting) > BACKLOG
        except (BrokenPipeError, ConnectionResetError):
            self._hears = False  # what it has asked for may still lie in the socket
            self._waiting.clear()
        except OSError:
            self.gone = True

    def close(self) -> None:
        """Hang up."""
        self.gone = True
        self.connection.close()
