"""Everything a run can say: a closed union of frozen records of plain values, never tensors.

As JSON each event is one object with its ``type`` in snake_case, a gap-free ``seq`` counted from
0 within its run, and ``time`` in seconds since the epoch. Finite numbers are JSON numbers; the
others are the strings "NaN", "Infinity" and "-Infinity". The names here are a contract for
scripts: extend them, never rename them.

No event can be part of a cycle, so the garbage collector need not visit them (``gc=False``):
reading a long record takes half the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from engine.schema import snake_case

Outcome = Literal["completed", "stopped", "diverged", "failed", "interrupted"]
Level = Literal["info", "warning", "error"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=snake_case, gc=False):
    """What every event carries; `seq` and `time` are stamped by the session that frames the run."""

    seq: int = -1
    time: float = 0.0


class Layer(msgspec.Struct, frozen=True, gc=False):
    """One affine layer: its name, its weight's shape [fan_out, fan_in] and its parameter count."""

    name: str
    fan_in: int
    fan_out: int
    parameters: int
    activation: str
    initializer: str


class DatasetInfo(msgspec.Struct, frozen=True, gc=False):
    """What is trained on. `classes` are names for people, cleaned of control characters."""

    name: str
    train_examples: int
    test_examples: int
    features: int
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    source: str
    digest: str


class RunStarted(Event, frozen=True, kw_only=True):
    """The first event of every run.

    `continues` names the run whose final state this one starts from ("" for a fresh start), and
    `first_step` is the number of updates that state has already seen.
    """

    run_id: str
    experiment: str
    config: dict[str, Any]
    layers: tuple[Layer, ...] = ()
    dataset: DatasetInfo | None = None
    device: str = ""
    versions: dict[str, str] = {}
    numerics: dict[str, str] = {}
    steps_per_epoch: int = 0
    total_steps: int = 0
    first_step: int = 0
    continues: str = ""


class LayerVitals(msgspec.Struct, frozen=True, gc=False):
    """One layer's columns, a value for each of the block's measured steps.

    Norms are Euclidean (Frobenius for a matrix). `update_ratio` is |Δ|/|W| of the weight's
    update. `delta_norm` is |∂loss/∂z| of the layer's pre-activations z for the minibatch's mean
    loss; `activation_*` describe h = φ(z) (for the output layer the logits); `dead` is the
    fraction of entries of h that the activation's rule calls dead or saturated.
    """

    name: str
    gradient_norm: tuple[float, ...]
    bias_gradient_norm: tuple[float, ...]
    weight_norm: tuple[float, ...]
    update_ratio: tuple[float, ...]
    activation_mean: tuple[float, ...]
    activation_std: tuple[float, ...]
    dead: tuple[float, ...]
    delta_norm: tuple[float, ...]


class StepsMeasured(Event, frozen=True, kw_only=True):
    """A block of consecutive steps; every step's loss is in exactly one block.

    Steps count from 1: step k is the k-th update of the parameters. `loss[i]` and `accuracy[i]`
    are the minibatch's mean loss (nats) and fraction right before the update of step
    ``first_step + i``. `lr` is the rate of the last of them. `measured_steps` are those whose
    vitals stand in `layers`.
    """

    first_step: int
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    lr: float
    measured_steps: tuple[int, ...] = ()
    layers: tuple[LayerVitals, ...] = ()


class MatrixRow(msgspec.Struct, frozen=True, gc=False):
    """Magnitudes of one matrix: a layer's weight or its gradient."""

    name: str
    kind: Literal["weight", "gradient"]
    shape: tuple[int, ...]
    min: float
    max: float
    mean_abs: float
    rms: float
    frobenius: float
    spectral: float
    effective_rank: float


class MatricesMeasured(Event, frozen=True, kw_only=True):
    """Magnitudes of every weight and of its gradient after `step` updates."""

    step: int
    rows: tuple[MatrixRow, ...]


class Histogram(msgspec.Struct, frozen=True, gc=False):
    """Counts in equal bins over [low, high]; `of` is "weight", "gradient" or "activation"."""

    layer: str
    of: Literal["weight", "gradient", "activation"]
    low: float
    high: float
    counts: tuple[int, ...]


