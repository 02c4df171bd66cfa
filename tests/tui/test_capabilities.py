"""What is told of a terminal from its environment."""

from __future__ import annotations

import pytest

from tui.capabilities import Capabilities, capabilities


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
