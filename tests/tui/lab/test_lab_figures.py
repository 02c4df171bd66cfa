"""From an experiment's events to what is drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce

import pytest
from fake_experiment import GROWTH, GrowthSettings, run

from engine import events
from engine.experiments.contract import Chart as ChartSpec
from tui.charts.chart import Chart
from tui.lab import curves, figures
from tui.lab.catalogue import Entry, matching
from tui.lab.state import Result
from tui.lab.words import lesson, printable, source, source_path
from tui.run_view import RunView, fold


def after(told: list[events.AnyEvent]) -> RunView:
    return reduce(lambda view, event: fold(event, view), told, RunView())


def test_a_chart_holds_its_own_curves_and_measurements_lie_on_top() -> None:
    size, ratio = curves.charts(GROWTH, after(run(upto=30, finish="")))
    assert [curve.name for curve in size.curves] == ["", "", "theory", "seed 1"]
    assert [curve.style for curve in size.curves] == ["ghost", "ghost", "line", "line"]
    assert [curve.name for curve in ratio.curves] == ["measured"]
    assert ratio.log and not size.log
    assert (size.title, size.x_label) == ("Size of the product: log10 |M|", "factors")


def test_few_points_are_marked_and_stay_so_while_they_come() -> None:
    def styles(count: int, of: int) -> list[str]:
        told = [
            events.SeriesExtended(series="size/theory", x=(0, of), y=(0, 1)),
            events.SeriesExtended(series="size/m", x=tuple(range(count)), y=(1.0,) * count),
        ]
        chart = curves.charts(GROWTH, reduce(lambda v, e: fold(e, v), told, RunView()))[0]
        return [curve.style for curve in chart.curves if curve.name == "m"]

    assert {*styles(3, 10), *styles(11, 10)} == {"marks"}
    assert {*styles(5, 300), *styles(301, 300)} == {"line"}


def test_the_axis_stands_still_where_theory_says_how_far_it_goes() -> None:
    early, late = (curves.charts(GROWTH, after(run(upto=n, finish="")))[0] for n in (2, 50))
    assert early.x_range == late.x_range == (1.0, 60.0)


def test_without_a_prediction_the_axis_moves_seldom_and_ends_exactly() -> None:
    ranges = {
        curves.charts(GROWTH, after(run(upto=n, finish="")))[1].x_range for n in range(30, 60)
    }
    assert len(ranges) <= 8
    assert curves.charts(GROWTH, after(run()))[1].x_range == (1.0, 60.0)


def test_tables_are_spelled_and_numbers_stand_right() -> None:
    table = figures.tables(after(run()))["matrix"]
    assert table.rows == (("1", "1.40e27", "-3.20e26"), ("2", "-4.00e25", "Inf"))
    assert table.numbers == (False, True, True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (3.0, "3"), (math.nan, "NaN"), (-math.inf, "-Inf"), ("\x1b[2J", "[2J")],
)
def test_a_cell_holds_anything(value: str | float, text: str) -> None:
    told = events.TableChanged(table="t\x9b", columns=("c",), rows=((value,),))
    (table,) = figures.tables(fold(told, RunView())).values()
    assert (table.title, table.rows) == ("t", ((text,),))


def test_grids_keep_their_values_and_lose_control_characters() -> None:
    told = events.GridChanged(
        grid="g\x1b]0;",
        rows=("a\n",),
        columns=("b",),
        values=((math.nan,),),
        points=((0, 0, "\x07"),),
    )
    (heat,) = figures.heats(fold(told, RunView())).values()
    assert (heat.title, heat.rows, heat.points) == ("g]0;", ("a",), ((0, 0, ""),))


@pytest.mark.parametrize(("column", "cut"), [("T-shirt/top", True), ("0.25", False)])
def test_names_of_columns_are_cut_and_numbers_never(column: str, cut: bool) -> None:
    told = events.GridChanged(grid="g", rows=("a",), columns=(column,), values=((1.0,),))
    (heat,) = figures.heats(fold(told, RunView())).values()
    assert heat.cut == cut


@pytest.mark.parametrize("whole", [True, False])
def test_what_cannot_be_averaged_is_not(whole: bool) -> None:
    told = events.GridChanged(grid="g", rows=("a",), columns=("b",), values=((1.0,),), whole=whole)
    (heat,) = figures.heats(fold(told, RunView())).values()
    assert heat.whole == whole


def test_parameters_with_keys_come_first_and_pending_ones_are_marked() -> None:
    result = Result(GrowthSettings(n=8), after(run(GrowthSettings(n=4))))
    made = figures.parameters(result)
    assert [(p.name, p.value, p.keys) for p in made] == [
        ("n", "8", "n/N"),
        ("sigma", "1", "g/G"),
        ("law", "gaussian", "t/T"),
        ("pace", "20", "-/+"),
        ("seed", "0", ""),
    ]
    assert [p.name for p in made if p.pending] == ["n"]


def test_the_lesson_tells_question_parameters_and_claims() -> None:
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=100)
    for part in lesson(GROWTH, Result(GrowthSettings(), after(run()))):
        console.print(part)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        GROWTH.question,
        "common misunderstanding",
        "n N",
        "(2, 4, 8, 16)",
        "✓ growth per factor",
        "✗ rank of the product",
        "Newman 1986",
    ):
        assert words in told


def test_the_source_is_the_experiment_s_own_file_without_control_characters() -> None:
    path = source_path(GROWTH)
    assert path is not None and path.name == "fake_experiment.py"
    shown = "".join(str(part) for part in source(GROWTH))
    assert "def never(config" in shown
    assert printable("a\x1b[2J\tb\x9b") == "a[2J   b"


def test_the_catalogue_finds_by_name_and_by_question() -> None:
    listed = [
        Entry("relu-vs-sigmoid", "Which layers still learn?", "a race", ""),
        Entry("edge", "How sharp is the valley?", "relu on the edge", ""),
        Entry("symmetry", "Do equal units stay equal?", "", ""),
    ]
    assert [e.name for e in matching(listed, "")] == [e.name for e in listed]
    assert [e.name for e in matching(listed, "relu")] == ["relu-vs-sigmoid", "edge"]
    assert [e.name for e in matching(listed, "Relu-Vs")] == ["relu-vs-sigmoid"]
    assert [e.name for e in matching(listed, "equal units")] == ["symmetry"]
    assert matching(listed, "zzz") == []


@pytest.mark.parametrize(
    ("lasts", "brief"),
    [
        ("10 seconds to watch, 2 at full pace", "10 seconds to watch"),
        ("6 seconds to watch (16 with sgd), 2 (6) at full pace", "6 seconds to watch"),
        ("4 seconds", "4 seconds"),
        ("", ""),
    ],
)
def test_the_catalogue_tells_in_short_how_long_it_takes(lasts: str, brief: str) -> None:
    assert Entry("edge", "", "", lasts).brief == brief


def scattered(*told: events.AnyEvent, log: bool = False) -> Chart:
    spec = ChartSpec("fit", "Fit", "x", "y", log=log)
    experiment = replace(GROWTH, charts=(spec,))
    (chart,) = curves.charts(experiment, after(list(told)))
    return chart


POINTS = events.SeriesExtended(
    series="fit/points train", x=(0.0, 1.0, 2.0), y=(-1.0, math.nan, 3.0)
)


def test_points_are_drawn_apart_and_the_view_is_theirs() -> None:
    chart = scattered(
        events.SeriesExtended(series="fit/degree 19", x=(0.0, 2.0), y=(-5e5, 1e6)),
        events.SeriesExtended(series="fit/theory", x=(0.0, 2.0), y=(-1.0, 3.0)),
        POINTS,
        events.SeriesExtended(series="fit/points test", x=(1.0,), y=(2.0,)),
    )
    told = {curve.name: (curve.style, curve.sign, curve.value) for curve in chart.curves}
    assert told == {
        "train": ("points", 0, ""),
        "test": ("points", 1, ""),
        "degree 19": ("line", 0, ""),
        "theory": ("line", 0, ""),
    }
    assert chart.y_range == pytest.approx((-1.2, 3.2))
    assert chart.clip


def test_without_finite_points_the_view_is_that_of_the_curves() -> None:
    broken = events.SeriesExtended(series="fit/points", x=(0.0,), y=(math.inf,))
    for log in (False, True):
        chart = scattered(broken, log=log)
        assert (chart.y_range, chart.clip) == (None, False)
    assert scattered(POINTS, log=True).y_range == (3.0, 3.0)


def test_the_view_stands_still_while_the_fit_morphs() -> None:
    ranges = set()
    for height in (1.0, 1e3, 1e9):
        fit = events.SeriesExtended(
            series="fit/fit", x=(0.0, 2.0), y=(height, -height), afresh=True
        )
        chart = scattered(POINTS, fit)
        ranges.add((chart.x_range, chart.y_range))
    assert len(ranges) == 1


def test_bars_keep_their_numbers_and_lose_control_characters() -> None:
    told = events.BarsChanged(
        bars="p\x1b]0;",
        labels=("a\n", "b"),
        groups=(
            events.Bars(name="true\x07", values=(0.2, math.nan)),
            events.Bars(name="naive", values=(0.5, 0.5), low=(0.4, 0.4), high=(0.6, 0.6)),
            events.Bars(name="theory even", values=(0.5, 0.5)),
        ),
        y="share",
    )
    (chart,) = figures.bar_charts(fold(told, RunView())).values()
    assert (chart.title, chart.labels) == ("p]0;: share", ("a", "b"))
    names = [(group.name, group.role, group.theory) for group in chart.groups]
    assert names == [
        ("true", "loss", False),
        ("naive", "train-accuracy", False),
        ("theory even", "mark", True),
    ]
    assert chart.groups[1].interval(0) == (0.4, 0.6)
    assert chart.broken == ["true NaN at b"]


def test_pictures_keep_their_bytes_and_lose_control_characters() -> None:
    told = events.PicturesShown(
        pictures="worst\x9b",
        items=(
            events.Picture(width=1, height=1, pixels=b"\x1b", caption="c\x1b[2J", tone="bad"),
            events.Picture(width=1, height=1, pixels=b"abc", channels=3),
        ),
    )
    (row,) = figures.pictures(fold(told, RunView())).values()
    assert row.title == "worst"
    assert [(p.pixels, p.channels, p.caption, p.tone) for p in row.pictures] == [
        (b"\x1b", 1, "c[2J", "bad"),
        (b"abc", 3, "", "plain"),
    ]
