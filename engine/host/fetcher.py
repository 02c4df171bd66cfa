"""Downloads of data sets, one at a time, beside whatever runs."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable

from engine import wire
from engine.controls import Report
from engine.errors import BadInput
from engine.host.run import Superseded
from engine.link import Fetched, Progress, Refused
from engine.session import readable

Fetch = Callable[[str, str, Report], object]


class Fetcher:
    """Answers fetch requests with `Progress`, and then `Fetched` or `Refused`.

    `fetch(data, data_dir, report)` does the work on a thread; what `report` raises ends it.
    """

    def __init__(self, fetch: Fetch, post: Callable[[wire.Answer | None], None]) -> None:
        self._fetch = fetch
        self._post = post
        self._thread: threading.Thread | None = None
        self._given_up = False
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a download is under way; not any more when its last word is posted."""
        return self._busy

    def start(self, request: wire.Fetch) -> None:
        """Begin a download, unless one is under way."""
        if self.busy:
            text = f"{request.data} was not fetched: another download is under way"
            self._post(wire.Told(id=request.id, news=Refused(text, "fetch")))
            return
        self._busy = True
        self._thread = threading.Thread(
            target=self._work, args=(request,), name="fetcher", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Give the download up at its next report."""
        self._given_up = True

    def join(self, timeout: float) -> bool:
        """Wait for the end of a download; whether there is none."""
        if self._thread:
            self._thread.join(timeout)
        return not self.busy

    def _work(self, request: wire.Fetch) -> None:
        answer = None
        try:
            answer = self._answer(request)
        finally:
            self._busy = False  # whoever the post wakes must not find it busy and sleep again
            self._post(answer)

    def _answer(self, request: wire.Fetch) -> wire.Answer | None:
        def report(text: str, done: float, total: float) -> None:
            if self._given_up:
                raise Superseded
            self._post(wire.Told(id=request.id, news=Progress(text, done, total)))

        news: Fetched | Refused
        try:
            self._fetch(request.data, request.data_dir, report)
            news = Fetched(request.data)
        except Superseded:
            return None
        except BadInput as error:
            news = Refused(str(error), "fetch")
        except Exception as error:  # told below, and in the log
            traceback.print_exc(file=sys.stderr)
            news = Refused(readable(error), "fetch")
        return wire.Told(id=request.id, news=news)
