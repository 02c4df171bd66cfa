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
from tui.theme import MLP_DARK, MLP_LIGHT

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
    path.write_text(picture(source, source.events(), look), encoding="utf-8")


def picture(source: Source, events: Iterable[AnyEvent], look: Look) -> str:
    """The screen after `events`, which are those of `source`.

    Raises:
        BadInput: when this version cannot show the run.
    """
    return asyncio.run(_picture(source, iter(events), look))


async def _picture(source: Source, events: Iterator[AnyEvent], look: Look) -> str:
    config, opening = _shown(source)
    over = "its record ends here, and nobody writes it any more"
    link = RecordLink(events, Lost(over) if source.entry.state == "crashed" else None)
    app = DashboardApp(link, config, capabilities=FULL, autostart=False, opening=opening)
    app.theme = THEMES[look.theme]
    async with app.run_test(size=look.size) as pilot:
        while not link.exhausted:
            app.hub.poll()
        await pilot.pause()
        app.draw()
        await pilot.pause()
        # A page holds several: without what names another host each is a picture and no more.
        svg = app.export_screenshot(title=f"mlp-tui: {clean(source.entry.name)}")
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
