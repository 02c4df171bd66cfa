"""Fewer events, the same view."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine import events
from tui.coalesced import coalesced
from tui.run_view import RunView, fold

STARTED = events.RunStarted(
    run_id="r", experiment="train", config={"batch_size": 4, "lr": 0.1}, time=1.0
)
COLUMNS = events.LayerVitals.__struct_fields__[1:]


def block(first: int, count: int, layers: tuple[str, ...] = ()) -> events.StepsMeasured:
    """So many steps; the last one is measured where there are layers."""
    loss = tuple(float(first + i) / 7 for i in range(count))
    return events.StepsMeasured(
        time=float(first),
        first_step=first,
        loss=loss,
        accuracy=loss,
        lr=1 / first,
        measured_steps=(first + count - 1,) if layers else (),
        layers=tuple(events.LayerVitals(n, *[(float(first),)] * len(COLUMNS)) for n in layers),
    )


@st.composite
def streams(draw: st.DrawFn) -> list[events.AnyEvent]:
    """What a run could say, blocks of steps in their order, sometimes with a gap."""
    step, x = 1, 0.0
    said: list[events.AnyEvent] = []
    for kind in draw(st.lists(st.sampled_from("ssssvwgppqafne"), max_size=60)):
        if kind in "svwg":
            step += 3 * (kind == "g")
            count = draw(st.integers(1, 3))
            layers: tuple[str, ...] = {"v": ("hidden1",), "w": ("hidden1", "output")}.get(kind, ())
            said.append(block(step, count, layers))
            step += count
        elif kind in "pqf":
            x += 1
            said.append(
                events.SeriesExtended(
                    time=x,
                    series="c/p" if kind != "q" else "c/q",
                    x=(x,),
                    y=(2 * x,),
                    afresh=kind == "f",
                )
            )
        elif kind == "a":
            said.append(events.Advanced(time=x, done=x, total=100.0))
        elif kind == "n":
            said.append(events.Noted(time=x, text=f"at {x}"))
        else:
            said.append(
                events.EpochFinished(
                    time=x,
                    epoch=step,
                    step=step,
                    train_loss=1.0,
                    train_accuracy=0.5,
                    test_loss=1.0,
                    test_accuracy=0.5,
                    seconds=1.0,
                    samples_per_second=9.0,
                )
            )
    return said


def shown(value: Any) -> Any:
    """A view as plain values."""
    if hasattr(value, "x") and hasattr(value, "y"):
        return list(value.x), list(value.y)
    return {k: shown(v) for k, v in value.items()} if isinstance(value, dict) else value


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
