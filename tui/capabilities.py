"""What the terminal can show, told from its environment."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal

Colors = Literal["none", "16", "256", "truecolor"]

GRAPHICS = "MLP_TUI_GRAPHICS"
"""The variable that says how pictures are shown: one of `GRAPHICS_CHOICES`."""
GRAPHICS_CHOICES = ("kitty", "blocks")
"""By the kitty graphics protocol, whatever TERM says; in half-blocks."""
_PLACING_TERMS = ("xterm-kitty", "xterm-ghostty")
"""Terminals that show images in placeholders; TERM alone tells, for what other variables say is
handed on to whatever terminal is opened from there."""
_BETWEEN = ("TMUX", "STY", "ZELLIJ", "VIM_TERMINAL", "NVIM", "INSIDE_EMACS")
"""Set by what stands between a program and its terminal, and lets no image through."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be sent to the terminal and will be seen: signs beyond ASCII, braille, colours.

    `graphics` is whether pictures can be shown by the kitty graphics protocol. A terminal whose
    font lacks braille alone is not told from its environment: that is for a person to set.
    """

    unicode: bool = True
    braille: bool = True
    colors: Colors = "truecolor"
    graphics: bool = False


FULL = Capabilities()


def capabilities(environ: Mapping[str, str], encoding: str) -> Capabilities:
    """What a terminal with this environment and this output encoding can show.

    The Linux console speaks UTF-8, but its font of 512 signs has neither braille nor most of the
    blocks and arrows: it gets ASCII. `encoding` is the name of the output stream's codec, e.g.
    "utf-8".
    """
    term = environ.get("TERM", "").lower()
    unicode = _speaks_utf8(environ, encoding) and term not in ("dumb", "linux")
    colors = _colors(environ, term)
    graphics = unicode and colors == "truecolor" and shows_images(environ)
    return Capabilities(unicode, unicode, colors, graphics)


def shows_images(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows images that are sent by the kitty graphics protocol.

    It is not asked: its answer would arrive among the keys, and could come too late. kitty shows
    images in placeholders since 0.28, Ghostty always has.
    """
    asked = environ.get(GRAPHICS, "").strip().lower()
    if asked == "blocks" or obstructed(environ):
        return False
    return asked == "kitty" or environ.get("TERM", "").lower() in _PLACING_TERMS


def obstructed(environ: Mapping[str, str]) -> bool:
    """Whether something stands between the program and the terminal that lets no image through."""
    return any(environ.get(name) for name in _BETWEEN)


def recall_colors(environ: MutableMapping[str, str]) -> None:
    """Say of a terminal that shows images that it has every colour: SSH forgets it.

    rich, which writes the colours, goes by this variable. An image's number is a colour: written
    as the nearest of 256, it is the number of another image.
    """
    if shows_images(environ):
        environ["COLORTERM"] = "truecolor"


def _speaks_utf8(environ: Mapping[str, str], encoding: str) -> bool:
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        return False
    # A locale that names no character set (C, as in most containers) says nothing of the
    # terminal; one that names another, such as de_DE.ISO-8859-1, does.
    chosen = next((environ[k] for k in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(k)), "")
    charset = chosen.partition(".")[2].lower().replace("-", "")
    return not charset or charset.startswith("utf8")


def _colors(environ: Mapping[str, str], term: str) -> Colors:
    # Any value of NO_COLOR counts, the empty one too, because Textual takes it so.
    if "NO_COLOR" in environ or term == "dumb":
        return "none"
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    # The names are those that rich knows, which writes the colours in the end.
    kind = term.rpartition("-")[2]
    return "256" if kind in ("256color", "kitty") else "16"
