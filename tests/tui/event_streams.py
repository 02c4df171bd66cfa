"""What a run could say, for tests that hold for whatever it says; and a record of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from engine import events
from engine.store.layout import LOG
from engine.store.lines import framed
from tui.run_view import RunView

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


def same(one: RunView, other: RunView) -> bool:
    """Whether two views show the same; a smoothed speed has seen fewer moments, so it may not."""
    names = [field.name for field in fields(RunView) if field.name != "rate"]
    return all(repr(shown(getattr(one, n))) == repr(shown(getattr(other, n))) for n in names)


def numbered(said: Iterable[events.AnyEvent]) -> list[events.AnyEvent]:
    """These events as the record of one run has them."""
    return [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(said)]


def recorded(directory: Path, said: Iterable[events.AnyEvent], tail: bytes = b"") -> Path:
    """The directory of a run that has said this."""
    directory.mkdir(exist_ok=True)
    lines = [framed(events.encode(event)) for event in numbered(said)]
    (directory / LOG).write_bytes(b"".join(lines) + tail)
    return directory
