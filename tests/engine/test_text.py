from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import clean, counted

hostile = st.text(
    st.one_of(
        st.characters(),
        st.characters(max_codepoint=0x9F),
        st.sampled_from("\x1b\x9b\x9d\u200e\u202a\u202e\u2066\u2069\ufeff\u2028\ud800 \t\n"),
    )
)


@pytest.mark.fault(34)
@given(hostile, st.integers(1, 100))
def test_nothing_survives_that_could_steer_a_terminal(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in cleaned)
    assert len(cleaned) <= limit
    assert cleaned.encode() is not None


@given(hostile, st.integers(1, 100))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    assert clean(clean(text, limit), limit) == clean(text, limit)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=80))
def test_plain_text_is_left_alone(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b]52;c;aGk=\x07boot", "]52;c;aGk=boot"),
        ("\x9b31mred", "31mred"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("two\r\nlines", "two  lines"),
        ("[bold]ankle boot[/]", "[bold]ankle boot[/]"),
        ("Été 猫", "Été 猫"),
        ("x" * 81, "x" * 79 + "…"),
        ("", ""),
    ],
)
def test_examples(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 nets"), (1, "1 net"), (2, "2 nets"), (1200, "1,200 nets")]
)
def test_one_is_the_only_number_without_a_plural(number: int, text: str) -> None:
    assert counted(number, "net") == text
