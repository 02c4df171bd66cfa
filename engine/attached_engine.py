"""An engine that another screen has launched: its runs can be seen and steered from here, too."""

from __future__ import annotations

import contextlib
from pathlib import Path

from engine import wire
from engine.engine_socket import EngineGoneError, EngineSocket

_PATIENCE = 5.0  # seconds for a run to stop at its next step and close its record


class AttachedEngine:
    """The engine that is reached at a socket.

    Raises:
        OSError: on creation, when nobody answers there.
    """

    def __init__(self, address: Path) -> None:
        self._address = address
        self._socket = EngineSocket(address)
        try:
            self._socket.connect_within(_PATIENCE)
        except OSError:
            self._socket.close()
            raise

    def send(self, message: wire.Message) -> None:
        """Send a request as soon as the engine takes it."""
        self._socket.send(message)

    def receive(self) -> list[wire.Answer]:
        """The answers that have come.

        Raises:
            EngineGoneError: when it has hung up and every answer has been given.
        """
        answers = self._socket.receive()
        if not answers and not self._socket.open:
            raise EngineGoneError
        return answers

    def last_words(self) -> str:
        """What is known of its end, for people."""
        why = f" ({self._socket.failure})" if self._socket.failure else ""
        return f"it has closed its socket {self._address}{why}"

    def close(self) -> None:
        """Ask it to end, and wait for that a little; idempotent."""
        if self._socket.open:
            with contextlib.suppress(OSError):  # then it is ending already
                self._socket.send_at_last(wire.Shutdown(), 1.0)
                self._socket.closed_within(_PATIENCE)
        self._socket.close()

    def detach(self) -> None:
        """Leave it to itself; idempotent."""
        self._socket.close()

    abandon = detach
