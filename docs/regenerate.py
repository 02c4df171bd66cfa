"""Make the README's pictures, key table and catalogue anew: ``python docs/regenerate.py``.

The pictures are real ones: an engine trains on Fashion-MNIST (where that is missing, on synthetic
garments) and Textual exports the screen; experiments are run and exported by the commands.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from cli.lab import catalogue
from cli.main import main as mlp_tui
from engine.config import RunConfig
from engine.experiments import EXPERIMENTS
from engine.process_link import ProcessLink
from tui.app import DashboardApp
from tui.capabilities import FULL
from tui.keymap import groups, spelled

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
SIZE = (120, 36)
EXPERIMENTS_SHOWN = ("backprop", "corruptions")


async def picture() -> str:
    """The screen of a He run over the ghosts of two others, as SVG."""
    link = ProcessLink()
    app = DashboardApp(link, RunConfig(activation="sigmoid"), capabilities=FULL)
    try:
        async with app.run_test(size=SIZE) as pilot:
            await _until(app, pilot.pause, lambda: app.hub.view.finished is not None)
            for changes in ({"activation": "relu"}, {"activation": "relu", "init": "he"}):
                app.hub.switch(RunConfig(**changes))
                wanted = RunConfig(**changes)
                await _until(app, pilot.pause, lambda wanted=wanted: _well_under_way(app, wanted))
            app.draw()
            await pilot.pause()
            svg = app.export_screenshot(title="mlp-tui")
            return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # loads nothing
    finally:
        link.close()


def _well_under_way(app: DashboardApp, wanted: RunConfig) -> bool:
    view = app.hub.view
    share = 0.97 if wanted.init == "normal" else 0.7
    mine = view.config.get("init") == wanted.init and view.config.get("activation") == "relu"
    return mine and view.step >= share * view.total_steps > 0


async def _until(
    app: DashboardApp, pause: Callable[[], Awaitable[None]], reached: Callable[[], bool]
) -> None:
    while not reached():
        app.tick()
        await pause()
        await asyncio.sleep(0.02)


def experiment(name: str) -> str:
    """The screen of an experiment that has just ended, as SVG."""
    with tempfile.TemporaryDirectory() as scratch:
        runs, made = ["--runs-dir", f"{scratch}/runs"], Path(scratch, "made.svg")
        mlp_tui(["lab", name, "--headless", "--quiet", *runs])
        mlp_tui(["export", "last", "--to", "svg", "--out", str(made), *runs])
        return made.read_text()


def key_table() -> str:
    """The keys as a Markdown table, group by group."""
    lines = ["| keys | what they do |", "|---|---|"]
    for _, actions in groups():
        for action in actions:
            keys = " ".join(f"`{spelled(key)}`" for key in action.keys)
            lines.append(f"| {keys} | {action.help} |")
    return "\n".join(lines)


def lab_table() -> str:
    """The laboratory's experiments as a Markdown table, in the catalogue's order."""
    lines = ["| experiment | what it asks | what it shows | how long |", "|---|---|---|---|"]
    for e in catalogue(EXPERIMENTS).values():
        cells = (f"`{e.name}`", e.question, e.shows, e.lasts)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines)


def replaced(text: str, name: str, content: str) -> str:
    """`text` with what stands between the marks of `name` replaced."""
    marks = (f"<!-- {name} -->", f"<!-- end of {name} -->")
    pattern = re.compile(f"{marks[0]}.*?{marks[1]}", re.DOTALL)
    return pattern.sub(lambda _: f"{marks[0]}\n{content}\n{marks[1]}", text)


def with_tables(text: str) -> str:
    """The README's text with its generated tables as they are now."""
    return replaced(replaced(text, "keys", key_table()), "lab", lab_table())


def main() -> None:
    """Write them all."""
    README.write_text(with_tables(README.read_text()))
    (DOCS / "dashboard.svg").write_text(asyncio.run(picture()))
    for name in EXPERIMENTS_SHOWN:
        (DOCS / f"{name}.svg").write_text(experiment(name))


if __name__ == "__main__":
    main()
