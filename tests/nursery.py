"""A process that has loaded what a run needs, and forks a command off itself when asked to.

Started with the number of a socket and the root of the checkout. A request is its length in
eight bytes, with the command's standard streams and a pipe for its exit status, and then JSON.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
from typing import Any, NamedTuple, NoReturn

_LENGTH = 8
UNFLUSHED = 120  # the interpreter's exit code when its standard streams cannot be flushed


class Request(NamedTuple):
    """A command: its words, what it runs, where, and its streams and status to tell."""

    told: dict[str, Any]
    streams: list[int]
    status: int


def main(asked_on: socket.socket) -> Request | None:
    """Answer requests to their end, in which case None comes back; in a command, its request."""
    waker, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken)
    statuses: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([waker, asked_on], [], [])
        if waker in ready:
            os.read(waker, 64)
            reap(statuses)
        if asked_on in ready:
            request = received(asked_on)
            if request is None:
                return None
            pid = os.fork()
            if pid == 0:
                break
            statuses[pid] = request.status
            for stream in request.streams:
                os.close(stream)
            asked_on.sendall(pid.to_bytes(_LENGTH, "big"))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for mine in (waker, woken, request.status, *statuses.values()):
        os.close(mine)
    asked_on.close()
    return request


def received(asked_on: socket.socket) -> Request | None:
    """The next request, if there is to be another."""
    length, fds, _, _ = socket.recv_fds(asked_on, _LENGTH, 4)
    if not length:
        return None
    told = json.loads(asked_on.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
    return Request(told, fds[:-1], fds[-1])


def reap(statuses: dict[int, int]) -> None:
    """Tell the exit status of every command that has ended."""
    while statuses:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with os.fdopen(statuses.pop(pid), "wb") as told:
            told.write(b"%8d" % status)


def become(request: Request) -> None:
    """Take on the streams, environment, directory and words of a command."""
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(request.told["env"])
    os.chdir(request.told["cwd"])
    sys.argv[:] = request.told["argv"]


def end(code: object) -> NoReturn:
    """End as the interpreter does, except that what torch has loaded is not taken down first.

    That would be three times the work of a short command.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = UNFLUSHED
    assert isinstance(code, int)
    os._exit(code)


if __name__ == "__main__":
    sys.path[0] = sys.argv[2]
    import engine.experiments
    import engine.training.run  # noqa: F401

    gc.freeze()  # what is loaded now is shared by all
    command = main(socket.socket(fileno=int(sys.argv[1])))
    if command:
        become(command)
        try:
            exec(command.told["source"])
        except SystemExit as left:
            end(left.code)
