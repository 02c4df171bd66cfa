"""A race as grids, tables and curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.events import GridChanged, TableChanged
from engine.lab.race import Gauged, Race
from engine.lab.verdicts import Verdict, learned
from engine.theory.edge import instability

MOVED = 0.01  # a layer stands still when the whole run's updates would move it by less


def heatmaps(race: Race) -> Iterator[GridChanged]:
    """log₁₀‖∂loss/∂W‖ of every layer through time, a grid for each net; NaN is yet to come."""
    columns = race.cadence.measured
    ahead = len(columns) - race.measured
    for place, layers in enumerate(race.gradients()):
        yield GridChanged(
            grid=f"log10 gradient norms, {race.entrants[place].label}",
            rows=tuple(race.names(place)),
            columns=tuple(str(step) for step in columns),
            values=tuple(
                (*(round(value, 3) for value in row), *(math.nan,) * ahead) for row in layers
            ),
        )


def learning_layers(race: Race) -> TableChanged:
    """Every layer's log₁₀ of update over weight, and whether it still learns."""
    still = stands_still(race.cadence.total)
    words = [[pace_word(ratio, still) for ratio in row] for row in race.update_ratios()]
    deepest = max(len(row) for row in words) - 1
    hidden = [[*row[:-1], *[""] * (deepest - len(row) + 1)] for row in words]
    rows = [(f"hidden{number + 1}", *(row[number] for row in hidden)) for number in range(deepest)]
    rows.append(("output", *(row[-1] for row in words)))
    labels = (entrant.label for entrant in race.entrants)
    return TableChanged(
        table="which layers learn", columns=("log10 update/weight", *labels), rows=tuple(rows)
    )


def stands_still(steps: int) -> float:
    """The log₁₀ of update over weight below which so many steps move a weight by 1 % at most."""
    return math.log10(MOVED / steps)


def pace_word(ratio: float, still: float) -> str:
    """``-2.6 learns``, ``-8.1 still`` or ``lost``, for a log₁₀ of update over weight."""
    if math.isnan(ratio) or ratio == math.inf:
        return "lost"
    return f"{ratio:.1f} {'learns' if ratio > still else 'still'}"


def standings(
    race: Race,
    judged: Sequence[Verdict],
    gauged: Gauged,
    tested: tuple[Sequence[float], Sequence[float]],
    lost_at: Sequence[int],
) -> TableChanged:
    """Every entrant with theory's call, the three gauges, and what has come of it."""
    rows = []
    still = stands_still(race.cadence.total)
    ratios = race.update_ratios() if race.measured else [[] for _ in judged]
    for place, (verdict, loss, accuracy) in enumerate(zip(judged, *tested, strict=True)):
        moving = sum(still < ratio < math.inf for ratio in ratios[place])
        rows.append(
            (
                verdict.entrant.label,
                loss,
                accuracy,
                f"{moving} of {verdict.entrant.depth + 1}",
                outcome(accuracy, race, lost_at[place]),
                verdict.word,
                verdict.log_chi,
                gauged.log_chi[place],
                gauged.correlation[place],
                instability(gauged.sharpness[place], race.rules.lr),
            )
        )
    return TableChanged(
        table="race",
        columns=(
            *("entrant", "test loss", "test accuracy", "layers learn", "outcome", "theory's call"),
            *("Σ½log10 χ", "measured", "correlation", "ηλ/2"),
        ),
        rows=tuple(rows),
    )


def outcome(accuracy: float, race: Race, lost_at: int) -> str:
    """What came of a net so far: a word or two."""
    if lost_at:
        return f"diverged at {lost_at}"
    if math.isnan(accuracy):
        return "diverged" if race.done else "at its start"
    return "learns" if learned(accuracy, len(race.info.classes)) else "guesses"
