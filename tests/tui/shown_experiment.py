"""An experiment that shows everything at once: scatter, grid, bars, pictures, a table."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
from fake_experiment import START, BareSettings, never

from engine import events
from engine.experiments.contract import Chart, Experiment

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal")
SHOWN = Experiment(
    name="shown",
    question="What can an experiment show?",
    config=BareSettings,
    run=never,
    charts=(
        Chart("fit", "Points and fit", "x", "y"),
        Chart("loss", "Loss", "degree", log=True),
        Chart("norm", "Norm of w", "update"),
    ),
)


def shown_run(*, pictures: int = 6, finish: bool = True) -> list[events.AnyEvent]:
    """A run of it."""
    told: list[events.AnyEvent] = [*_told(pictures)]
    if finish:
        told.append(events.RunFinished(outcome="completed", detail="all of it was shown", step=9))
    return [
        msgspec.structs.replace(event, seq=i, time=START + 0.05 * i) for i, event in enumerate(told)
    ]


def garment(kind: int, size: int = 28, channels: int = 1) -> bytes:
    """A picture that a person tells from another: a bright shape on black."""
    middle = (size - 1) / 2
    pixels = bytearray()
    for y in range(size):
        for x in range(size):
            away = (
                math.hypot(x - middle, y - middle)
                if kind % 2
                else max(abs(x - middle), abs(y - middle))
            )
            light = 255 - 20 * kind if away < middle * (0.4 + 0.1 * kind) else 0
            pixels += bytes([light, light // 2, 255 - light][:channels])
    return bytes(pixels)


def _told(pictures: int) -> Iterator[events.AnyEvent]:
    yield events.RunStarted(run_id="20251009-085320-3f9a1c", experiment="shown", config={"seed": 0})
    xs = tuple(-2 + i / 12 for i in range(49))
    for name, shift in (("train", 0.4), ("test", -0.4)):
        at = xs[2::5] if shift > 0 else xs[4::5]
        ys = tuple(x**3 - x + shift * math.sin(17 * x) for x in at)
        yield events.SeriesExtended(series=f"fit/points {name}", x=at, y=ys)
    wild = tuple(x**3 - x + (x / 1.7) ** 21 for x in xs)
    yield events.SeriesExtended(series="fit/degree 21", x=xs, y=wild)
    yield events.SeriesExtended(series="fit/theory", x=xs, y=tuple(x**3 - x for x in xs))
    degrees = tuple(map(float, range(1, 13)))
    for name, rate in (("train", -0.7), ("test", 0.4)):
        losses = tuple(0.1 + math.exp(rate * degree) for degree in degrees)
        yield events.SeriesExtended(series=f"loss/{name}", x=degrees, y=losses)
    steps = tuple(map(float, range(120)))
    yield events.SeriesExtended(series="norm/w", x=steps, y=tuple(13 * 0.97**s for s in steps))
    yield events.GridChanged(
        grid="confusion",
        rows=CLASSES,
        columns=CLASSES,
        values=tuple(tuple(9.0 if i == j else (i + j) % 3 for j in range(6)) for i in range(6)),
    )
    share = (0.05, 0.3, 0.1, 0.2, 0.25, 0.1)
    estimated = tuple(p + 0.02 * (-1) ** i for i, p in enumerate(share))
    yield events.BarsChanged(
        bars="label shift",
        labels=CLASSES,
        groups=(
            events.Bars(name="true", values=share),
            events.Bars(
                name="estimated",
                values=estimated,
                low=tuple(p - 0.04 for p in estimated),
                high=tuple(p + 0.04 for p in estimated),
            ),
            events.Bars(name="naive", values=(1 / 6,) * 6),
        ),
        y="p(y)",
    )
    bins = tuple(f"{i / 10:.1f}" for i in range(-15, 16))
    counts = tuple(round(40 * math.exp(-(i**2) / 50)) for i in range(-15, 16))
    told = events.Bars(name="weights", values=counts)
    law = events.Bars(
        name="theory", values=tuple(40 * math.exp(-(i**2) / 60) for i in range(-15, 16))
    )
    yield events.BarsChanged(bars="weights", labels=bins, groups=(told, law), y="count")
    yield events.PicturesShown(
        pictures="predicted",
        items=tuple(
            events.Picture(
                width=28,
                height=28,
                pixels=garment(i, channels=3 if i == 5 else 1),
                channels=3 if i == 5 else 1,
                caption=f"{CLASSES[i % 6]} {90 - i} %",
                tone=("good", "bad", "plain")[i % 3],  # type: ignore[arg-type]
            )
            for i in range(pictures)
        ),
    )
    yield events.TableChanged(
        table="verdict", columns=("what", "loss"), rows=(("weighted", 4.95), ("plain", 6.29))
    )
    yield events.ClaimChecked(
        claim="the target's loss falls",
        measured=4.95,
        predicted=4.94,
        tolerance=0.1,
        holds=True,
        source="Shimodaira 2000",
    )
    yield events.Advanced(done=9, total=9)
