"""A run as a TensorBoard event file: curves by step, histograms, and what was said as text.

TensorBoard keeps values as float32. Each is stamped with the time at which the block of steps
that it came in was recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from engine import events
from engine.errors import BadInput
from engine.events import AnyEvent
from engine.export.about import write_about
from engine.export.end_tables import settings
from engine.export.past import steady
from engine.export.source import Source
from engine.export.tables import text

_VITALS = events.LayerVitals.__struct_fields__[1:]
_EPOCH = (
    ("train_loss", "loss/train by epoch"),
    ("train_accuracy", "accuracy/train by epoch"),
    ("test_loss", "loss/test"),
    ("test_accuracy", "accuracy/test"),
    ("train_loss_eval", "loss/train in eval mode"),
    ("train_accuracy_eval", "accuracy/train in eval mode"),
    ("samples_per_second", "speed/samples per second"),
)
_AS_MATRIX = ("mean_abs", "rms", "frobenius", "spectral", "effective_rank")


def write_tensorboard(source: Source, directory: Path, every: int = 1) -> None:
    """One event file that TensorBoard reads, and ``run.json``.

    Loss, accuracy and learning rate are written for every step, or with `every` for those that it
    divides; whatever is measured less often is written whole. A point of an experiment's curve
    stands at its x where all x of the curve are whole numbers, else at its number.

    Raises:
        BadInput: when tensorboardX is missing.
        OSError: when the record cannot be read, or the directory not be written.
    """
    made = _Maker()
    started = source.parts[0].first_time
    # The name has the word by which TensorBoard finds it, and nothing of this machine.
    path = directory / f"events.out.tfevents.{int(started)}.mlp-tui"
    with closing(made.writer(path)) as writer:
        writer.write(made.head(started))
        for record in _records(source, made, every):
            writer.write(record)
        writer.flush()
    write_about(source, "tensorboard", directory)


class _Maker:
    """Serialized events, made by the library.

    Raises:
        BadInput: on creation, when it is missing.
    """

    def __init__(self) -> None:
        try:
            from tensorboardX import record_writer, summary
            from tensorboardX.proto.event_pb2 import Event
            from tensorboardX.proto.summary_pb2 import HistogramProto, Summary
        except ImportError as error:
            raise BadInput(
                "writing TensorBoard's files needs tensorboardX, which is not installed: "
                "pip install tensorboardX"
            ) from error
        self._event, self._summary, self._histogram = Event, Summary, HistogramProto
        self._made = summary
        self._record_writer = record_writer.RecordWriter

    def writer(self, path: Path) -> Any:
        return self._record_writer(str(path))

    def head(self, time: float) -> bytes:
        """What every file begins with."""
        return self._bytes(self._event(wall_time=time, file_version="brain.Event:2"))

    def scalars(self, step: int, time: float, values: Mapping[str, float]) -> bytes:
        """Values under their tags: one event, so that a step costs one checksum."""
        value = self._summary.Value
        told = [value(tag=tag, simple_value=number) for tag, number in values.items()]
        return self._summed(step, time, self._summary(value=told))

    def histogram(self, step: int, time: float, told: events.Histogram) -> bytes:
        """Equal bins; the sums are those of the bins' middles."""
        count = len(told.counts)
        width = (told.high - told.low) / count if count else 0.0
        middles = [told.low + (i + 0.5) * width for i in range(count)]
        weighed = list(zip(told.counts, middles, strict=True))
        made = self._histogram(
            min=told.low,
            max=told.high,
            num=sum(told.counts),
            sum=sum(n * x for n, x in weighed),
            sum_squares=sum(n * x * x for n, x in weighed),
            bucket_limit=[told.low + (i + 1) * width for i in range(count)],
            bucket=told.counts,
        )
        value = self._summary.Value(tag=f"{told.of}s/{text(told.layer)}", histo=made)
        return self._summed(step, time, self._summary(value=[value]))

    def words(self, step: int, time: float, tag: str, markdown: str) -> bytes:
        """A text, which TensorBoard shows as Markdown."""
        return self._summed(step, time, self._made.text(tag, markdown))

    def settings(
        self, time: float, config: Mapping[str, Any], metrics: Iterable[str]
    ) -> Iterator[bytes]:
        """What TensorBoard's page of hyperparameters lists."""
        for each in self._made.hparams(dict(config), dict.fromkeys(metrics, 0.0)):
            yield self._summed(0, time, each)

    def _summed(self, step: int, time: float, summary: Any) -> bytes:
        return self._bytes(self._event(wall_time=time, step=step, summary=summary))

    @staticmethod
    def _bytes(event: Any) -> bytes:
        told: bytes = event.SerializeToString()
        return told


