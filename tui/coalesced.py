"""Fewer events that fold to the same view: what a long record needs to open in seconds.

Pure: no screen, no tensors, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar, cast

from engine import events
from engine.link import News

Item = TypeVar("Item", bound=News)

_MANY = 16
"""Events from which it pays to look for neighbours."""


def coalesced(batch: Sequence[Item]) -> Sequence[Item]:
    """`batch` with each run of consecutive blocks of steps, or of points of a curve, made one.

    The fold of the result is that of `batch`, only the smoothed speed has seen fewer moments. The
    last event's `seq` and `time` are those of the whole. What is no event stays in its place.
    """
    return cast(Sequence[Item], [*_joined(batch)]) if len(batch) >= _MANY else batch


def _joined(batch: Sequence[News]) -> Iterator[News]:
    at = 0
    while at < len(batch):
        first = batch[at]
        if isinstance(first, events.StepsMeasured):
            end = _end_of_steps(batch, at, first)
            yield from _steps(batch[at:end]) if end - at > 1 else (first,)  # type: ignore[arg-type]
        elif isinstance(first, events.SeriesExtended | events.Advanced):
            end = _end_of_points(batch, at)
            yield from _points(batch[at:end]) if end - at > 1 else (first,)  # type: ignore[arg-type]
        else:
            end = at + 1
            yield first
        at = end


def _end_of_steps(batch: Sequence[News], at: int, first: events.StepsMeasured) -> int:
    """Where the blocks end that follow on each other and measure the same layers, if any."""
    due = first.first_step
    layers = _names(first)
    kind = type(first)
    for place, event in enumerate(islice(batch, at, None), at):
        if type(event) is not kind or event.first_step != due:
            return place
        if event.layers:
            names = _names(event)
            if layers and names != layers:
                return place
            layers = names
        due += len(event.loss)
    return len(batch)


def _names(block: events.StepsMeasured) -> tuple[str, ...]:
    return tuple(layer.name for layer in block.layers)


def _steps(blocks: Sequence[events.StepsMeasured]) -> Sequence[events.StepsMeasured]:
    last = blocks[-1]
    whole = events.StepsMeasured(
        seq=last.seq,
        time=last.time,
        first_step=blocks[0].first_step,
        loss=tuple(chain.from_iterable([block.loss for block in blocks])),
        accuracy=tuple(chain.from_iterable([block.accuracy for block in blocks])),
        lr=last.lr,
        measured_steps=tuple(chain.from_iterable([block.measured_steps for block in blocks])),
        layers=_layers([block for block in blocks if block.layers]),
    )
    # One that contradicts itself must not drag its neighbours along.
    return (whole,) if len(whole.loss) == len(whole.accuracy) else blocks


def _layers(blocks: Sequence[events.StepsMeasured]) -> tuple[events.LayerVitals, ...]:
    if not blocks:
        return ()
    columns = events.LayerVitals.__struct_fields__[1:]
    return tuple(
        events.LayerVitals(
            layers[0].name,
            *(tuple(chain.from_iterable([getattr(v, c) for v in layers])) for c in columns),
        )
        for layers in zip(*(block.layers for block in blocks), strict=True)
    )


def _end_of_points(batch: Sequence[News], at: int) -> int:
    while at < len(batch) and isinstance(batch[at], events.SeriesExtended | events.Advanced):
        at += 1
    return at


def _points(
    news: Sequence[events.SeriesExtended | events.Advanced],
) -> Iterator[events.AnyEvent]:
    """One event for each curve, in the order of their first points, between the first progress
    and the last, which tell the speed.
    """
    curves: dict[str, list[events.SeriesExtended]] = {}
    progress: list[events.Advanced] = []
    for event in news:
        if isinstance(event, events.Advanced):
            progress.append(event)
        elif event.afresh:
            curves[event.series] = [event]
        else:
            curves.setdefault(event.series, []).append(event)
    yield from progress[:1]
    for name, parts in curves.items():
        yield events.SeriesExtended(
            seq=parts[-1].seq,
            time=parts[-1].time,
            series=name,
            x=tuple(chain.from_iterable([part.x for part in parts])),
            y=tuple(chain.from_iterable([part.y for part in parts])),
            afresh=parts[0].afresh,
        )
    yield from progress[1:][-1:]
