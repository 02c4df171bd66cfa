"""A grid of initializers × activations: what theory calls, what came, and where they agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.events import GridChanged, TableChanged
from engine.lab.entrants import short
from engine.lab.race import Race
from engine.lab.verdicts import Verdict, agreement, learned


class GridViews:
    """Views of a race whose entrants are all pairs at every depth, row by row.

    `called_trainable` is how many nets theory calls trainable.
    """

    def __init__(self, race: Race, judged: Sequence[Verdict]) -> None:
        self._race, self._judged = race, judged
        self._classes = len(race.info.classes)
        entrants = race.entrants
        self._depths = list(dict.fromkeys(entrant.depth for entrant in entrants))
        self._rows = tuple(short(init) for init in dict.fromkeys(e.init for e in entrants))
        self._columns = tuple(dict.fromkeys(entrant.activation for entrant in entrants))
        self.called_trainable = sum(verdict.call == "trains" for verdict in judged)

    def theory(self) -> Iterator[GridChanged]:
        """Σ ½log₁₀χ of every cell with the call, a grid for each depth."""
        yield from self._grids(
            "theory: Σ½log10 χ",
            [verdict.log_chi for verdict in self._judged],
            [f"{verdict.log_chi:.1f} {verdict.word}" for verdict in self._judged],
        )

    def measured(
        self, accuracies: Sequence[float], lost_at: Sequence[int]
    ) -> Iterator[GridChanged]:
        """Test accuracy of every cell, a grid for each depth; NaN before the first test."""
        cells = [
            "diverged" if lost else "" if math.isnan(a) else f"{a:.2f}"
            for a, lost in zip(accuracies, lost_at, strict=True)
        ]
        yield from self._grids("test accuracy", accuracies, cells)

    def agreement(self, accuracies: Sequence[float]) -> TableChanged:
        """What was called, by what came of it, and every cell that was called wrongly."""
        rows: list[tuple[str | float, ...]] = []
        for word in dict.fromkeys(verdict.word for verdict in self._judged):
            own = [
                learned(a, self._classes)
                for verdict, a in zip(self._judged, accuracies, strict=True)
                if verdict.word == word
            ]
            rows.append((word, sum(own), len(own) - sum(own)))
        right, called = self.right(accuracies)
        wrong = (
            f"{verdict.entrant.label} ({verdict.word}: {accuracy:.2f})"
            for verdict, accuracy in zip(self._judged, accuracies, strict=True)
            if verdict.call and (verdict.call == "trains") != learned(accuracy, self._classes)
        )
        if not all(map(math.isnan, accuracies)):
            rows.append((f"right: {right} of {called}", "", ""))
            rows += [(f"wrong: {text}", "", "") for text in wrong]
        return TableChanged(
            table="theory's calls", columns=("call", "learn", "do not"), rows=tuple(rows)
        )

    def right(self, accuracies: Sequence[float]) -> tuple[int, int]:
        """How many calls came true so far, of how many."""
        return agreement(self._judged, accuracies, self._classes)

    def learning(self, accuracies: Sequence[float]) -> float:
        """How many nets have learned."""
        return float(sum(learned(accuracy, self._classes) for accuracy in accuracies))

    def _grids(
        self, name: str, values: Sequence[float], cells: Sequence[str]
    ) -> Iterator[GridChanged]:
        size, wide = len(self._rows) * len(self._columns), len(self._columns)
        for number, depth in enumerate(self._depths):
            begin = number * size
            starts = range(begin, begin + size, wide)
            yield GridChanged(
                grid=f"{name}, depth {depth}",
                rows=self._rows,
                columns=self._columns,
                values=tuple(tuple(values[at : at + wide]) for at in starts),
                cells=tuple(tuple(cells[at : at + wide]) for at in starts),
            )
