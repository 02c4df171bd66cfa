"""The frame of a run: first RunStarted, a gap-free seq, exactly one RunFinished."""

from __future__ import annotations

import errno
import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, Noted, RunFinished, RunStarted, StepsMeasured
from engine.session import Session, Sink, new_run_id, readable
from engine.store.layout import run_directory
from engine.store.record import RecordError

STARTED = RunStarted(run_id="", experiment="x", config={})
COMPLETED = RunFinished(outcome="completed", detail="done", step=2)


class Memory:
    """Keeps what it is given, and when; refuses the events whose number is in `refused`."""

    def __init__(self, *refused: int, close: Exception | None = None) -> None:
        self.events: list[Event] = []
        self.offered: list[Event] = []
        self.closed = 0
        self._refused = list(refused)
        self._close = close

    def accept(self, event: Event) -> None:
        assert not self.closed
        self.offered.append(event)
        if event.seq in self._refused:
            self._refused.remove(event.seq)
            raise RecordError(errno.EROFS, "Read-only file system")
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1
        if self._close:
            raise self._close


Run = Callable[[Controls], Iterator[Event]]


def ended(run: Run, *sinks: Sink) -> Session:
    session = Session(run, Controls(), sinks, run_id="r1", clock=lambda: 42.0)
    session.start()
    assert session.join(10)
    return session


def of(*events: Event, error: BaseException | None = None) -> Run:
    def run(controls: Controls) -> Iterator[Event]:
        yield from events
        if error:
            raise error

    return run


def test_events_are_stamped_and_go_to_every_sink_in_order() -> None:
    first, second = Memory(), Memory()
    session = ended(of(STARTED, Noted(text="a"), COMPLETED), first, second)
    assert [event.seq for event in first.events] == [0, 1, 2]
    assert {event.time for event in first.events} == {42.0}
    assert isinstance(first.events[0], RunStarted)
    assert first.events[0].run_id == "r1"
    assert second.events == first.events
    assert session.finished == first.events[-1]
    assert (session.error, session.trace, first.closed, second.closed) == (None, "", 1, 1)


def test_the_first_sink_has_an_event_before_the_run_goes_on() -> None:
    memory = Memory()
    seen: list[int] = []

    def run(controls: Controls) -> Iterator[Event]:
        for event in (STARTED, Noted(text="a"), COMPLETED):
            yield event
            seen.append(len(memory.events))

    ended(run, memory)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    "error", [BadInput("no such data"), RuntimeError("x"), KeyboardInterrupt()]
)
def test_a_run_that_fails_before_its_first_event_leaves_no_trace(error: BaseException) -> None:
    memory = Memory()
    session = ended(of(error=error), memory)
    assert memory.offered == []
    assert session.finished is None
    assert session.error is error
    assert type(error).__name__ in session.trace
    assert memory.closed == 1


def test_a_run_that_fails_later_is_finished_as_failed() -> None:
    memory = Memory()
    steps = StepsMeasured(first_step=11, loss=(1.0, 2.0), accuracy=(0.0, 0.0), lr=0.1)
    session = ended(of(STARTED, steps, error=ValueError("shapes differ\nmore")), memory)
    assert memory.events[-1] == RunFinished(
        seq=2, time=42.0, outcome="failed", detail="ValueError: shapes differ", step=12
    )
    assert session.finished == memory.events[-1]
    assert "in run" in session.trace


def test_a_run_that_ends_without_a_word_has_failed() -> None:
    memory = Memory()
    session = ended(of(STARTED, Noted(text="a")), memory)
    assert session.finished and session.finished.outcome == "failed"
    assert "without saying how" in session.finished.detail
    assert [event.seq for event in memory.events] == [0, 1, 2]


@pytest.mark.parametrize(
    "events",
    [
        [STARTED, COMPLETED, Noted(text="late")],
        [STARTED, COMPLETED, COMPLETED],
        [STARTED, COMPLETED, STARTED],
    ],
)
def test_nothing_follows_the_end(events: list[Event]) -> None:
    memory = Memory()
    session = ended(of(*events), memory)
    assert [type(event) for event in memory.events] == [RunStarted, RunFinished]
    assert session.finished and session.finished.outcome == "completed"
    assert "after RunFinished" in str(session.error)


def test_the_first_event_is_the_start_and_no_other_is() -> None:
    memory = Memory()
    session = ended(of(Noted(text="early"), STARTED), memory)
    assert memory.offered == []
    assert "event 0 is Noted" in str(session.error)
    memory = Memory()
    ended(of(STARTED, STARTED), memory)
    assert [type(event) for event in memory.events] == [RunStarted, RunFinished]


def test_an_event_the_record_refuses_has_not_happened() -> None:
    record, other = Memory(1), Memory()
    session = ended(of(STARTED, Noted(text="lost"), COMPLETED), record, other)
    assert [(type(event), event.seq) for event in record.events] == [
        (RunStarted, 0),
        (RunFinished, 1),
    ]
    assert other.events == record.events
    assert isinstance(session.error, RecordError)
    assert session.finished and "Read-only file system" in session.finished.detail


def test_another_sink_that_refuses_does_not_cost_the_record_its_order() -> None:
    record, other = Memory(), Memory(1)
    session = ended(of(STARTED, Noted(text="kept"), COMPLETED), record, other)
    assert [event.seq for event in record.events] == [0, 1, 2]
    assert session.finished and session.finished.outcome == "failed"
    assert other.events[-1] == session.finished


def test_a_record_that_refuses_to_the_end() -> None:
    record, other = Memory(1, 1), Memory()
    session = ended(of(STARTED, Noted(text="lost"), COMPLETED), record, other)
    assert [event.seq for event in record.events] == [0]
    assert other.events[-1] == session.finished
    assert record.closed == other.closed == 1
    assert session.trace.count("Traceback") == 2


def test_a_sink_that_cannot_close_is_told_and_the_others_close() -> None:
    record, other = Memory(close=OSError("not durable")), Memory()
    session = ended(of(STARTED, COMPLETED), record, other)
    assert session.finished and session.finished.outcome == "completed"
    assert str(session.error) == "not durable"
    assert other.closed == 1


def test_a_failed_run_is_not_kept_alive_by_its_traceback() -> None:
    class Network:
        pass

    alive: list[weakref.ref[Network]] = []

    def run(controls: Controls) -> Iterator[Event]:
        network = Network()
        alive.append(weakref.ref(network))
        yield STARTED
        yield Noted(text=str(network))

    session = ended(run, Memory(1))
    gc.collect()
    assert isinstance(session.error, RecordError)
    assert alive[0]() is None


def test_ids_are_new_each_time_and_name_a_directory() -> None:
    ids = {new_run_id() for _ in range(100)}
    assert len(ids) == 100
    for run_id in ids:
        assert run_directory(Path(), run_id) == Path(run_id)


def test_errors_in_one_sentence() -> None:
    assert readable(BadInput("two\nlines")) == "two\nlines"
    assert readable(ValueError("a\nb")) == "ValueError: a"
    assert readable(KeyError()) == "KeyError: "
