"""What the terminal can show, told from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Colors = Literal["none", "16", "256", "truecolor"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be sent to the terminal and will be seen: signs beyond ASCII, braille, colours.

    A terminal whose font lacks braille alone is not told from its environment: that is for a
    person to set.
    """

    unicode: bool = True
    braille: bool = True
    colors: Colors = "truecolor"


FULL = Capabilities()


def capabilities(environ: Mapping[str, str], encoding: str) -> Capabilities:
    """What a terminal with this environment and this output encoding can show.

    The Linux console speaks UTF-8, but its font of 512 signs has neither braille nor most of the
    blocks and arrows: it gets ASCII. `encoding` is the name of the output stream's codec, e.g.
    "utf-8".
    """
    term = environ.get("TERM", "").lower()
    unicode = _speaks_utf8(environ, encoding) and term not in ("dumb", "linux")
    return Capabilities(unicode, unicode, _colors(environ, term))


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
