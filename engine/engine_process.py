"""An engine process and the socket to it, seen from the front end. Nothing here waits."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine import wire
from engine.host.private import LOG, clear
from engine.text import clean

SOCKET = "socket"
_ROOT = Path(__file__).parent.parent
_LONGEST_PATH = 100  # bytes; the kernel allows 107
_PATIENCE = 5.0  # seconds for a run to stop at its next step and close its record


class EngineGoneError(Exception):
    """The engine process has ended, or does not answer any more."""


class EngineProcess:
    """Launches an engine in a session of its own, where it outlives the terminal.

    Its output goes to a log beside its socket, in a directory of its own that goes with it when
    it ends in order. `command` is what runs it, without the arguments.

    Raises:
        OSError: when it cannot be launched.
    """

    def __init__(self, runs: Path, command: Sequence[str] = ()) -> None:
        self._room = _private_room()
        self.log = self._room / LOG
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._connected = False
        self._lines = wire.Lines()
        self._waiting = bytearray()
        # -P: a directory named "engine" where the user stands must not be taken for this one.
        program = command or (sys.executable, "-P", "-m", "engine.host")
        arguments = ["--socket", str(self._room / SOCKET), "--runs", str(runs)]
        arguments += ["--launcher", str(os.getpid())]
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as log:
            self._process = subprocess.Popen(
                [*program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(os.environ),
                start_new_session=True,
                close_fds=True,
            )

    @property
    def pid(self) -> int:
        """The engine's process id, for messages."""
        return self._process.pid

    def send(self, message: wire.Message) -> None:
        """Send a request as soon as the engine takes it."""
        self._waiting += wire.encode(message)
        self._flush()

    def receive(self) -> list[wire.Answer]:
        """The answers that have come.

        Raises:
            EngineGoneError: when the engine is gone and every answer has been given.
        """
        ended = self._process.poll() is not None
        self._flush()
        if not self._connected:
            if ended:
                raise EngineGoneError
            return []
        answers: list[wire.Answer] = []
        try:
            while data := self._socket.recv(1 << 16):
                answers += map(wire.answer, self._lines.feed(data))
        except BlockingIOError:
            return answers
        except (OSError, ValueError) as error:
            raise EngineGoneError from error
        if answers:
            return answers
        raise EngineGoneError

    def last_words(self) -> str:
        """How it ended and what it wrote last, for people; it names the log."""
        try:
            code = self._process.wait(0.5)  # its socket closes a moment before it ends
        except subprocess.TimeoutExpired:
            return f"it does not answer; its log is {self.log}"
        said = self.log.read_bytes()[-4096:] if self.log.exists() else b""
        lines = [clean(line, 200) for line in said.decode(errors="replace").split("\n")]
        last = next(filter(None, reversed(lines)), "")
        return f"{_how(code)}: {last}; its log is {self.log}" if last else _how(code)

    def close(self) -> None:
        """Ask it to end, wait for that a little, and then make it end; idempotent."""
        self._ask_to_end()
        self._socket.close()
        for force in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(_PATIENCE)
                break
            except subprocess.TimeoutExpired:
                force()
        self._process.wait()
        shutil.rmtree(self._room, ignore_errors=True)

    def abandon(self) -> None:
        """Let go of an engine that is gone; its log stays when it says something."""
        self._socket.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        clear(self._room / SOCKET)

    def _ask_to_end(self) -> None:
        if self._process.poll() is not None or self._socket.fileno() < 0:
            return
        self.send(wire.Shutdown())
        if not self._connected:
            self._process.terminate()  # it has nothing to lose yet
            return
        with contextlib.suppress(OSError):  # then it is ending already
            self._socket.settimeout(1.0)
            self._socket.sendall(self._waiting)

    def _flush(self) -> None:
        try:
            if not self._connected:
                self._socket.connect(str(self._room / SOCKET))
                self._connected = True
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting)]
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            return  # not there yet, or busy
        except OSError:
            self._waiting.clear()  # gone: `receive` tells


def _private_room() -> Path:
    """A new directory, mode 0700, with a path short enough for a socket in it."""
    place = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = place and len(place) < _LONGEST_PATH - 40 and os.access(place, os.W_OK | os.X_OK)
    return Path(tempfile.mkdtemp(prefix="mlp-tui-", dir=place if usable else None))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the child finds this very package, installed or not."""
    environment = dict(given)
    if str(_ROOT) not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths = [str(_ROOT), *filter(None, [given.get("PYTHONPATH", "")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def _how(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
