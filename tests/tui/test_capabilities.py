"""What is told of a terminal from its environment."""

from __future__ import annotations

import pytest
from rich.console import Console

from tui.capabilities import FULL, Capabilities, capabilities, recall_colors

KITTY = {"TERM": "xterm-kitty", "COLORTERM": "truecolor"}
IMAGES = Capabilities(True, True, "truecolor", graphics=True)
BETWEEN = ("TMUX", "STY", "ZELLIJ", "VIM_TERMINAL", "NVIM", "INSIDE_EMACS")


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_US.UTF-8"},
            "utf-8",
            Capabilities(True, True, "truecolor"),
        ),
        (
            {"TERM": "xterm-256color", "LANG": "de_DE.utf8"},
            "UTF-8",
            Capabilities(True, True, "256"),
        ),
        ({"TERM": "tmux-256color"}, "utf_8", Capabilities(True, True, "256")),
        ({"TERM": "xterm"}, "utf-8", Capabilities(True, True, "16")),
        ({"TERM": "screen"}, "utf-8", Capabilities(True, True, "16")),
        ({"TERM": "xterm-kitty"}, "utf-8", Capabilities(True, True, "256")),
        (KITTY, "utf-8", IMAGES),
        (KITTY | {"TERM": "xterm-ghostty"}, "utf-8", IMAGES),
        (KITTY | {"TERM": "xterm-256color"}, "utf-8", FULL),
        (KITTY | {"TERM": "xterm-256color", "MLP_TUI_GRAPHICS": " Kitty"}, "utf-8", IMAGES),
        (KITTY | {"MLP_TUI_GRAPHICS": "blocks"}, "utf-8", FULL),
        (KITTY | {"MLP_TUI_GRAPHICS": "sixel"}, "utf-8", IMAGES),
        *((KITTY | {between: "1"}, "utf-8", FULL) for between in BETWEEN),
        (KITTY | {"TMUX": "/tmp/tmux", "MLP_TUI_GRAPHICS": "kitty"}, "utf-8", FULL),
        # what a terminal that was opened from a kitty finds
        (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", "KITTY_WINDOW_ID": "1"},
            "utf-8",
            FULL,
        ),
        (KITTY | {"NO_COLOR": "1"}, "utf-8", Capabilities(True, True, "none")),
        (KITTY | {"LANG": "de_DE.ISO-8859-1"}, "utf-8", Capabilities(False, False, "truecolor")),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "utf-8", Capabilities(False, False, "16")),
        ({"TERM": "dumb"}, "utf-8", Capabilities(False, False, "none")),
        ({}, "utf-8", Capabilities(True, True, "16")),
        ({"TERM": "xterm", "LANG": "C"}, "ascii", Capabilities(False, False, "16")),
        ({"TERM": "xterm", "LANG": "C"}, "utf-8", Capabilities(True, True, "16")),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, "utf-8", Capabilities(False, False, "16")),
        (
            {"TERM": "xterm", "LC_ALL": "de_DE.ISO-8859-1", "LANG": "en_US.UTF-8"},
            "utf-8",
            Capabilities(False, False, "16"),
        ),
        (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"},
            "utf-8",
            Capabilities(True, True, "none"),
        ),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "utf-8", Capabilities(True, True, "none")),
    ],
)
def test_capabilities(environ: dict[str, str], encoding: str, expected: Capabilities) -> None:
    assert capabilities(environ, encoding) == expected


@pytest.mark.parametrize(
    ("environ", "colors"),
    [
        ({"TERM": "xterm-kitty"}, "truecolor"),
        ({"TERM": "xterm-ghostty", "SSH_TTY": "/dev/pts/1"}, "truecolor"),
        ({"TERM": "xterm-256color", "MLP_TUI_GRAPHICS": "kitty"}, "truecolor"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "256"),
        ({"TERM": "xterm-256color"}, "256"),
    ],
)
def test_the_colours_that_ssh_forgets_are_recalled(environ: dict[str, str], colors: str) -> None:
    recall_colors(environ)
    assert capabilities(environ, "utf-8").colors == colors
    assert Console(_environ=environ, force_terminal=True).color_system == colors
