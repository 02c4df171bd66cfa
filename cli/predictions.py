"""What the network of a run says of the test set, when the run has ended without a screen."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from cli.pictures import PictureRows
from cli.tables import titled_table
from engine.events import PredictionsMeasured
from tui import predictions as told
from tui.run_view import RunView

MOST_COUNTED = 12
"""Classes up to which every count of the confusion matrix is printed, where there is room."""
_MOST_NAMED, _LETTERS = 3, 3
_MOST_PICTURES, _PICTURE_LINES = 6, 10
_WORST = "worst mistakes (true → predicted, its probability, loss)"


def predictions(view: RunView, event: PredictionsMeasured) -> Iterator[RenderableType]:
    """How many are right, every class, the most frequent mistakes, the worst ones as pictures."""
    yield Text(f"predictions: {told.standing(event)}")
    if event.confusion:
        yield _Classes(view, event)
    if event.confused:
        yield Text(_confused(view, event))
    if worst := told.mistake_pictures(view):
        yield PictureRows(_WORST, worst[:_MOST_PICTURES], _PICTURE_LINES)


class _Classes:
    """Recall and precision of every class, with the whole confusion matrix where it fits."""

    def __init__(self, view: RunView, event: PredictionsMeasured) -> None:
        self._view = view
        self._confusion = event.confusion

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        confusion = self._confusion
        names = [told.class_name(self._view, label) for label in range(len(confusion))]
        rows = told.class_figures(self._view)
        counts = [[f"{count:,}" for count in row] for row in confusion]
        wide = max(len(count) for row in counts for count in row) + 1
        fits = max(map(len, names)) + len(names) * max(_LETTERS + 1, wide) + 20
        whole = len(names) <= MOST_COUNTED and fits <= options.max_width
        heads = [name[: max(_LETTERS, wide - 1)] for name in names] if whole else []
        table = titled_table(
            "confusion (row: true)" if whole else "classes",
            ("class", *heads, *told.CLASS_COLUMNS[1:3]),
            [False, *[True] * (len(heads) + 2)],
        )
        for row, line in zip(rows, counts, strict=True):
            shares = (told.known(row.recall), told.known(row.precision))
            table.add_row(Text(row.name), *map(Text, (*(line if whole else ()), *shares)))
        yield table


def _confused(view: RunView, event: PredictionsMeasured) -> str:
    """``most often confused: shirt → T-shirt/top 123 of 1,000 · …``."""
    parts = []
    for pair in event.confused[:_MOST_NAMED]:
        of = f" of {sum(event.confusion[pair.label]):,}" if event.confusion else " times"
        parts.append(f"{told.mistake(view, pair)} {pair.examples:,}{of}")
    return f"most often confused: {' · '.join(parts)}"
