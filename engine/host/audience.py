"""Everybody who is connected to an engine: who asked what, and who is told."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from itertools import count
from typing import TypeVar

import msgspec

from engine import wire
from engine.host.viewer import Viewer
from engine.link import Refused

MOST = 32
"""Screens at once; more are a mistake, and each holds a descriptor."""
_REMEMBERED = 4096
"""Requests whose asker is known; what comes of an older one is told to nobody."""
RequestT = TypeVar("RequestT", bound=wire.Message)


class Audience:
    """The connected front ends, each in `selector` with itself as its data.

    The runs of an engine are everybody's: what opens and ends is told to all. Each front end
    counts its own requests, so they are renumbered here, and an answer goes back to its asker
    under the asker's number.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._viewers: list[Viewer] = []
        self._askers: dict[int, tuple[Viewer, int]] = {}
        self._numbers = count(1)

    def __bool__(self) -> bool:
        return bool(self._viewers)

    def join(self, connection: socket.socket) -> Viewer | None:
        """One more front end; None, and it is told why, when there are too many."""
        viewer = Viewer(connection)
        if len(self._viewers) >= MOST:
            text = f"{MOST} screens are connected to this engine: close one of them"
            viewer.send(wire.Told(news=Refused(text)))
            viewer.close()
            return None
        self._viewers.append(viewer)
        self._selector.register(connection, selectors.EVENT_READ, viewer)
        return viewer

    def numbered(self, viewer: Viewer, request: RequestT) -> RequestT:
        """The request under a number that no other front end uses."""
        number = next(self._numbers)
        self._askers[number] = (viewer, request.id)
        if len(self._askers) > _REMEMBERED:
            del self._askers[next(iter(self._askers))]
        return msgspec.structs.replace(request, id=number)

    def tell(self, answer: wire.Answer) -> None:
        """Send an answer to whom it concerns."""
        for viewer, id_ in self._concerned(answer):
            viewer.send(msgspec.structs.replace(answer, id=id_))

    def flush(self) -> None:
        """Send what waits, and let go of those who have gone away."""
        for viewer in [*self._viewers]:
            viewer.flush()
            if viewer.gone:
                self._let_go(viewer)
            else:
                write = selectors.EVENT_WRITE if viewer.has_more else 0
                self._selector.modify(viewer.connection, selectors.EVENT_READ | write, viewer)

    def close(self) -> None:
        """Hang up on everybody."""
        for viewer in [*self._viewers]:
            self._let_go(viewer)

    def _concerned(self, answer: wire.Answer) -> Iterator[tuple[Viewer, int]]:
        asker, id_ = self._askers.get(answer.id, (None, 0))
        for viewer in self._viewers:
            if viewer is asker:
                yield viewer, id_
            elif not isinstance(answer, wire.Told):
                yield viewer, 0

    def _let_go(self, viewer: Viewer) -> None:
        self._selector.unregister(viewer.connection)
        self._viewers.remove(viewer)
        viewer.close()
        self._askers = {n: asked for n, asked in self._askers.items() if asked[0] is not viewer}
