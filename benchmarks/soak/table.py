"""The figures of a soak, for a terminal or for a README."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.table import Table

from benchmarks.soak.tally import Growth, Tally

COLUMNS = ("what", "figure", "must be", "is")
OPENING, CLOSING = "<!-- soak -->", "<!-- end of soak -->"
_ENDS = ("kill", "terminate", "close", "stop", "leave")


class Row(NamedTuple):
    """A line of the table; `met` is None for what is only counted."""

    what: str
    figure: str
    bound: str = ""
    met: bool | None = None


def rows(tally: Tally) -> Iterator[Row]:
    """Everything counted."""
    done = tally.done
    asked = sum(count for what, count in done.items() if what not in (*_ENDS, "started"))
    yield Row("runs started", f"{done['started']:,}")
    yield Row("requests, pauses, switches, viewers that come, go or stall", f"{asked:,}")
    yield Row(
        "engines killed (KILL) / told to end (TERM)", f"{done['kill']:,} / {done['terminate']:,}"
    )
    yield Row("events seen by a viewer", f"{tally.acknowledged:,}")
    yield Row("… of these lost", f"{tally.lost:,}", "0", not tally.lost)
    yield Row("last lines torn by a kill", f"{tally.torn:,}")
    chains = f"{tally.bitwise:,} of {tally.compared:,}"
    early = f", {tally.kept_back:,} before anything was saved" if tally.kept_back else ""
    yield Row("resumes tried", f"{tally.resumes:,}{early}")
    every = tally.bitwise == tally.compared
    yield Row("resumed runs that end bitwise as the undisturbed run", chains, "all", every)
    yield Row("corruptions injected", f"{tally.injected:,}")
    yield Row("… detected / without effect", f"{tally.detected:,} / {tally.harmless:,}")
    yield Row("… silent", f"{tally.silent:,}", "0", not tally.silent)
    yield Row("bad inputs tried", f"{tally.tried:,}")
    clean = f"{tally.clean:,}"
    yield Row(
        "… answered by one sentence and exit code 2", clean, "all", tally.clean == tally.tried
    )
    for what, growth in tally.growths.items():
        if growth.samples:
            yield Row(what, _grown(growth), _most(growth), growth.flat)
    left = tally.left_behind
    yield Row("processes and files left behind", f"{left:,}", "0", not left)


def table(tally: Tally, title: str) -> Table:
    """The table for a terminal."""
    made = Table(title=title, title_justify="left")
    for column in COLUMNS:
        made.add_column(column, justify="right" if column == "figure" else "left")
    for row in rows(tally):
        made.add_row(*_cells(row))
    return made


def markdown(tally: Tally, title: str) -> str:
    """The table between the marks that it has in the README."""
    lines = [OPENING, f"| {' | '.join(COLUMNS)} |", "|---|---:|---|---|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows(tally)]
    return "\n".join([*lines, "", title, CLOSING])


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.what, row.figure, row.bound, {True: "yes", False: "NO", None: ""}[row.met]


def _grown(growth: Growth) -> str:
    scale = 1 << 20 if growth.unit else 1
    first, last, slope = (v / scale for v in (growth.first, growth.last, growth.slope))
    unit = f" {growth.unit}" if growth.unit else ""
    digits = 1 if growth.unit else 0
    return f"{first:.{digits}f} → {last:.{digits}f}{unit} ({slope:+.1f}/h)"


def _most(growth: Growth) -> str:
    scale = 1 << 20 if growth.unit else 1
    return f"≤ +{growth.most / scale:g}{f' {growth.unit}' if growth.unit else ''}"
