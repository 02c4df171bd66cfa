"""What a network says of the test set, from what is known of a run: plain values to be shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine import events
from engine.text import clean
from tui.charts.halfblocks import Picture, Tone
from tui.charts.heat import Heat
from tui.charts.numbers import fixed, percent
from tui.run_view import RunView

_ROOT = 0.5
"""Colours of the confusion matrix follow the root of a share: rare mistakes can be told apart."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of the test set.

    `recall` is the share of its `examples` that is recognized, `precision` the share of what is
    taken for it that it is; NaN of none. `times` of its examples are taken for `taken_for`, the
    most frequent mistake.
    """

    name: str
    examples: int
    recall: float
    precision: float
    taken_for: str = ""
    times: int = 0


def class_name(view: RunView, label: int) -> str:
    """A class as people call it; its number where it has no name."""
    dataset = view.started.dataset if view.started else None
    names = dataset.classes if dataset else ()
    return clean(names[label], 20) if 0 <= label < len(names) else str(label)


def class_figures(view: RunView) -> list[ClassFigures]:
    """Every class in their order; none where the matrix is not told."""
    confusion = view.predictions.confusion if view.predictions else ()
    return [_figures(view, confusion, label) for label in range(len(confusion))]


def confusion_heat(view: RunView) -> Heat:
    """The confusion matrix: counts in cells, coloured by their share of the row's class.

    Where the counts do not fit, their share of the row in whole percent.
    """
    confusion = view.predictions.confusion if view.predictions else ()
    names = tuple(class_name(view, label) for label in range(len(confusion)))
    heat = Heat(
        title="confusion (row: true)",
        rows=names,
        columns=names,
        values=tuple(tuple(_share(count, sum(row)) for count in row) for row in confusion),
        cells=tuple(tuple(str(count) if count else "" for count in row) for row in confusion),
        power=_ROOT,
        cut=True,
    )
    shares = tuple(tuple(map(_whole_percent, row)) for row in heat.values)
    return replace(heat, narrow=replace(heat, title="confusion, % of the row", cells=shares))


def shown_pictures(view: RunView, arrow: str = "→") -> list[Picture]:
    """The first test images, captioned with what they are taken for."""
    told = view.predictions.shown if view.predictions else ()

    def caption(shown: events.Prediction) -> tuple[str, Tone]:
        predicted = class_name(view, shown.predicted)
        if shown.predicted == shown.label:
            return predicted, "good"
        return f"{class_name(view, shown.label)} {arrow} {predicted}", "bad"

    return list(_pictures(told, caption))


def mistake_pictures(view: RunView, arrow: str = "→") -> list[Picture]:
    """The worst mistakes, captioned with class, prediction, its probability and the loss."""
    told = view.predictions.mistakes if view.predictions else ()

    def caption(wrong: events.Prediction) -> tuple[str, Tone]:
        figures = f"{_probability(wrong)} {fixed(wrong.loss, 0)}"
        return f"{mistake(view, wrong, arrow)} {figures}", "plain"

    return list(_pictures(told, caption))


def mistake_rows(view: RunView) -> list[tuple[str, ...]]:
    """The worst mistakes in words: example, class, prediction, its probability, loss."""
    return [
        (
            f"{wrong.index:,}",
            class_name(view, wrong.label),
            class_name(view, wrong.predicted),
            _probability(wrong),
            fixed(wrong.loss, 0),
        )
        for wrong in (view.predictions.mistakes if view.predictions else ())
    ]


MISTAKE_COLUMNS = ("example", "true", "predicted", "probability", "loss")
CLASS_COLUMNS = ("class", "recall", "precision", "most often taken for")


def class_rows(view: RunView) -> list[tuple[str, ...]]:
    """The classes in words, under `CLASS_COLUMNS`, the one that is recognized least first."""
    figures = sorted(class_figures(view), key=lambda row: (math.isnan(row.recall), row.recall))
    return [
        (
            row.name,
            known(row.recall),
            known(row.precision),
            f"{row.taken_for} ({row.times:,})" if row.times else "",
        )
        for row in figures
    ]


def confused_rows(view: RunView) -> list[tuple[str, ...]]:
    """The most frequent mistakes in words: class, what it is taken for, how often."""
    return [
        (class_name(view, pair.label), class_name(view, pair.predicted), f"{pair.examples:,}")
        for pair in (view.predictions.confused if view.predictions else ())
    ]


def mistake(view: RunView, wrong: events.Prediction | events.Confused, arrow: str = "→") -> str:
    """``Shirt → T-shirt/top``."""
    return f"{class_name(view, wrong.label)} {arrow} {class_name(view, wrong.predicted)}"


def standing(told: events.PredictionsMeasured, *, brief: bool = False) -> str:
    """``84.6% of 10,000 test examples right at step 2,350``."""
    if not told.examples:
        return f"no test examples at step {told.step:,}"
    share = percent(told.correct / told.examples, 0)
    of = "" if brief else f" of {told.examples:,} test examples"
    return f"{share}{of} right at step {told.step:,}"


def _figures(view: RunView, confusion: Sequence[Sequence[int]], label: int) -> ClassFigures:
    row, hits = confusion[label], confusion[label][label]
    taken = sum(line[label] for line in confusion)
    others = [(count, -other) for other, count in enumerate(row) if other != label]
    times, worst = max(others, default=(0, 0))
    return ClassFigures(
        name=class_name(view, label),
        examples=sum(row),
        recall=_share(hits, sum(row)),
        precision=_share(hits, taken),
        taken_for=class_name(view, -worst) if times else "",
        times=times,
    )


def _pictures(
    told: Sequence[events.Prediction], caption: Callable[[events.Prediction], tuple[str, Tone]]
) -> Iterator[Picture]:
    for example in told:
        if example.picture is not None:
            image = example.picture
            yield Picture(
                image.width, image.height, image.pixels, image.channels, *caption(example)
            )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _whole_percent(share: float) -> str:
    if not share > 0:
        return ""
    return f"{100 * share:.0f}" if share >= 0.01 else "<1"


def known(share: float) -> str:
    """A share in percent; a dash for one of none."""
    return "–" if math.isnan(share) else percent(share, 0)


def _probability(example: events.Prediction) -> str:
    probability = example.probability
    return f"{probability:.0%}" if math.isfinite(probability) else fixed(probability, 0)
