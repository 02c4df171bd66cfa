"""The engine process's main thread: a loop over the control socket that never does long work."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable

from engine import wire
from engine.controls import Stop
from engine.host.audience import Audience
from engine.host.fetcher import Fetch, Fetcher
from engine.host.forgotten import Forgotten
from engine.host.private import is_own
from engine.host.runner import Runner
from engine.host.viewer import Viewer
from engine.link import Progress, Refused

LOADING = "loading torch"
_LOOK = 1.0  # seconds between two looks, while alone, whether anybody still needs the engine
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BREATH = 0.05  # seconds until a descriptor may be free again
_GRACE = 2.0  # seconds that a preparation or download gets to notice that it is given up


class Server:
    """Serves any number of front ends; the runs outlive them.

    `make_runner(post)` and `fetch` do the work. Until a front end has connected, the loop ends
    when `launcher` (the process that started this one) is gone. When the last one has gone away,
    the run under way goes on to its planned end, or holds until somebody comes back; the loop
    ends with it. One that has held alone for an hour is ended as interrupted.
    """

    def __init__(
        self,
        listener: socket.socket,
        make_runner: Callable[[Callable[[wire.Answer | None], None]], Runner],
        fetch: Fetch,
        *,
        launcher: int = 0,
        loading: Callable[[], bool] = lambda: False,
    ) -> None:
        self._listener = listener
        self._runner = make_runner(self._post)
        self._fetcher = Fetcher(fetch, self._post)
        self._launcher = launcher
        self._loading = loading
        self._selector = selectors.DefaultSelector()
        self._audience = Audience(self._selector)
        self._forgotten = Forgotten()
        self._met = False
        self._asked_to_leave: Stop | None = None
        self._leaving = False
        self._answers: deque[wire.Answer] = deque()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    def terminate(self) -> None:
        """End the run as interrupted and then the loop; safe in a signal handler."""
        self._asked_to_leave = Stop(interrupted=True, reason="the engine was told to end")
        self._ring()

    def serve(self) -> None:
        """Serve until nobody needs the engine."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ear, selectors.EVENT_READ)
        while not self._done():
            self._turn()
        self._audience.close()
        self._selector.close()
        self._fetcher.end()
        self._fetcher.join(_GRACE)
        self._runner.join(_GRACE)
        self._ear.close()
        self._bell.close()

    def _done(self) -> bool:
        if self._leaving:
            return not self._runner.recording
        if self._audience:
            return False
        if not self._met:
            return self._launcher != 0 and os.getppid() != self._launcher
        return not self._runner.busy and not self._fetcher.busy

    def _turn(self) -> None:
        waiting = None if self._audience else _LOOK
        for key, mask in self._selector.select(waiting):
            if key.fileobj is self._listener:
                self._welcome()
            elif key.fileobj is self._ear:
                self._ear.recv(4096)
            elif mask & selectors.EVENT_READ:
                self._listen(key.data)
        if self._asked_to_leave and not self._leaving:
            self._leaving = True
            self._runner.end(self._asked_to_leave)
        elif self._runner.recording and self._is_forgotten():
            reason = "it held for an hour without a screen; mlp-tui resume goes on with it"
            self._runner.end(Stop(interrupted=True, reason=reason))
        self._runner.advance()
        self._speak()

    def _is_forgotten(self) -> bool:
        return self._forgotten.look(self._runner.told, watched=bool(self._audience))

    def _welcome(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:  # whoever knocks is told of again and again until then
                time.sleep(_BREATH)
            return  # or it went away before it was met
        if not is_own(connection):
            connection.close()
            return
        self._met = True
        newcomer = self._audience.join(connection)
        for told in (self._runner.opened, self._runner.held):
            if newcomer and told:
                newcomer.send(told)  # it sees at once what is under way

    def _listen(self, viewer: Viewer) -> None:
        try:
            for line in viewer.receive():
                self._obey(viewer, line)
        except wire.TooLongError as error:
            viewer.send(wire.Told(news=Refused(str(error))))
            viewer.gone = True

    def _obey(self, viewer: Viewer, line: bytes) -> None:
        try:
            request = wire.request(line)
        except ValueError as error:
            viewer.send(wire.Told(news=Refused(f"the engine was asked nonsense: {error}")))
            return
        match request:
            case _ if self._leaving:
                return
            case wire.Start():
                request = self._audience.numbered(viewer, request)
                if self._loading():
                    self._audience.tell(wire.Told(id=request.id, news=Progress(LOADING)))
                self._runner.start(request)
            case wire.Ask():
                self._runner.ask(request.control, request.run_id)
            case wire.Fetch():
                self._fetcher.start(self._audience.numbered(viewer, request))
            case wire.Shutdown():
                self._asked_to_leave = Stop(reason="the screen was closed")

    def _speak(self) -> None:
        """Send what there is to tell, and notice front ends that have gone away."""
        while self._answers:
            self._audience.tell(self._answers.popleft())
        self._audience.flush()

    def _post(self, answer: wire.Answer | None) -> None:
        if answer is not None:
            self._answers.append(answer)
        self._ring()

    def _ring(self) -> None:
        try:
            self._bell.send(b"!")
        except OSError:
            return  # it rings already, or the loop has ended
