"""Fewer events, the same view."""

from __future__ import annotations

from dataclasses import fields, replace

from event_streams import STARTED, block, shown, streams
from hypothesis import given

from engine import events
from tui.coalesced import coalesced
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
    one_by_one, together = (replace(v, samples_per_second=0.0) for v in (one_by_one, together))
    for field in fields(RunView):
        assert shown(getattr(together, field.name)) == shown(getattr(one_by_one, field.name))


def test_a_thousand_neighbours_become_one() -> None:
    said = [block(step, 1, ("hidden1",) if step % 20 == 0 else ()) for step in range(1, 1001)]
    (only,) = coalesced(said)
    assert isinstance(only, events.StepsMeasured)
    assert only.loss == tuple(step / 7 for step in range(1, 1001))
    assert only.measured_steps == tuple(range(20, 1001, 20))
    assert only.lr == 1 / 1000


def test_few_stay_as_they_are() -> None:
    said = [block(1, 1), block(2, 1)]
    assert coalesced(said) is said
