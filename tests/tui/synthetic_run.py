"""The events of a run that never took place, shaped like the chapter's and the same every time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

import msgspec

from engine import events
from engine.config import RunConfig

START = 1_760_000_000.0
STEPS_PER_EPOCH = 235
MEASURE_EVERY = 20
BLOCK = 100


def run(  # noqa: PLR0913
    config: RunConfig | None = None,
    *,
    run_id: str = "20251009-085320-3f9a1c",
    epochs: float = 10.0,
    floor: float = 0.38,
    finish: str = "completed",
    data: str = "fashion-mnist",
    breaks_at: int = 0,
) -> list[events.AnyEvent]:
    """A run of 784-hidden-10, `epochs` long; `floor` is where its loss settles.

    `finish` is the outcome, "" for a run that is still under way. From step `breaks_at` on the
    loss is NaN, and there the run ends.
    """
    config = config or RunConfig(data="fashion-mnist")
    made = _Run(config, run_id, breaks_at or int(epochs * STEPS_PER_EPOCH), floor)
    made.data, made.breaks_at = data, breaks_at
    told: list[events.AnyEvent] = [made.started(), *made.training()]
    if finish:
        told.append(_finished(finish, made))
    return [
        msgspec.structs.replace(event, seq=i, time=START + 0.05 * i) for i, event in enumerate(told)
    ]


class _Run:
    def __init__(self, config: RunConfig, run_id: str, steps: int, floor: float) -> None:
        self.config, self.run_id, self.steps, self.floor = config, run_id, steps, floor
        self.data, self.breaks_at = "fashion-mnist", 0
        self.random = Random(f"{run_id} {config.init} {config.activation}")
        widths = [784, *config.hidden, 10]
        names = [f"hidden{i + 1}" for i in range(len(config.hidden))] + ["output"]
        self.layers = tuple(
            events.Layer(
                name=name,
                fan_in=fan_in,
                fan_out=fan_out,
                parameters=fan_in * fan_out + fan_out,
                activation="" if name == "output" else config.activation,
                initializer=config.init,
            )
            for name, fan_in, fan_out in zip(names, widths, widths[1:], strict=False)
        )

    def started(self) -> events.RunStarted:
        return events.RunStarted(
            run_id=self.run_id,
            experiment="train",
            config=msgspec.to_builtins(self.config),
            layers=self.layers,
            dataset=events.DatasetInfo(
                name=self.data,
                train_examples=60_000,
                test_examples=10_000,
                features=784,
                classes=("T-shirt", "Trouser"),
                image_shape=(28, 28),
                source="",
                digest="",
            ),
            device="cpu",
            steps_per_epoch=STEPS_PER_EPOCH,
            total_steps=self.config.epochs * STEPS_PER_EPOCH,
        )

    def loss(self, step: int) -> float:
        if self.breaks_at and step >= self.breaks_at:
            return math.nan
        rise = 4.0 * math.exp((step - self.breaks_at) / 25) if self.breaks_at else 0.0
        settled = self.floor + 0.9 * math.exp(-step / 90) + 0.35 * math.exp(-step / 500)
        plateau = 1.0 * math.exp(-((step / 40) ** 2))
        return (settled + plateau) * self.random.lognormvariate(0, 0.12) + rise

    def training(self) -> Iterator[events.AnyEvent]:
        first = 1
        while first <= self.steps:
            epoch_end = math.ceil(first / STEPS_PER_EPOCH) * STEPS_PER_EPOCH
            last = min(first + BLOCK - 1, epoch_end, self.steps)
            yield self.block(first, last)
            if last % 1000 < BLOCK:
                yield self.matrices(last)
            if last == epoch_end:
                yield self.epoch(last)
                yield self.histograms(last)
            first = last + 1

    def block(self, first: int, last: int) -> events.StepsMeasured:
        losses = tuple(self.loss(step) for step in range(first, last + 1))
        measured = tuple(step for step in range(first, last + 1) if step % MEASURE_EVERY == 0)
        return events.StepsMeasured(
            first_step=first,
            loss=losses,
            accuracy=tuple(max(0.0, min(1.0, 1 - 0.36 * loss)) for loss in losses),
            lr=self.config.lr,
            measured_steps=measured,
            layers=tuple(self.vitals(i, layer, measured) for i, layer in enumerate(self.layers)),
        )

    def vitals(self, index: int, layer: events.Layer, steps: tuple[int, ...]) -> events.LayerVitals:
        def column(start: float, end: float, noise: float) -> tuple[float, ...]:
            return tuple(
                (end + (start - end) * math.exp(-step / 400)) * self.random.lognormvariate(0, noise)
                for step in steps
            )

        return events.LayerVitals(
            name=layer.name,
            gradient_norm=column(1.6 / (index + 1), 0.34 * (index + 1), 0.3),
            bias_gradient_norm=column(0.3, 0.08, 0.3),
            weight_norm=column(4.5 / (index + 1) ** 2, 8.1 / (index + 1), 0.002),
            update_ratio=column(0.011, 0.0041 / (index + 1), 0.25),
            activation_mean=column(0.02, 0.31 - 0.3 * index, 0.02),
            activation_std=column(0.06, 0.92 + 2 * index, 0.02),
            dead=tuple(0.0 for _ in steps) if layer.name == "output" else column(0.5, 0.62, 0.01),
            delta_norm=column(0.004, 0.0011 * (index + 1), 0.2),
        )

    def epoch(self, step: int) -> events.EpochFinished:
        loss = self.loss(step - 40) if not self.breaks_at else 2.0
        smooth = self.floor + 0.4 * math.exp(-step / 420)
        return events.EpochFinished(
            epoch=step // STEPS_PER_EPOCH,
            step=step,
            train_loss=smooth,
            train_accuracy=1 - 0.355 * smooth,
            test_loss=smooth + 0.055 + 0.002 * loss,
            test_accuracy=1 - 0.4 * smooth - 0.008 * self.random.random(),
            seconds=0.41,
            samples_per_second=146_300.0,
        )

    def matrices(self, step: int) -> events.MatricesMeasured:
        return events.MatricesMeasured(
            step=step,
            rows=tuple(
                events.MatrixRow(
                    name=layer.name,
                    kind=kind,  # type: ignore[arg-type]
                    shape=(layer.fan_out, layer.fan_in),
                    min=-0.42 * scale,
                    max=0.47 * scale,
                    mean_abs=0.0131 * scale,
                    rms=0.0182 * scale,
                    frobenius=8.1 * scale / (i + 1),
                    spectral=3.3 * scale / (i + 1),
                    effective_rank=min(layer.fan_in, layer.fan_out) * 0.61,
                )
                for i, layer in enumerate(self.layers)
                for kind, scale in (("weight", 1.0), ("gradient", 0.021))
            ),
        )

    def histograms(self, step: int) -> events.HistogramsMeasured:
        bell = tuple(int(4000 * math.exp(-(((i - 15.5) / 4) ** 2))) for i in range(32))
        return events.HistogramsMeasured(
            step=step,
            histograms=tuple(
                events.Histogram(layer=layer.name, of=of, low=low, high=-low, counts=bell)  # type: ignore[arg-type]
                for layer in self.layers
                for of, low in (("weight", -0.42), ("gradient", -0.009), ("activation", -3.1))
            ),
        )


def _finished(outcome: str, run: _Run) -> events.RunFinished:
    detail = {
        "completed": "10 epochs: train loss 0.384, train accuracy 86.4 %, test accuracy 84.6 %",
        "diverged": f"the loss is NaN at step {run.steps:,}; first not finite: output.weight",
        "failed": "RuntimeError: the device ran out of memory",
        "stopped": f"stopped at step {run.steps:,}",
    }[outcome]
    return events.RunFinished(outcome=outcome, detail=detail, step=run.steps)  # type: ignore[arg-type]
