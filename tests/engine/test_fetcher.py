"""The fetcher: what it posts, and that nobody waits for it after its last word."""

from __future__ import annotations

import pytest

from engine import wire
from engine.controls import Report
from engine.errors import BadInput
from engine.host.fetcher import Fetcher
from engine.link import Fetched, Progress, Refused

PATIENCE = 20.0


class Posts:
    """Keeps what a fetcher posts, and whether it said then that it was busy."""

    def __init__(self) -> None:
        self.fetcher = Fetcher(self.fetch, self.post)
        self.seen: list[tuple[wire.Answer | None, bool]] = []

    def fetch(self, data: str, data_dir: str, report: Report) -> None:
        report(data, 1, 2)
        if data == "unknown":
            raise BadInput("no such data")
        if data == "broken":
            raise ZeroDivisionError("nobody foresaw this")
        if data == "left":
            self.fetcher.end()
            report(data, 2, 2)

    def post(self, answer: wire.Answer | None) -> None:
        self.seen.append((answer, self.fetcher.busy))


@pytest.mark.parametrize(
    ("data", "last"),
    [
        ("mnist", Fetched("mnist")),
        ("unknown", Refused("no such data", "fetch")),
        ("broken", Refused("ZeroDivisionError: nobody foresaw this", "fetch")),
        ("left", None),
    ],
)
def test_it_is_not_busy_any_more_when_its_last_word_comes(
    data: str, last: Fetched | Refused | None
) -> None:
    posts = Posts()
    posts.fetcher.start(wire.Fetch(id=3, data=data))
    assert posts.fetcher.join(PATIENCE)
    assert posts.seen == [
        (wire.Told(id=3, news=Progress(data, 1, 2)), True),
        (last and wire.Told(id=3, news=last), False),
    ]


def test_a_second_download_is_refused() -> None:
    refused: list[wire.Answer | None] = []

    def fetch(data: str, data_dir: str, report: Report) -> None:
        fetcher.start(wire.Fetch(id=4, data="other"))

    fetcher = Fetcher(fetch, refused.append)
    fetcher.start(wire.Fetch(id=3, data="mnist"))
    assert fetcher.join(PATIENCE)
    text = "other was not fetched: another download is under way"
    assert refused == [
        wire.Told(id=4, news=Refused(text, "fetch")),
        wire.Told(id=3, news=Fetched("mnist")),
    ]
