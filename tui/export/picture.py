"""The screen of a run as its record ends, as SVG that loads nothing from anywhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.events import AnyEvent
from engine.experiments import EXPERIMENTS
from engine.export.source import Source
from engine.link import Lost
from engine.text import clean
from tui.app import DashboardApp, Opening
from tui.capabilities import FULL
from tui.export.link import RecordLink
from tui.screens.lab import LabScreen
from tui.screens.lab_panels import LabPanels
from tui.theme import MLP_DARK, MLP_LIGHT

MOST_PICTURES = 12
THEMES = {"dark": MLP_DARK.name, "light": MLP_LIGHT.name}
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)


@dataclass(frozen=True)
class Look:
    """How large (columns, rows) a picture is, and in which of THEMES."""

    size: tuple[int, int] = (120, 36)
    theme: str = "dark"


def write_svg(source: Source, path: Path, look: Look) -> None:
    """The picture of a run's screen, the dashboard's or the laboratory's.

    Raises:
        BadInput: when this version cannot show the run.
        OSError: when the record cannot be read, or the file not be written.
    """
    (picture,) = pictures(source, source.events(), look, most=1)
    path.write_text(picture, encoding="utf-8")


def pictures(
    source: Source, events: Iterable[AnyEvent], look: Look, most: int = MOST_PICTURES
) -> list[str]:
    """The screen after `events`, which are those of `source`, and the pages that follow it.

    Raises:
        BadInput: when this version cannot show the run.
    """
    return asyncio.run(_pictures(source, iter(events), look, most))


async def _pictures(source: Source, events: Iterator[AnyEvent], look: Look, most: int) -> list[str]:
    config, opening = _shown(source)
    found: list[str] = []
    over = "its record ends here, and nobody writes it any more"
    link = RecordLink(events, Lost(over) if source.entry.state == "crashed" else None)
    app = DashboardApp(link, config, capabilities=FULL, autostart=False, opening=opening)
    app.theme = THEMES[look.theme]
    async with app.run_test(size=look.size) as pilot:
        while not link.exhausted:
            app.hub.poll()
        await pilot.pause()
        while len(found) < most:
            app.draw()
            await pilot.pause()
            svg = _alone(app.export_screenshot(title=f"mlp-tui: {clean(source.entry.name)}"))
            if svg in found:
                break
            found.append(svg)
            if not _turned(app):
                break
            await pilot.pause()
    return found


def _turned(app: DashboardApp) -> bool:
    """Turn to what the screen has not shown yet; whether there may be any."""
    if isinstance(app.screen, LabScreen):
        panels = app.screen.query_one(LabPanels)
        if panels.hidden:
            panels.turn_page(1)
        return bool(panels.hidden)
    if app.hub.view.predictions is None or app.screen is not app.board:
        return False
    app.do_predictions()
    return True


def _alone(svg: str) -> str:
    """The picture without what names another host: fonts to be loaded, and who drew it."""
    return _COMMENT.sub("", _FONT.sub("", svg, count=2), count=1)


def _shown(source: Source) -> tuple[RunConfig, Opening | None]:
    """What the screen is to open with.

    Raises:
        BadInput: when this version knows no such experiment, or not these settings.
    """
    started = source.started
    if started is None:
        raise BadInput(
            f"the record of run {source.entry.run_id} lacks its beginning, without which nothing "
            "can be drawn; --to csv writes what is left"
        )
    kinds = {known.name: known.config for known in EXPERIMENTS}
    if started.experiment not in kinds:
        raise BadInput(f"this version has no experiment {clean(started.experiment)!r}")
    try:
        settings = msgspec.convert(started.config, kinds[started.experiment])
    except (msgspec.ValidationError, BadInput) as error:
        raise BadInput(f"the run's settings are of another version: {error}") from error
    if isinstance(settings, RunConfig):
        return settings, None
    return RunConfig(), Opening(started.experiment, settings)
