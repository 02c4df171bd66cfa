"""Bars and pictures of an experiment that ended without a screen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from fake_experiments import ESCAPE, FakeSettings, fake, tell
from rich.console import Console

from cli.lab_summary import lab_summary
from cli.pictures import PictureRows
from engine import events
from engine.controls import Controls
from tui.charts.halfblocks import Picture
from tui.run_view import RunView, fold

WHITE = bytes([255] * 4)


def shows(config: FakeSettings, controls: Controls, start: Any = None) -> Iterator[events.Event]:
    """Bars with and without the ends of error bars, many bars, pictures."""
    first, *_, last = tell(config, controls)
    yield first
    yield events.BarsChanged(
        bars="p(y)",
        labels=("coat", f"boot{ESCAPE}"),
        groups=(
            events.Bars(name="true", values=(0.25, 0.75)),
            events.Bars(name="estimated", values=(0.3,), low=(0.2,), high=(0.4,)),
        ),
    )
    many = tuple(map(float, range(60)))
    yield events.BarsChanged(
        bars="weights", labels=tuple(map(str, many)), groups=(events.Bars(name="n", values=many),)
    )
    yield events.PicturesShown(
        pictures="predicted",
        items=(
            events.Picture(width=2, height=2, pixels=WHITE, caption=f"coat{ESCAPE}", tone="good"),
            events.Picture(width=2, height=2, pixels=WHITE, caption="boot", tone="bad"),
        ),
    )
    yield last


def printed(told: Any, **options: Any) -> str:
    file = io.StringIO()
    Console(file=file, width=80, markup=False, highlight=False, **options).print(told)
    return file.getvalue()


@pytest.fixture
def summary() -> Any:
    view = RunView()
    for event in shows(FakeSettings(), Controls()):
        view = fold(event, view)
    return lab_summary(fake(), view, "/runs/1")


def test_bars_are_a_table_of_labels_and_groups(summary: Any) -> None:
    lines = printed(summary).splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip() == "p(y)")
    assert [line.split() for line in lines[at + 1 : at + 4]] == [
        ["true", "estimated"],
        ["coat", "0.250", "0.300", "(0.200", "to", "0.400)"],
        ["boot]52;c;Zm9v", "0.750"],
    ]
    assert "weights: 60 bars from 0 to 59.0" in lines
    assert not set("\x1b\x07") & set("".join(lines))


def test_pictures_are_their_captions_where_there_is_no_terminal(summary: Any) -> None:
    assert "predicted: ✓ coat]52;c;Zm9v · ✗ boot" in printed(summary).splitlines()


def test_pictures_are_drawn_on_a_terminal_with_colours(
    summary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    colours: dict[str, Any] = {"force_terminal": True, "color_system": "truecolor"}
    drawn = printed(summary, **colours)
    assert "\x1b[48;2;255;255;255m  " in drawn
    assert "✗" in drawn
    monkeypatch.setenv("TERM", "linux")  # its font lacks the blocks
    monkeypatch.delenv("COLORTERM")
    assert "48;2" not in printed(summary, **colours)
    monkeypatch.setenv("TERM", "xterm")
    assert "48;" not in printed(summary, force_terminal=True, color_system="standard")


def test_pictures_without_captions_are_counted() -> None:
    nameless = [Picture(2, 2, WHITE)] * 3
    assert printed(PictureRows("masks", nameless)) == "masks: 3 pictures\n"
    assert printed(PictureRows("masks", [])) == "masks: 0 pictures\n"
