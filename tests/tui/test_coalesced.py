"""Fewer events, the same view."""

from __future__ import annotations

from dataclasses import fields, replace

import msgspec
from event_streams import STARTED, block, shown, streams
from hypothesis import given

from engine import events
from engine.link import Lost, Progress, Refused
from tui.coalesced import coalesced
from tui.folding import folded
from tui.rate import Rate
from tui.run_view import RunView, fold


@given(streams())
def test_the_view_is_that_of_every_event_on_its_own(said: list[events.AnyEvent]) -> None:
    one_by_one = together = fold(STARTED, RunView())
    for event in said:
        one_by_one = fold(event, one_by_one)
    few = coalesced(said)
    assert len(few) <= len(said)
    for event in few:
        together = fold(event, together)
    # The speed is smoothed over the moments that were seen.
    one_by_one, together = (replace(v, rate=Rate()) for v in (one_by_one, together))
    for field in fields(RunView):
        assert shown(getattr(together, field.name)) == shown(getattr(one_by_one, field.name))


def test_a_thousand_neighbours_become_one() -> None:
    said = [block(step, 1, ("hidden1",) if step % 20 == 0 else ()) for step in range(1, 1001)]
    (only,) = coalesced(said)
    assert isinstance(only, events.StepsMeasured)
    assert only.loss == tuple(step / 7 for step in range(1, 1001))
    assert only.measured_steps == tuple(range(20, 1001, 20))
    assert only.lr == 1 / 1000


def test_what_is_no_event_stays_between_those_around_it() -> None:
    before = [block(step, 1) for step in range(1, 20)]
    after = [block(step, 1) for step in range(20, 40)]
    news = coalesced([Progress("data"), *before, Lost("gone"), *after, Refused("no")])
    assert [type(one).__name__ for one in news] == [
        "Progress", "StepsMeasured", "Lost", "StepsMeasured", "Refused",
    ]  # fmt: skip


def test_the_first_and_the_last_progress_are_told() -> None:
    """A speed is told from two."""
    said: list[events.AnyEvent] = [events.Advanced(time=i, done=i, total=99.0) for i in range(50)]
    assert [event.time for event in coalesced(said)] == [0, 49]


def test_one_that_contradicts_itself_stays_alone() -> None:
    wrong = without_accuracy(block(10, 1))
    said = [
        *(block(step, 1) for step in range(1, 10)),
        wrong,
        *(block(s, 1) for s in range(11, 30)),
    ]
    view = folded(said, RunView())
    assert list(view.loss.x) == [*range(1, 10), *range(11, 30)]
    assert [line.level for line in view.log] == ["warning"]


def without_accuracy(event: events.StepsMeasured) -> events.StepsMeasured:
    return msgspec.structs.replace(event, accuracy=())


def test_few_stay_as_they_are() -> None:
    said = [block(1, 1), block(2, 1)]
    assert coalesced(said) is said
