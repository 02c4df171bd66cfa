"""Whether the dashboard can be drawn here, and how well."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from cli.checks.finding import Finding
from engine.text import clean
from tui.capabilities import (
    GRAPHICS,
    GRAPHICS_CHOICES,
    Capabilities,
    capabilities,
    obstructed,
)

AREA = "terminal"
PLAIN_TERMS = ("linux", "dumb")
CURSORLESS = ("dumb", "unknown")
"""What TERM is where the cursor cannot be moved: no screen opens there."""
SIZES = (  # columns, lines, and what fits
    (120, 36, "room for everything"),
    (80, 24, "the screen folds; 120 × 36 shows everything"),
    (40, 12, "one plot and the vital numbers; 80 × 24 shows more"),
)


def check_terminal(
    environ: Mapping[str, str], encoding: str, size: os.terminal_size | None
) -> Iterator[Finding]:
    """What a terminal with this environment and size allows; `size` is None without a terminal."""
    yield _kind(environ, size)
    if size is not None:
        yield _size(size)
    can = capabilities(environ, encoding)
    yield from _signs(environ, can, encoding)
    yield _pictures(environ, can)
    yield from _between(environ)


def _kind(environ: Mapping[str, str], size: os.terminal_size | None) -> Finding:
    term = clean(environ.get("TERM", ""))
    if size is None:
        text = "standard output is not a terminal"
        return Finding(AREA, "warning", text, "the dashboard needs one; mlp-tui train does not")
    if term in ("", *CURSORLESS):
        text = f"TERM is {term}: the dashboard does not open" if term else "TERM is not set"
        advice = "it needs a terminal that moves its cursor: set TERM, or change terminal"
        return Finding(AREA, "warning", text, advice)
    return Finding(AREA, "ok", f"TERM is {term}")


def _size(size: os.terminal_size) -> Finding:
    text = f"{size.columns} × {size.lines}"
    for columns, lines, what in SIZES:
        if size.columns >= columns and size.lines >= lines:
            return Finding(AREA, "ok", f"{text}: {what}")
    return Finding(AREA, "warning", f"{text}: too small", "enlarge it to at least 40 × 12")


def _signs(environ: Mapping[str, str], can: Capabilities, encoding: str) -> Iterator[Finding]:
    if can.colors == "none":
        why = "NO_COLOR is set" if "NO_COLOR" in environ else "TERM promises none"
        yield Finding(AREA, "ok", f"no colours ({why}): curves differ by their marker")
    elif can.colors == "16":
        advice = "if the terminal can do more, set TERM=xterm-256color or COLORTERM=truecolor"
        yield Finding(AREA, "warning", "16 colours", advice)
    else:
        yield Finding(AREA, "ok", "truecolor" if can.colors == "truecolor" else "256 colours")
    if can.braille:
        yield Finding(AREA, "ok", "UTF-8: plots are drawn in braille dots")
    elif clean(environ.get("TERM", "")) in PLAIN_TERMS:
        yield Finding(AREA, "ok", "this kind of terminal has plain signs only: plots are ASCII")
    else:
        advice = "for finer plots set LANG to a UTF-8 locale, such as C.UTF-8"
        yield Finding(AREA, "warning", f"{clean(encoding)}: plain signs only", advice)


def _pictures(environ: Mapping[str, str], can: Capabilities) -> Finding:
    """In what small pictures are shown, and why not in what was asked for."""
    asked = clean(environ.get(GRAPHICS, "").strip().lower())
    if asked and asked not in GRAPHICS_CHOICES:
        advice = f"set it to {' or '.join(GRAPHICS_CHOICES)}, or unset it"
        return Finding(AREA, "warning", f"{GRAPHICS} is {asked}, which means nothing", advice)
    if can.graphics:
        return Finding(AREA, "ok", "pictures are shown by the kitty graphics protocol")
    blocks = can.unicode and can.colors in ("256", "truecolor")
    drawn = "pictures are drawn in half-blocks" if blocks else "pictures are drawn in shades"
    if asked != "kitty":
        return Finding(AREA, "ok", drawn)
    multiplexed = "no image passes a multiplexer or an editor: start it outside"
    advice = multiplexed if obstructed(environ) else "images need colours and UTF-8"
    return Finding(AREA, "warning", f"{drawn}, though {GRAPHICS} is kitty", advice)


def _between(environ: Mapping[str, str]) -> Iterator[Finding]:
    """What stands between this machine and the person's eyes."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        text = "over SSH; ssh -C compresses the screen 13 to 36 times"
        yield Finding(AREA, "ok", text)
    if environ.get("TMUX"):
        text = 'in tmux; for full colours: set -g default-terminal "tmux-256color"'
        yield Finding(AREA, "ok", text)
    elif environ.get("STY"):
        text = "in GNU screen; for more colours: term screen-256color"
        yield Finding(AREA, "ok", text)