class HistogramsMeasured(Event, frozen=True, kw_only=True):
    """How every layer's weights, gradients and activations are spread after `step` updates."""

    step: int
    histograms: tuple[Histogram, ...]


class EpochFinished(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The end of a pass over the training set.

    Train figures are averages within the epoch, each before its update (as the chapter plots
    them), in train mode; test figures are taken after it. `seconds` leaves pauses and the
    evaluation out.

    With dropout a train loss in train mode may lie above the test loss. There `train_loss_eval`
    and `train_accuracy_eval` are those of the network after the epoch, without masks, on at most
    10,000 training examples spread over the set: what one more pass forward over as many costs.
    Where no dropout rate is above 0 they are NaN, and left out of the JSON.
    """

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    samples_per_second: float
    train_loss_eval: float = math.nan
    train_accuracy_eval: float = math.nan


class ControlApplied(Event, frozen=True, kw_only=True):
    """A person's request and what came of it, at the step boundary where it took effect.

    `before` and `after` are spelled for people; a request that changed nothing has them equal
    and says why in `note`.
    """

    step: int
    what: str
    before: str = ""
    after: str = ""
    note: str = ""
    request: int = 0


class CheckpointSaved(Event, frozen=True, kw_only=True):
    """The complete state after `step` updates, in `file` relative to the run's directory.

    `sha256` is the file's. `state` is a digest of the state itself, without clock times: two runs
    are the same bit for bit if and only if theirs are. `best` says that no epoch before had a
    lower test loss; the files of older ones are deleted. The last two files and the best stay.
    """

    step: int
    file: str
    sha256: str
    state: str = ""
    best: bool = False


class SeriesExtended(Event, frozen=True, kw_only=True):
    """New points of a curve that an experiment draws, with x that does not decrease.

    `series` is "<chart>/<curve>". With `afresh` they take the place of the points so far.
    """

    series: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    afresh: bool = False


class TableChanged(Event, frozen=True, kw_only=True):
    """A table that an experiment shows, whole."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


class GridChanged(Event, frozen=True, kw_only=True):
    """A heatmap that an experiment shows, whole: `values[row][column]`.

    `rows` and `columns` label it (spelled numbers for an axis). `cells`, where given, is a short
    text for each cell, and `points` are measured points (column, row, text) in cells, fractions
    allowed, drawn over it. NaN is a cell that has no value yet.
    """

    grid: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    cells: tuple[tuple[str, ...], ...] = ()
    points: tuple[tuple[float, float, str], ...] = ()


class Bars(msgspec.Struct, frozen=True, gc=False):
    """One bar for each label; `low` and `high`, where given, are the ends of its error bar."""

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


class BarsChanged(Event, frozen=True, kw_only=True):
    """A bar chart that an experiment shows, whole: under each label a bar of every group.

    A group whose name starts with "theory" is a prediction, as the curves of a chart.
    """

    bars: str
    labels: tuple[str, ...]
    groups: tuple[Bars, ...]
    y: str = ""


class Picture(msgspec.Struct, frozen=True, gc=False):
    """A small image: bytes row by row from the top left, 0 black to 255 white.

    `channels` is 1 (grey) or 3 (red, green, blue of each pixel); in JSON the pixels are base64.
    `tone` says whether the caption is good news, bad news or neither.
    """

    width: int
    height: int
    pixels: bytes
    channels: int = 1
    caption: str = ""
    tone: Literal["plain", "good", "bad"] = "plain"


class PicturesShown(Event, frozen=True, kw_only=True):
    """A row of pictures that an experiment shows, whole."""

    pictures: str
    items: tuple[Picture, ...]


class GraphNode(msgspec.Struct, frozen=True, gc=False):
    """A node of a computational graph at (`column`, `row`) of its drawing, both from 0.

    `norm` is that of its value and `gradient_norm` that of ∂J/∂node, NaN where not computed yet;
    `values` are a few entries, of the gradient once there is one. `at` marks the node that the
    pass has just reached.
    """

    name: str
    formula: str
    column: int
    row: int
    shape: str = ""
    norm: float = math.nan
    gradient_norm: float = math.nan
    values: tuple[float, ...] = ()
    state: Literal["waiting", "forward", "backward"] = "waiting"
    at: bool = False


class GraphChanged(Event, frozen=True, kw_only=True):
    """A computational graph that an experiment shows, whole; `edges` name (from, to).

    `notes` are lines on the node that the pass has just reached.
    """

    graph: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """What a network says of one test example.

    `index` is its place in the test set, `label` and `predicted` number the classes, `probability`
    is the softmax output of the predicted class and `loss` the cross-entropy in nats. `picture` is
    the example where it is an image.
    """

    index: int
    label: int
    predicted: int
    probability: float
    loss: float
    picture: Picture | None = None


class Confused(msgspec.Struct, frozen=True, gc=False):
    """So many `examples` of class `label` were taken for class `predicted`."""

    label: int
    predicted: int
    examples: int


class PredictionsMeasured(Event, frozen=True, kw_only=True):
    """What the network says of the test set after `step` updates, in eval mode.

    `confusion[label][predicted]` counts examples; with more than 100 classes it is empty, and only
    `confused`, the most frequent of its mistakes in falling order, is told. `shown` are the first
    test examples and `mistakes` those with the greatest loss among the wrong ones, the worst
    first. `correct` of all `examples` are right: their ratio is the test accuracy.
    """

    step: int
    examples: int
    confusion: tuple[tuple[int, ...], ...]
    shown: tuple[Prediction, ...]
    mistakes: tuple[Prediction, ...]
    correct: int = 0
    confused: tuple[Confused, ...] = ()


class Advanced(Event, frozen=True, kw_only=True):
    """How far an experiment has come: `done` of `total` units of work."""

    done: float
    total: float


class ClaimChecked(Event, frozen=True, kw_only=True):
    """A measurement held against its prediction: it holds if |measured - predicted| ≤ tolerance."""

    claim: str
    measured: float
    predicted: float
    tolerance: float
    holds: bool
    source: str


class Noted(Event, frozen=True, kw_only=True):
    """A line for the log, e.g. which product kernel runs and why.

    `about`, of an error, is what it has happened to: a later success there takes it back.
    """

    text: str
    level: Level = "info"
    about: Literal["", "checkpoint", "record"] = ""


class RunFinished(Event, frozen=True, kw_only=True):
    """The last event of every run that ended by itself or was ended in order.

    `detail` is a sentence a person can read; `step` counts all updates so far.
    """

    outcome: Outcome
    detail: str
    step: int = 0


AnyEvent = (
    RunStarted
    | StepsMeasured
    | MatricesMeasured
    | HistogramsMeasured
    | EpochFinished
    | ControlApplied
    | CheckpointSaved
    | SeriesExtended
    | TableChanged
    | GridChanged
    | BarsChanged
    | PicturesShown
    | GraphChanged
    | PredictionsMeasured
    | Advanced
    | ClaimChecked
    | Noted
    | RunFinished
)

_encoder = msgspec.json.Encoder()
_strict: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_lenient: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent, strict=False)
_many: msgspec.json.Decoder[list[AnyEvent]] = msgspec.json.Decoder(list[AnyEvent])


def encode(event: Event) -> bytes:
    """One line of JSON, without the newline."""
    line = _encoder.encode(event)
    # msgspec writes NaN and ±Inf as null and could not read them back. No event has a null of its
    # own except an absent dataset or picture: the slow path is for those and for such numbers.
    return _encoder.encode(_spelled(msgspec.to_builtins(event))) if b"null" in line else line


def decode(line: bytes) -> AnyEvent:
    """The event that `encode` wrote.

    Raises:
        ValueError: when the line is not JSON in UTF-8, or not one of the events.
    """
    try:
        return _strict.decode(line)
    except msgspec.ValidationError:
        return _lenient.decode(line)  # reads "NaN" and "±Infinity" as the numbers they are


def decode_all(lines: Sequence[bytes]) -> list[AnyEvent]:
    """The events that `encode` wrote, in half the time where every number is finite.

    Raises:
        ValueError: when `decode` would not take each line alone as it stands.
    """
    events = _many.decode(b"[" + b",\n".join(lines) + b"]")
    if len(events) != len(lines):
        raise msgspec.DecodeError(f"{len(events)} events in {len(lines)} lines")
    return events


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _spelled(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(element) for element in value]
    return value
