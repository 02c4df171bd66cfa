"""Events as JSON lines on standard output, with nothing else among them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from engine.errors import BadInput
from engine.events import Event, encode


def take_stdout() -> int:
    """A private descriptor of standard output; from now on all other output goes to stderr.

    That covers native code too: CUDA and OpenMP write to descriptor 1 without asking Python.

    Raises:
        BadInput: when standard output or standard error is closed.
    """
    try:
        sys.stdout.flush()
        private = os.dup(1)
        os.set_blocking(private, True)  # a reader that is behind makes the writer wait
        os.dup2(2, 1)
    except (OSError, AttributeError):
        raise BadInput("--json needs an open standard output and standard error") from None
    return private


def printable(json: bytes) -> bytes:
    """The same JSON with every sign escaped that could steer a terminal (C1, bidi, DEL)."""
    if json.isascii() and b"\x7f" not in json:
        return json  # what is below a space JSON escapes by itself
    return "".join(c if c.isprintable() else _escaped(c) for c in json.decode()).encode()


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


class JsonLines:
    """A sink that writes one line for each event to a descriptor it owns.

    When the line cannot be written, `on_failure` is called once and nothing more is written;
    `failure` is the reason, unless the reader merely closed the pipe: then `unread` is True.
    """

    def __init__(self, descriptor: int, on_failure: Callable[[], None]) -> None:
        self.failure: OSError | None = None
        self.unread = False
        self._descriptor = descriptor
        self._on_failure = on_failure
        self._open = True

    def accept(self, event: Event) -> None:
        """Write the event at once, whole."""
        if not self._open:
            return
        try:
            self._write(printable(encode(event)) + b"\n")
        except OSError as error:
            self.unread = isinstance(error, BrokenPipeError)
            self.failure = None if self.unread else error
            self._open = False
            self._on_failure()

    def close(self) -> None:
        """Close the descriptor, so that the reader sees the end; idempotent."""
        self._open = False
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
