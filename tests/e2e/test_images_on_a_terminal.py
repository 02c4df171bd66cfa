"""Pictures in a terminal's own graphics, from the whole program."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from kitty_terminal import PLACEHOLDER, KittyTerminal
from pseudo_terminal import Terminal
from recorded import ENDED, block, epoch, record, started

from engine import events

SIDE = 8
TIMES = 16
"""An image is enlarged to 128 pixels."""
SHADES = range(10, 250, 20)


def prediction(shade: int) -> events.Prediction:
    pixels = bytes((shade + i) % 256 for i in range(SIDE * SIDE))
    return events.Prediction(shade, 0, 1, 0.9, 2.0, events.Picture(SIDE, SIDE, pixels))


def enlarged(pixels: bytes) -> bytes:
    rows = [pixels[i : i + SIDE] for i in range(0, len(pixels), SIDE)]
    return b"".join(b"".join(bytes([v] * 3 * TIMES) for v in row) * TIMES for row in rows)


@pytest.fixture(autouse=True)
def _straight_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As over SSH: nothing between, and no word of the terminal but its name."""
    for name in ("COLORTERM", "TMUX", "STY", "ZELLIJ", "VIM_TERMINAL", "NVIM", "INSIDE_EMACS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A recorded run that has told what it says of twelve pictures."""
    told = events.PredictionsMeasured(
        step=20,
        examples=100,
        correct=50,
        confusion=(),
        confused=(),
        shown=tuple(prediction(shade) for shade in SHADES),
        mistakes=(),
    )
    first = msgspec.structs.replace(started(), run_id="20251009-085320-3f9a1c")
    record(tmp_path, [first, block(1, [1.0] * 20), epoch(1), epoch(2), told, ENDED])
    return tmp_path


def open_predictions(repository: Path, runs: Path, term: str) -> Terminal:
    """The program after somebody has looked at what the network says, and left."""
    terminal = Terminal(["replay"], directory=repository, runs=runs, term=term)
    with closing(terminal):
        terminal.expect("completed")
        terminal.press("p")
        terminal.expect("test images")
        terminal.expect("no mistakes")
        terminal.press("\x11")
        assert terminal.end() == 0
        terminal.assert_restored()
    return terminal


def test_they_arrive_whole_and_go_before_the_terminal_is_given_back(
    repository: Path, runs: Path
) -> None:
    written = open_predictions(repository, runs, "xterm-kitty").written.decode()
    before, after = re.split(r"(?=\x1b\[\?1049l)", written)
    shown, last = re.fullmatch(
        r"(.*?)((?:\x1b_Ga=d[^\x1b]*\x1b\\)+).*?", before, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    terminal = KittyTerminal()
    terminal.feed(shown)
    sent = {image.rgb for image in terminal.images.values()}
    assert sent == {enlarged(prediction(shade).picture.pixels) for shade in SHADES}  # type: ignore[union-attr]
    assert terminal.placed().keys() == terminal.images.keys()
    for number, places in terminal.placed().items():
        image, (top, left) = terminal.images[number], min(places)
        cells = [(y, x) for y in range(image.lines) for x in range(image.columns)]
        assert places == {(top + y, left + x): (y, x) for y, x in cells}
    assert not terminal.orphans
    terminal.feed(last)
    assert not terminal.images
    assert "\x1b_" not in after


def test_a_terminal_that_has_none_gets_no_byte_of_them(repository: Path, runs: Path) -> None:
    written = open_predictions(repository, runs, "xterm-256color").written
    assert b"\x1b_" not in written
    assert PLACEHOLDER.encode() not in written
