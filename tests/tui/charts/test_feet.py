"""Labels below cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.charts.feet import cut, cut_feet, feet

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]


@pytest.mark.parametrize(
    ("total", "line"),
    [
        (60, " T-shirt/top   Trouser    Pullover      Dress       Coat"),
        (45, " T-shirt… Trouser  Pullover  Dress     Coat"),
        (25, " T-s… Tro… Pul… Dre… Coat"),
        (15, "T-s…  Pul… Coat"),
    ],
)
def test_words_are_cut_to_their_places_before_some_are_left_out(total: int, line: str) -> None:
    assert cut_feet(CLASSES, total) == line


def test_numbers_are_left_out_rather_than_cut() -> None:
    assert cut_feet(["-1.00", "-0.50", "0.00", "0.50", "1.00"], 15) == "-1.00 0.00 1.00"
    assert cut_feet(["10 %", "20 %", "30 %"], 8) == "10 %"


def test_fewer_labels_than_places_keep_their_own() -> None:
    assert feet(["a", "b"], 16, 4) == "  a   b"


@given(
    st.lists(st.text(st.characters(codec="latin-1"), max_size=12), max_size=30), st.integers(0, 60)
)
def test_no_line_is_too_long(labels: list[str], total: int) -> None:
    labels = ["".join(c for c in label if c.isprintable()) for label in labels]
    assert cell_len(cut_feet(labels, total)) <= max(total, 1)


@pytest.mark.parametrize(
    ("width", "text"), [(9, "ankle bo…"), (10, "ankle boot"), (1, "…"), (0, ""), (-3, "")]
)
def test_a_cut_says_so(width: int, text: str) -> None:
    assert cut("ankle boot", width) == text
