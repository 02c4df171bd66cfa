"""Work away from the screen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.errors import BadInput
from tui.runs.desk import Desk, sentence

PATIENCE = 60.0  # seconds


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


def polled(desk: Desk, done: list[object], count: int = 1) -> None:
    """Poll until so much has been told."""
    limit = threading.Event()
    guard = threading.Timer(PATIENCE, limit.set)
    guard.start()
    try:
        while len(done) < count and not limit.is_set():
            desk.poll()
    finally:
        guard.cancel()
        guard.join()
    assert len(done) == count


def test_a_job_runs_elsewhere_and_its_outcome_is_done_here(desk: Desk) -> None:
    told: list[object] = []
    ran: list[threading.Thread] = []

    def job() -> object:
        ran.append(threading.current_thread())
        return lambda: told.append(threading.current_thread())

    desk.ask(job, told.append)  # type: ignore[arg-type]
    polled(desk, told)
    assert told == [threading.current_thread()] and ran != told


def test_jobs_are_done_in_their_order_and_may_tell_things_before_their_end(desk: Desk) -> None:
    told: list[object] = []
    for number in range(3):

        def job(number: int = number) -> object:
            desk.tell(lambda: told.append(f"{number} begins"))
            return lambda: told.append(f"{number} ends")

        desk.ask(job, told.append)  # type: ignore[arg-type]
    polled(desk, told, 6)
    assert told == [f"{n} {what}" for n in range(3) for what in ("begins", "ends")]


def test_what_fails_is_a_sentence_and_the_next_job_is_done(desk: Desk) -> None:
    told: list[object] = []

    def refused() -> None:
        raise BadInput("there is no run x")

    def broken() -> None:
        raise PermissionError(13, "Permission denied", "/runs/\x1b[2Jx")

    desk.ask(refused, told.append)
    desk.ask(broken, told.append)
    polled(desk, told, 2)
    assert told == ["there is no run x", "Permission denied: /runs/[2Jx"]


def test_a_mistake_of_ours_is_not_lost(desk: Desk) -> None:
    def job() -> None:
        raise ZeroDivisionError

    desk.ask(job, lambda why: None)
    with pytest.raises(ZeroDivisionError):
        polled(desk, [])


def test_after_the_end_nobody_is_told_anything(desk: Desk) -> None:
    told: list[object] = []
    desk.tell(lambda: told.append("late"))
    desk.close()
    assert not desk.poll() and told == []
    assert sentence(OSError("odd")) == "odd"
