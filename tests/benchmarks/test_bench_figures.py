import pytest

from benchmarks.figures import Figure, Spread, at_least, at_most, quantile, ratios
from benchmarks.tables import cells, markdown


def test_ratios_are_taken_within_pairs():
    spread = ratios([2.0, 9.0, 8.0], [1.0, 3.0, 2.0])
    assert spread == Spread(median=3.0, low=2.0, high=4.0)


def test_ratios_of_unpaired_measurements_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (at_most(1.25), 1.25, True),
        (at_most(1.25), 1.26, False),
        (at_least(5), 5.0, True),
        (at_least(5), 4.9, False),
    ],
)
def test_a_goal_is_met_by_the_median(goal, value, met):
    assert Figure("epoch", Spread(value, 0.0, 9.0), goal=goal).met is met


def test_nothing_measured_meets_and_misses_nothing():
    figure = Figure("peer", None, absolute="lightning is not installed", goal=at_least(7))
    assert figure.met is None
    assert cells(figure) == ("peer", "–", "–", "≥ 7", "", "lightning is not installed")


@pytest.mark.parametrize(("fraction", "value"), [(0.5, 50), (0.95, 95), (0.951, 96), (1.0, 100)])
def test_quantiles_are_measured_values(fraction, value):
    assert quantile(list(range(100, 0, -1)), fraction) == value


def test_the_markdown_table_has_a_cell_for_every_column():
    figures = [Figure("a", Spread(1.2, 1.1, 1.3), goal=at_most(1.25)), Figure("b", None)]
    lines = markdown([("One epoch", figures)]).splitlines()
    assert "| a | 1.200× | 1.100–1.300 | ≤ 1.25 | yes |  |" in lines
    assert {line.count("|") for line in lines} == {7}
