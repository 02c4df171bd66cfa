"""``python -m benchmarks``: measure everything, or one thing, on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.plan import Plan
from benchmarks.suite import SUITE, Benchmark
from benchmarks.tables import cells, markdown, table


def main() -> int:
    """Run what was asked for; returns 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [benchmark.name for benchmark in SUITE]
    parser.add_argument("--quick", action="store_true", help="only check that it works")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=str(names))
    parser.add_argument("--markdown", action="store_true", help="print one table in Markdown")
    parser.add_argument("--data-dir", default=None, help="holds FashionMNIST/ (else MLP_TUI_DATA)")
    given = parser.parse_args()
    plan = Plan(given.quick) if given.data_dir is None else Plan(given.quick, given.data_dir)
    chosen = [benchmark for benchmark in SUITE if benchmark.name in (given.only or names)]
    progress = Console(stderr=True)
    where = machine(plan)  # before the load is our own
    progress.print(where, style="dim", soft_wrap=True)
    sections = [(b.title, measured(b, plan, progress)) for b in chosen]
    if given.markdown:
        sys.stdout.write(f"{markdown(sections)}\n\n{where}\n")
    else:
        show(Console() if sys.stdout.isatty() else Console(width=150), sections)
    return int(any(figure.met is False for _, figures in sections for figure in figures))


def measured(benchmark: Benchmark, plan: Plan, progress: Console) -> list[Figure]:
    """All figures of a benchmark, each announced when it stands."""
    figures = []
    with progress.status(benchmark.title):
        for figure in benchmark.run(plan):
            progress.print(
                "  ".join(cell for cell in cells(figure) if cell), markup=False, soft_wrap=True
            )
            figures.append(figure)
    return figures


def show(console: Console, sections: list[tuple[str, list[Figure]]]) -> None:
    """Print the tables."""
    for title, figures in sections:
        made = table(title)
        for figure in figures:
            made.add_row(*cells(figure))
        console.print(made)


def machine(plan: Plan) -> str:
    """What the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    pace = "quick check, not a measurement" if plan.quick else "full measurement"
    return (
        f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} cores, "
        f"torch {version('torch')}, textual {version('textual')}, {plan.data}; "
        f"{pace}, begun at a load average of {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