def _records(source: Source, made: _Maker, every: int) -> Iterator[bytes]:
    time = source.parts[0].first_time
    if source.started:
        yield from made.settings(time, _hyperparameters(source), ["loss/test", "accuracy/test"])
    told = settings(source)
    yield made.words(0, time, "settings", _markdown(("setting", "value"), list(told.items())))
    points: dict[str, int] = {}
    step = 0
    for at, event in enumerate(source.events()):
        time = event.time or time
        step = max(step, getattr(event, "step", 0))
        if not source.standing.counts(event, at):
            continue
        if isinstance(event, events.SeriesExtended):
            yield from _points(event, source, made, points)
        else:
            if isinstance(event, events.StepsMeasured):
                yield from _steps(event, time, made, every, steady(source.started))
            yield from _of_one(event, step, time, made)
    claims = [
        (c.claim, f"{c.measured:.6g}", f"{c.predicted:.6g}", "holds" if c.holds else "fails")
        for c in source.standing.claims.values()
    ]
    if claims:
        table = _markdown(("claim", "measured", "predicted", ""), claims)
        yield made.words(source.standing.step, time, "claims", table)


def _of_one(event: AnyEvent, step: int, time: float, made: _Maker) -> Iterator[bytes]:
    """What an event without points adds; `step` is the newest that was told of."""
    match event:
        case events.EpochFinished():
            told = {tag: getattr(event, name) for name, tag in _EPOCH}
            measured = {tag: value for tag, value in told.items() if not _is_absent(tag, value)}
            yield made.scalars(event.step, time, measured)
        case events.MatricesMeasured():
            values = {
                f"{row.kind} {name}/{text(row.name)}": getattr(row, name)
                for row in event.rows
                for name in _AS_MATRIX
            }
            yield made.scalars(event.step, time, values)
        case events.HistogramsMeasured():
            for each in event.histograms:
                yield made.histogram(event.step, time, each)
        case events.ControlApplied():
            change = f"{event.what} {event.before} → {event.after} {event.note}"
            yield made.words(event.step, time, "steered", _escaped(change))
        case events.Noted():
            yield made.words(step, time, "log", _escaped(f"{event.level}: {event.text}"))
        case events.RunFinished():
            yield made.words(step, time, "log", _escaped(f"{event.outcome}: {event.detail}"))


def _is_absent(tag: str, value: float) -> bool:
    """Whether NaN says that nothing was measured, and not that it is NaN."""
    return tag.endswith("in eval mode") and math.isnan(value)


def _steps(
    event: events.StepsMeasured, time: float, made: _Maker, every: int, lr_known: bool
) -> Iterator[bytes]:
    vitals = {step: at for at, step in enumerate(event.measured_steps)} if event.layers else {}
    last = event.first_step + len(event.loss) - 1
    for at, (loss, accuracy) in enumerate(zip(event.loss, event.accuracy, strict=True)):
        step, values = event.first_step + at, {}
        if step % every == 0:
            values = {"loss/train": loss, "accuracy/train": accuracy}
            if (lr_known or step == last) and not math.isnan(event.lr):
                values["lr"] = event.lr
        if step in vitals:
            for layer in event.layers:
                for name in _VITALS:
                    values[f"{name}/{text(layer.name)}"] = getattr(layer, name)[vitals[step]]
        if values:
            yield made.scalars(step, time, values)


def _points(
    event: events.SeriesExtended, source: Source, made: _Maker, points: dict[str, int]
) -> Iterator[bytes]:
    whole = source.standing.whole[event.series]
    tag = text(event.series)
    for x, y in zip(event.x, event.y, strict=True):
        number = points[event.series] = points.get(event.series, 0) + 1
        yield made.scalars(int(x) if whole else number, event.time, {tag: y})


def _hyperparameters(source: Source) -> dict[str, Any]:
    config = source.started.config if source.started else {}
    spelled = settings(source)
    return {
        text(name): value if isinstance(value, bool | int | float) else spelled[text(name)]
        for name, value in config.items()
    }


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _escaped(told: str) -> str:
    """Text that Markdown, and the HTML that it lets through, shows as it is."""
    line = text(told).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for sign in "`*_[]|":
        line = line.replace(sign, f"\\{sign}")
    return line
