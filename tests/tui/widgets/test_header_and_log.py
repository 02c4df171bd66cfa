"""The header, the log line and the histogram."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from widget_stage import INFO, Stage

from tui.capabilities import Capabilities
from tui.widgets.header import HeaderInfo, RunHeader, progress_bar
from tui.widgets.histogram import Bars, Histogram, axis_line, spread
from tui.widgets.log_line import LogLine

PLAIN = Capabilities(unicode=False, braille=False, colors="none")


async def _header(info: HeaderInfo, width: int, height: int = 3, **options: object) -> list[str]:
    header = RunHeader(**options)  # type: ignore[arg-type]
    app = Stage(header)
    async with app.run_test(size=(width, height)) as pilot:
        header.styles.height = height
        header.show_info(info)
        await pilot.pause()
        return [row.rstrip() for row in app.rows()]


async def test_a_wide_header_says_everything() -> None:
    rows = await _header(INFO, 120)
    assert rows[0] == (
        " ▶ running  20251009-085320-3f9a1c  fashion-mnist  784-256-10  relu  init normal 0.01"
        "  sgd lr 0.1  cpu"
    )
    assert rows[1] == (
        " epoch 6/10  step 1,501/2,350  loss 0.401  train 86.4 %  test 84.6 %"
        "   223k samples/s  ETA 7 s"
    )
    assert rows[2].count("━") == round(120 * 1501 / 2350 - 0.25)


async def test_a_narrow_header_keeps_what_matters() -> None:
    rows = await _header(INFO, 40)
    assert rows[0] == " ▶ running  epoch 6/10  fashion-mnist"
    assert rows[1] == " loss 0.401  train 86.4 %  test 84.6 %"


async def test_one_line_keeps_the_numbers() -> None:
    assert await _header(INFO, 40, 1) == [" ▶ running  loss 0.401  test 84.6 %"]


async def test_before_the_first_step_little_is_known() -> None:
    rows = await _header(HeaderInfo(state="reading data"), 80)
    assert rows[0] == " … reading data"
    assert rows[1] == ""


async def test_a_run_that_has_made_no_step_has_no_loss_yet() -> None:
    rows = await _header(HeaderInfo(state="running", total_steps=1200), 80)
    assert rows[1] == " step     0/1,200"


async def test_a_loss_that_broke_is_an_alert() -> None:
    header = RunHeader()
    app = Stage(header)
    async with app.run_test(size=(120, 3)) as pilot:
        header.show_info(replace(INFO, loss=math.nan, state="diverged"))
        await pilot.pause()
        alert = header.role("alert").color
        for row, text in ((0, "✗ diverged"), (1, "NaN")):
            assert any(
                text in s.text and s.style and s.style.color == alert
                for s in header.render_line(row)
            )


async def test_a_plain_header_is_ascii() -> None:
    assert all(row.isascii() for row in await _header(INFO, 120, capabilities=PLAIN))


@pytest.mark.parametrize("width", [0, 1, 7, 80])
@pytest.mark.parametrize("done", [0.0, 0.31, 1.0])
@pytest.mark.parametrize("plain", [False, True])
def test_the_bar_is_as_wide_as_the_screen(done: float, width: int, plain: bool) -> None:
    assert sum(len(text) for text, _ in progress_bar(done, width, plain)) == width


async def test_the_log_line_is_signed_by_its_level() -> None:
    line = LogLine()
    app = Stage(line)
    async with app.run_test(size=(80, 1)) as pilot:
        await pilot.pause()
        assert app.rows()[0].strip() == ""
        for level, sign in (("info", "·"), ("warning", "!"), ("error", "✗")):
            line.show_note("[b] text", level, "14:03:22")  # type: ignore[arg-type]
            await pilot.pause()
            assert app.rows()[0].rstrip() == f" 14:03:22 {sign} [b] text"


@pytest.mark.parametrize("plain", [False, True])
async def test_a_note_says_where_it_is_cut(plain: bool) -> None:
    line = LogLine(capabilities=PLAIN) if plain else LogLine()
    app = Stage(line)
    async with app.run_test(size=(20, 1)) as pilot:
        for text, shown in (("x" * 17, "x" * 17), ("x" * 18, "x" * 16 + ("." if plain else "…"))):
            line.show_note(text)
            await pilot.pause()
            assert app.rows()[0].rstrip()[3:] == shown


async def test_a_histogram_shows_its_ends_and_its_sum() -> None:
    app = Stage(Histogram(Bars("weight", -0.1, 0.1, (0, 1, 10, 100, 10, 1, 0))))
    async with app.run_test(size=(35, 8)) as pilot:
        await pilot.pause()
        rows = app.rows()
        assert rows[0].strip() == "weight  n = 122, log counts"
        assert rows[1].index("█") == 15
        assert rows[7].split() == ["-0.100", "0", "0.100"]


@pytest.mark.parametrize("counts", [(), (0, 0, 0)])
async def test_a_histogram_without_counts_says_so(counts: tuple[int, ...]) -> None:
    app = Stage(Histogram(Bars("weight", 0, 1, counts)))
    async with app.run_test(size=(35, 8)) as pilot:
        await pilot.pause()
        assert "not measured yet" in app.rows()[1]


def test_no_count_is_lost_when_bins_are_joined() -> None:
    assert spread([1, 1, 1, 1, 4, 0], 3) == [0.5, 0.5, 1.0]
    assert spread([1, 2], 5) == [0.5, 0.5, 1.0, 1.0]
    assert spread([1, 0], 2, log=True) == [1.0, 0.0]


def test_the_axis_names_its_ends() -> None:
    assert axis_line(-1, 1, 21) == "-1.00     0      1.00"
    assert axis_line(2, 4, 3) == "2.00 4.00"
