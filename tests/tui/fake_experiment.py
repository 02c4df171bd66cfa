"""An experiment that never runs: a record, and events shaped like a run of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from engine import events
from engine.controls import Controls
from engine.experiments.contract import Chart, Experiment
from engine.schema import Setting, check

START = 1_760_000_000.0
STEPS = 60


class GrowthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings with a ladder, with choices, without a key, and a pace."""

    n: Annotated[int, Setting("rows", ge=1, le=64, key="n", ladder=(2, 4, 8, 16))] = 4
    sigma: Annotated[float, Setting("spread", gt=0, key="g", ladder=(0.5, 1.0, 2.0))] = 1.0
    law: Annotated[str, Setting("of entries", choices=("gaussian", "uniform"), key="t")] = (
        "gaussian"
    )
    seed: Annotated[int, Setting("seed", ge=0)] = 0
    pace: Annotated[float, Setting("steps per second", gt=0, words={"full": 0.0})] = 20.0

    def __post_init__(self) -> None:
        check(self)


class BareSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that nothing turns."""

    seed: Annotated[int, Setting("seed", ge=0)] = 0

    def __post_init__(self) -> None:
        check(self)


def never(config: Any, controls: Controls, start: Any = None) -> Iterator[events.Event]:
    """No run: the tests push events."""
    raise AssertionError("a fake experiment was run")


GROWTH = Experiment(
    name="growth",
    question="How fast does a product of matrices grow?",
    config=GrowthSettings,
    run=never,
    shows="its size along the theory line, where it is trainable",
    lesson="It grows geometrically. The common misunderstanding: that it would hover.",
    lasts="3 seconds",
    charts=(
        Chart("size", "Size of the product", "factors", "log10 |M|"),
        Chart("ratio", "Ratio of norms", "factors", log=True),
    ),
)
BARE = Experiment(
    name="bare-bones", question="Is there anything to see?", config=BareSettings, run=never
)
TRAINING = Experiment(
    name="train", question="How does a network learn?", config=BareSettings, run=never
)
EXPERIMENTS = (TRAINING, GROWTH, BARE)


def run(
    config: msgspec.Struct | None = None,
    *,
    experiment: str = "growth",
    upto: int = STEPS,
    finish: str = "completed",
    run_id: str = "20251009-085320-3f9a1c",
) -> list[events.AnyEvent]:
    """The events of `upto` steps; `finish` is the outcome, "" while it is under way."""
    told = [*_told(config or GrowthSettings(), experiment, upto, run_id)]
    if finish == "completed":
        told += _claims()
    if finish:
        detail = "ln|M| gains 0.555 per factor, beside 0.558"
        told.append(events.RunFinished(outcome=finish, detail=detail, step=upto))  # type: ignore[arg-type]
    return [
        msgspec.structs.replace(event, seq=i, time=START + 0.05 * i) for i, event in enumerate(told)
    ]


def _told(
    config: msgspec.Struct, experiment: str, upto: int, run_id: str
) -> Iterator[events.AnyEvent]:
    yield events.RunStarted(
        run_id=run_id, experiment=experiment, config=msgspec.to_builtins(config)
    )
    xs = tuple(float(k) for k in range(1, STEPS + 1))
    yield events.SeriesExtended(series="size/theory", x=xs, y=tuple(0.25 * k for k in xs))
    for side in (-1, 1):
        edge = tuple(0.25 * k + side * 0.3 * math.sqrt(k) for k in xs)
        yield events.SeriesExtended(series=f"size/band {side:+d}", x=xs, y=edge)
    for k in range(1, upto + 1):
        size = 0.25 * k + 0.6 * math.sin(k)
        yield events.SeriesExtended(series="size/seed 1", x=(k,), y=(size,))
        ratio = math.nan if k == 40 else math.exp(-0.1 * k) * (2 + math.sin(k))
        yield events.SeriesExtended(series="ratio/measured", x=(k,), y=(ratio,))
        yield events.Advanced(done=k, total=STEPS)
    yield events.TableChanged(
        table="matrix",
        columns=("M", "1", "2"),
        rows=(("1", 1.4e27, -3.2e26), ("2", -4.0e25, math.inf)),
    )
    yield events.GridChanged(
        grid="phases",
        rows=tuple(f"{i / 10:.1f}" for i in range(16)),
        columns=tuple(f"{j / 4:.2f}" for j in range(12)),
        values=tuple(
            tuple(math.nan if j > upto / 4 else math.sin(i / 4) * j for j in range(12))
            for i in range(16)
        ),
        points=((4.0, 3.5, "He"),),
    )


def _claims() -> list[events.AnyEvent]:
    return [
        events.ClaimChecked(
            claim="growth per factor, mean over seeds",
            measured=0.555,
            predicted=0.558,
            tolerance=0.01,
            holds=True,
            source="Newman 1986, equation 7",
        ),
        events.ClaimChecked(
            claim="rank of the product",
            measured=2,
            predicted=1,
            tolerance=0,
            holds=False,
            source="Furstenberg 1963",
        ),
    ]
