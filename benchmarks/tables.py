"""Figures as a table, for a terminal or for a README."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from benchmarks.figures import Figure

COLUMNS = ("figure", "median", "min–max", "goal", "met", "behind it")


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure's row, in the order of COLUMNS."""
    value, goal = figure.value, figure.goal
    digits = _digits(value.median) if value else 0
    space = "" if figure.unit == "×" else " "
    return (
        figure.what,
        f"{value.median:.{digits}f}{space}{figure.unit}" if value else "–",
        f"{value.low:.{digits}f}–{value.high:.{digits}f}" if value else "–",
        f"{goal.sign} {goal.bound:g}" if goal else "",
        {True: "yes", False: "no", None: ""}[figure.met],
        figure.absolute,
    )


def table(title: str) -> Table:
    """An empty table with the columns of a benchmark."""
    made = Table(title=title, title_justify="left")
    for column in COLUMNS:
        made.add_column(column, justify="right" if column in ("median", "min–max") else "left")
    return made


def markdown(sections: Iterable[tuple[str, Iterable[Figure]]]) -> str:
    """All sections as one Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---:|---:|---|---|---|"]
    for title, figures in sections:
        lines.append(f"| **{title}** |" + " |" * (len(COLUMNS) - 1))
        lines += ["| " + " | ".join(cells(figure)) + " |" for figure in figures]
    return "\n".join(lines)


def _digits(value: float) -> int:
    """Decimals that leave about three figures."""
    return 3 if value < 2 else 2 if value < 10 else 1 if value < 100 else 0
