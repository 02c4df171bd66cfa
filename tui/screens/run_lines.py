"""The list of runs in lines: from the browser's values to what its widgets show."""

from __future__ import annotations

from tui.runs.browser import Browser
from tui.runs.shelf import Listed
from tui.widgets.run_table import RunRow


def line_of(one: Listed, browser: Browser) -> RunRow:
    """A run's line in the table."""
    row = one.row
    return RunRow(
        run_id=row.run_id,
        name=row.name,
        state=row.state,
        tone="live" if one.entry.live else row.tone,
        what=row.what,
        progress=row.progress,
        best=row.best,
        size=row.size,
        when=row.when,
        marked=row.run_id in browser.marks,
    )


def title_of(browser: Browser) -> list[tuple[str, str]]:
    """How many runs there are, are shown, are marked; each piece with its colour's role."""
    reading, count = browser.reading, len(browser.shown)
    runs = [(" runs", "strong")]
    if not reading.whole:
        told = f"{len(reading.runs)} of {reading.total} …" if reading.total else "…"
        return [*runs, (f"  reading {told}", "muted")]
    found = f"{count} of {len(reading.runs)}" if browser.typed.strip() else str(count)
    runs.append((f"  {found}", "muted"))
    if browser.marks:
        hidden = len(browser.marks - {one.entry.run_id for one in browser.shown})
        runs.append((f"  {len(browser.marks)} marked", "loss"))
        runs.append((f", {hidden} of them not shown" if hidden else "", "muted"))
    return runs
