"""From predictions to the words and figures shown."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce

import pytest
import synthetic_predictions
from synthetic_predictions import CLASSES

from engine import events
from tui import predictions
from tui.run_view import RunView, fold


def seen(told: list[events.AnyEvent]) -> RunView:
    return reduce(lambda view, event: fold(event, view), told, RunView())


VIEW = seen(synthetic_predictions.run())


def counting(*rows: tuple[int, ...], names: tuple[str, ...] = ("a", "b", "c")) -> RunView:
    told = synthetic_predictions.run(classes=names)
    event = events.PredictionsMeasured(
        step=1, examples=sum(map(sum, rows)), confusion=rows, shown=(), mistakes=()
    )
    return replace(seen(told), predictions=event)


def test_recall_is_of_the_row_and_precision_of_the_column() -> None:
    view = counting((8, 2, 0), (0, 5, 15), (4, 1, 5))
    a, b, c = predictions.class_figures(view)
    assert (a.examples, b.examples, c.examples) == (10, 20, 10)
    assert (a.recall, b.recall, c.recall) == (0.8, 0.25, 0.5)
    assert (a.precision, b.precision, c.precision) == (8 / 12, 5 / 8, 5 / 20)
    assert [(r.taken_for, r.times) for r in (a, b, c)] == [("b", 2), ("c", 15), ("a", 4)]


def test_of_equal_mistakes_the_first_class_is_named() -> None:
    (_, _, c) = predictions.class_figures(counting((1, 0, 0), (0, 1, 0), (3, 3, 1)))
    assert (c.taken_for, c.times) == ("a", 3)


def test_a_class_without_examples_or_predictions_has_no_share() -> None:
    view = counting((0, 0, 0), (2, 0, 0), (0, 0, 2))
    a, b, _ = predictions.class_figures(view)
    assert math.isnan(a.recall)
    assert a.precision == 0
    assert math.isnan(b.precision)
    assert predictions.class_rows(view) == [
        ("b", "0.0%", "–", "a (2)"),
        ("c", "100.0%", "100.0%", ""),
        ("a", "–", "0.0%", ""),
    ]


def test_the_hardest_class_comes_first() -> None:
    names = [row[0] for row in predictions.class_rows(VIEW)]
    assert names[0] == "shirt"
    assert sorted(names) == sorted(CLASSES)


def test_rows_of_the_heatmap_are_the_true_classes() -> None:
    heat = predictions.confusion_heat(counting((8, 2, 0), (0, 5, 15), (4, 1, 5)))
    assert heat.rows == heat.columns == ("a", "b", "c")
    assert heat.values[1] == (0, 0.25, 0.75)
    assert heat.cells[1] == ("", "5", "15")
    assert heat.narrow
    assert heat.narrow.cells[1] == ("", "25", "75")
    assert heat.narrow.values == heat.values
    rare = predictions.confusion_heat(counting((996, 4), (5, 995))).narrow
    assert rare
    assert rare.cells == (("100", "<1"), ("<1", "100"))  # never a 0 for what is there
    assert all(sum(row) == pytest.approx(1) for row in heat.values)


def test_captions_say_what_is_wrong() -> None:
    images = predictions.shown_pictures(VIEW)
    assert [(p.caption, p.tone) for p in images[3:6]] == [
        ("dress", "good"),
        ("coat → pullover", "bad"),
        ("sandal", "good"),
    ]
    assert all(p.whole for p in images)
    worst = predictions.mistake_pictures(VIEW, ">")
    assert (worst[0].caption, worst[0].tone) == ("shirt > T-shirt/top 100% 9.40", "plain")
    assert predictions.mistake_rows(VIEW)[0] == ("6", "shirt", "T-shirt/top", "100%", "9.40")


def test_without_pictures_there_are_words_alone() -> None:
    view = seen(synthetic_predictions.run(pictured=False))
    assert predictions.shown_pictures(view) == predictions.mistake_pictures(view) == []
    assert len(predictions.mistake_rows(view)) == 12


def test_a_class_without_a_name_has_its_number_and_no_name_reaches_a_terminal_unclean() -> None:
    view = counting((1, 0), (0, 1), names=("\x1b[31mred",))
    assert [row.name for row in predictions.class_figures(view)] == ["[31mred", "1"]


def test_numbers_that_are_none_are_spelled() -> None:
    broken = events.Prediction(0, 0, 1, math.nan, math.nan)
    event = events.PredictionsMeasured(
        step=1, examples=1, confusion=(), shown=(broken,), mistakes=(broken,)
    )
    view = replace(VIEW, predictions=event)
    assert predictions.mistake_rows(view) == [("0", "T-shirt/top", "trouser", "NaN", "NaN")]


def test_of_very_many_classes_the_frequent_mistakes_are_told() -> None:
    event = events.PredictionsMeasured(
        step=1,
        examples=9000,
        confusion=(),
        shown=(),
        mistakes=(),
        confused=(events.Confused(300, 7, 1200),),
    )
    view = replace(VIEW, predictions=event)
    assert predictions.class_rows(view) == []
    assert predictions.confused_rows(view) == [("300", "sneaker", "1,200")]


def test_how_many_are_right() -> None:
    assert VIEW.predictions
    correct = VIEW.predictions.correct
    assert predictions.standing(VIEW.predictions) == (
        f"{correct / 100:.1f}% of 10,000 test examples right at step 2,350"
    )
    assert predictions.standing(VIEW.predictions, brief=True) == (
        f"{correct / 100:.1f}% right at step 2,350"
    )
    none = events.PredictionsMeasured(step=3, examples=0, confusion=(), shown=(), mistakes=())
    assert predictions.standing(none) == "no test examples at step 3"


def test_a_run_that_has_told_none() -> None:
    view = RunView()
    assert predictions.class_rows(view) == predictions.mistake_rows(view) == []
    assert predictions.confusion_heat(view).values == ()
