"""The layers' and the matrices' table."""

from __future__ import annotations

import math

import pytest
from widget_stage import Stage, layer_rows, matrices

from tui.capabilities import Capabilities
from tui.widgets.layer_table import LayerRow, LayerTable
from tui.widgets.matrix_table import MatrixTable

PLAIN = Capabilities(unicode=False, braille=False, colors="none")


async def _shown(table: LayerTable, width: int, height: int = 8) -> list[str]:
    app = Stage(table)
    async with app.run_test(size=(width, height)) as pilot:
        table.show_rows(layer_rows())
        await pilot.pause()
        return [row.rstrip() for row in app.rows()]


async def test_columns_of_the_layer_table() -> None:
    rows = await _shown(LayerTable(), 120)
    assert " ".join(rows[0].split()) == "layer shape |W| |g| |Δ|/|W| mean h std h dead |δ| |g| past"
    assert " ".join(rows[1].split()[:10]) == (
        "▸ hidden1 256×784 4.53 0.0831 10^-2.9 0.312 0.544 38.4% 0.0123"
    )


async def test_the_least_important_columns_leave_first() -> None:
    heads = [(await _shown(LayerTable(), width))[0].split() for width in (80, 60, 40, 20)]
    assert "shape" not in heads[0]
    assert "dead" in heads[0]
    assert heads[2] == ["layer", "|W|", "|g|", "|Δ|/|W|"]
    assert heads[3] == ["layer", "|g|"]


async def test_numbers_do_not_outgrow_their_column() -> None:
    rows = await _shown(LayerTable(), 80)
    assert "2.1e-12" in rows[2]
    assert not any("…" in row for row in rows)


async def test_what_is_not_finite_is_an_alert() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(120, 8)) as pilot:
        table.show_rows([LayerRow("x", (1,), math.nan, math.inf)])
        await pilot.pause()
        alert = table.role("alert").color
        segments = [s for s in table.render_line(1) if s.style and s.style.color == alert]
        assert "".join(s.text for s in segments).split()[:2] == ["NaN", "Inf"]


@pytest.mark.parametrize(
    ("log10", "role"), [(-3.6, "warning"), (-3.4, "good"), (-2.6, "good"), (-2.4, "warning")]
)
async def test_an_update_out_of_the_usual_is_hinted_at(log10: float, role: str) -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(120, 8)) as pilot:
        table.show_rows([LayerRow("x", (1,), 1.0, 1.0, 10**log10)])
        await pilot.pause()
        color = table.role(role).color
        assert any(
            "10^" in s.text and s.style and s.style.color == color for s in table.render_line(1)
        )


async def test_the_cursor_moves_and_asks_for_a_layer() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(100, 8)) as pilot:
        table.show_rows(layer_rows())
        table.focus()
        await pilot.press("j", "down", "k", "enter", "up", "up", "enter", *"jjjjjj", "enter")
        await pilot.pause()
        assert app.heard == ["hidden2", "hidden1", "broken"]


async def test_a_click_marks_and_a_second_one_asks() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(100, 8)) as pilot:
        table.show_rows(layer_rows())
        await pilot.pause()
        for row in (3, 3, 0):
            await pilot.click(LayerTable, offset=(5, row))
        assert (table.cursor_row, app.heard) == (2, ["output"])


async def test_rows_beyond_the_height_scroll_with_the_cursor() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(60, 6)) as pilot:
        table.styles.height = 6
        table.show_rows([LayerRow(f"hidden{i}") for i in range(1, 21)])
        await pilot.pause()
        table.move_cursor(10)
        await pilot.pause()
        rows = app.rows()
        assert rows[0].startswith("↑")
        assert [row.split()[0] for row in rows[1:5]] == [f"hidden{i}" for i in range(7, 11)]
        assert rows[5].startswith("▸ hidden11")
        table.move_cursor(0)
        await pilot.pause()
        assert app.rows()[1].startswith("▸ hidden1 ")


async def test_the_cursor_survives_fewer_rows() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(60, 6)) as pilot:
        table.show_rows(layer_rows())
        table.move_cursor(3)
        table.show_rows(layer_rows()[:2])
        await pilot.pause()
        assert table.cursor_row == 1
        table.show_rows([])
        table.focus()
        await pilot.press("enter", "j")
        assert (table.cursor_row, app.heard) == (0, [])


async def test_a_name_is_shown_as_it_is() -> None:
    table = LayerTable()
    app = Stage(table)
    async with app.run_test(size=(60, 6)) as pilot:
        table.show_rows([LayerRow("[red]x[/"), LayerRow("ein-sehr-langer-name")])
        await pilot.pause()
        assert "[red]x[/" in app.rows()[1]
        assert "…" in app.rows()[2]


async def test_plain_terminals_get_plain_tables() -> None:
    layers, magnitudes = LayerTable(capabilities=PLAIN), MatrixTable(capabilities=PLAIN)
    app = Stage(layers, magnitudes)
    async with app.run_test(size=(120, 14)) as pilot:
        layers.show_rows(layer_rows())
        magnitudes.show_rows(matrices())
        await pilot.pause()
        assert all(row.isascii() for row in app.rows())


async def test_columns_of_the_matrix_table() -> None:
    table = MatrixTable()
    app = Stage(table)
    async with app.run_test(size=(110, 8)) as pilot:
        table.show_rows(matrices())
        await pilot.pause()
        rows = app.rows()
        assert " ".join(rows[0].split()) == "matrix shape min max mean|w| rms ‖·‖F ‖·‖2 eff.rank"
        assert " ".join(rows[1].split()) == (
            "hidden1 W 256×784 -0.0431 0.0442 7.98e-3 0.0100 4.53 0.440 187.3"
        )
        assert rows[4].split()[1] == "∇"
        assert "Inf" in rows[4]


async def test_a_narrow_matrix_table_keeps_the_spectral_norm() -> None:
    table = MatrixTable()
    app = Stage(table)
    async with app.run_test(size=(40, 8)) as pilot:
        table.show_rows(matrices())
        await pilot.pause()
        assert app.rows()[0].split() == ["matrix", "‖·‖F", "‖·‖2", "eff.rank"]
