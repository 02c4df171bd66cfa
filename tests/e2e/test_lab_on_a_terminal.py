"""The laboratory as a person meets it: its screen, and its progress bar without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal

SMALL = ("lab", "explosion", "--factors", "20", "--seeds", "10")


@pytest.fixture
def lab_terminal(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens terminals with the program in them and closes them at the test's end."""
    opened: list[Terminal] = []

    def opening(*words: str) -> Terminal:
        opened.append(Terminal(words, directory=repository, runs=tmp_path / "runs"))
        return opened[-1]

    yield opening
    for terminal in opened:
        terminal.close()


def test_an_experiment_opens_on_screen_with_the_settings_typed(
    lab_terminal: Callable[..., Terminal],
) -> None:
    terminal = lab_terminal(*SMALL, "--pace", "full")
    terminal.expect("Why does a product of many random matrices explode")
    terminal.expect("(?i)claims hold")
    terminal.press("q")
    assert terminal.end() == 0
    terminal.assert_restored()
    (log,) = terminal.runs.glob("*/events.jsonl")
    assert b'"seeds":10' in log.read_bytes().splitlines()[0]


def test_without_a_name_the_catalogue_opens(lab_terminal: Callable[..., Terminal]) -> None:
    terminal = lab_terminal("lab")
    terminal.expect("explosion")
    terminal.press("\x1b")
    assert terminal.end() == 0
    terminal.assert_restored()


def test_headless_shows_a_bar_and_then_the_claims(lab_terminal: Callable[..., Terminal]) -> None:
    terminal = lab_terminal(*SMALL, "--headless")
    assert terminal.end() == 0
    terminal.expect("claims hold")
    assert b"explosion step" in terminal.written
    terminal.assert_restored()
