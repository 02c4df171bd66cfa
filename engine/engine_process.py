"""An engine process and the socket to it, seen from the front end. Nothing here waits."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from engine import wire
from engine.engine_socket import EngineGoneError, EngineSocket
from engine.host.leftovers import ROOM
from engine.host.private import LOG, clear
from engine.text import clean

SOCKET = "socket"
_ROOT = Path(__file__).parent.parent
_LONGEST_PATH = 100  # bytes; the kernel allows 107
_PATIENCE = 5.0  # seconds for a run to stop at its next step and close its record
_LAST_PATIENCE = 1.0  # seconds more when it has been terminated
_REACHABLE = 60.0  # seconds from its launch in which it must have made its socket
_MOMENT = 0.5  # seconds between the end of its socket and its own
_REAPED = 0.05  # seconds for the kernel to take down what was killed


class EngineProcess:
    """Launches an engine in a session of its own, where it outlives the terminal.

    Its output goes to a log beside its socket, in a directory of its own that goes with it when
    it ends in order. `command` is what runs it, without the arguments; `clock` tells seconds.

    Raises:
        OSError: when it cannot be launched; then nothing is left of it.
    """

    def __init__(
        self,
        runs: Path,
        command: Sequence[str] = (),
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._clock = clock
        self._room = private_room()
        self.log = self._room / LOG
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, self._room, ignore_errors=True)
            self._socket = EngineSocket(self._room / SOCKET, clock)
            undo.callback(self._socket.close)
            self._process = self._launched(runs, command)
            undo.pop_all()
        self._launched_at = clock()

    def _launched(self, runs: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # -P: a directory named "engine" where the user stands must not be taken for this one.
        program = command or (sys.executable, "-P", "-m", "engine.host")
        arguments = ["--socket", str(self._room / SOCKET), "--runs", str(runs)]
        arguments += ["--launcher", str(os.getpid())]
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as log:
            return subprocess.Popen(
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
        self._socket.send(message)

    def receive(self) -> list[wire.Answer]:
        """The answers that have come.

        Raises:
            EngineGoneError: when the engine is gone and every answer has been given.
        """
        ended = self._process.poll() is not None  # before the last look at what it has said
        answers = self._socket.receive()
        if not answers and (ended or self._overdue):
            raise EngineGoneError
        return answers

    def last_words(self) -> str:
        """How it ended and what it wrote last, for people; it names the log."""
        code = self._process.poll()
        if code is None:
            why = f" ({self._socket.failure})" if self._socket.failure else ""
            return f"it does not answer{why}; its log is {self.log}"
        said = self.log.read_bytes()[-4096:] if self.log.exists() else b""
        lines = [clean(line, 200) for line in said.decode(errors="replace").split("\n")]
        last = next(filter(None, reversed(lines)), "")
        return f"{_how(code)}: {last}; its log is {self.log}" if last else _how(code)

    def close(self) -> None:
        """Ask it to end, wait for that a little, and then make it end; idempotent."""
        try:
            self._ask_to_end()
            self._socket.close()
            if not self._ends_within(_PATIENCE):
                self._process.terminate()
                self._ends_within(_LAST_PATIENCE)
        finally:  # whatever interrupts the waiting
            self._socket.close()
            self._process.kill()  # nothing to do when it has ended
            self._process.wait()
            shutil.rmtree(self._room, ignore_errors=True)

    def detach(self) -> None:
        """Leave it to itself: its run goes on, and it ends when that is done; idempotent."""
        self._socket.close()

    def abandon(self) -> None:
        """Let go of an engine that is gone; its log stays when it says something."""
        self._socket.close()
        self._process.kill()
        self._ends_within(_REAPED)
        clear(self._room / SOCKET)

    @property
    def _overdue(self) -> bool:
        """Whether a process that lives has kept its socket closed for too long."""
        if self._socket.hung_up_at is not None:
            return self._clock() - self._socket.hung_up_at >= _MOMENT
        return not self._socket.connected and self._clock() - self._launched_at >= _REACHABLE

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _ask_to_end(self) -> None:
        if self._process.poll() is not None or not self._socket.open:
            return
        if not self._socket.connected:
            self._socket.flush()
        if not self._socket.connected:
            self._process.terminate()  # it has nothing to lose yet
            return
        with contextlib.suppress(OSError):  # then it is ending already
            self._socket.send_at_last(wire.Shutdown(), 1.0)


def private_room() -> Path:
    """A new directory, mode 0700, with a path short enough for a socket in it.

    Raises:
        OSError: when there is no place for one.
    """
    # The last is for machines whose own temporary directories lie too deep, as clusters' do.
    places = (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp")
    for place in filter(_fits, places):
        return Path(tempfile.mkdtemp(prefix=ROOM, dir=place))
    text = "no directory with a short path is there for its socket: set XDG_RUNTIME_DIR to one"
    raise OSError(errno.ENAMETOOLONG, text)


def _fits(place: str) -> bool:
    """Whether a room for a socket can be made there, which is found again from anywhere."""
    room = Path(place) / f"{ROOM}12345678" / SOCKET
    short = len(os.fsencode(room)) <= _LONGEST_PATH
    return room.is_absolute() and short and os.access(place, os.W_OK | os.X_OK)


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
