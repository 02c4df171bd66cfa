"""The one place where colours stand: roles, two themes, and how a widget asks for them.

The hues are those of Okabe and Ito (2008), which people with any common colour blindness can tell
apart, lightened for the dark theme and darkened for the light one.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme

GHOSTS = ("ghost-1", "ghost-2", "ghost-3", "ghost-4", "ghost-5", "ghost-6")

DARK: Mapping[str, str] = {
    "text": "#d5d8de",
    "strong": "#ffffff",
    "muted": "#8b909b",
    "faint": "#4c515c",
    "loss": "#f0b429",
    "loss-raw": "#8f6a1f",
    "test-loss": "#df7ec8",
    "train-accuracy": "#58b7ee",
    "train-accuracy-raw": "#2e7198",
    "test-accuracy": "#2bdf8e",
    "ghost-1": "#8aa0c8",
    "ghost-2": "#a88f78",
    "ghost-3": "#8fae7c",
    "ghost-4": "#b287ac",
    "ghost-5": "#6fa8a8",
    "ghost-6": "#b0a86a",
    "mark": "#cdbfa8",
    "good": "#2bdf8e",
    "warning": "#f2e662",
    "alert": "#ff6b3d",
    "cursor": "#2f3a4d",
}

LIGHT: Mapping[str, str] = {
    "text": "#24272e",
    "strong": "#000000",
    "muted": "#636974",
    "faint": "#b9bec8",
    "loss": "#b06a00",
    "loss-raw": "#e0b878",
    "test-loss": "#a8427f",
    "train-accuracy": "#0072b2",
    "train-accuracy-raw": "#89d3e4",
    "test-accuracy": "#00864c",
    "ghost-1": "#6f82ab",
    "ghost-2": "#9c6f4e",
    "ghost-3": "#6d8f58",
    "ghost-4": "#96698f",
    "ghost-5": "#4f8989",
    "ghost-6": "#8b823f",
    "mark": "#75664c",
    "good": "#00864c",
    "warning": "#8a6d00",
    "alert": "#c02800",
    "cursor": "#c7d2e9",
}

_VIRIDIS = (
    "#440154",
    "#472d7b",
    "#3b528b",
    "#2c728e",
    "#21918c",
    "#28ae80",
    "#5ec962",
    "#addc30",
    "#fde725",
)

_BOLD = frozenset({"strong", "alert"})


def _theme(name: str, roles: Mapping[str, str], surfaces: tuple[str, str, str]) -> Theme:
    background, surface, panel = surfaces
    return Theme(
        name=name,
        dark=roles is DARK,
        background=background,
        surface=surface,
        panel=panel,
        primary=roles["train-accuracy"],
        secondary=roles["muted"],
        accent=roles["loss"],
        foreground=roles["text"],
        success=roles["good"],
        warning=roles["warning"],
        error=roles["alert"],
        variables={f"role-{role}": color for role, color in roles.items()},
    )


MLP_DARK = _theme("mlp-dark", DARK, ("#14161b", "#1b1e25", "#242833"))
MLP_LIGHT = _theme("mlp-light", LIGHT, ("#fbfaf7", "#f1efe9", "#e4e1d8"))
THEMES = (MLP_DARK, MLP_LIGHT)


def ghost(index: int) -> str:
    """The role of the index-th older run; they repeat after the sixth."""
    return GHOSTS[index % len(GHOSTS)]


def heat(share: float) -> str:
    """The colour of a share in [0, 1] on the scale of heatmaps, from dark blue to bright yellow.

    Viridis (van der Walt and Smith 2015): lightness grows evenly along it, for every kind of
    colour vision.
    """
    place = share * (len(_VIRIDIS) - 1)
    below = min(int(place), len(_VIRIDIS) - 2)
    one, other = _channels(_VIRIDIS[below]), _channels(_VIRIDIS[below + 1])
    part = place - below
    mixed = (round(a + part * (b - a)) for a, b in zip(one, other, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def heat_ink(share: float) -> str:
    """The colour of text that can be read on `heat(share)`."""
    return "#ffffff" if share < 0.6 else "#000000"


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))


def role_style(role: str, variables: Mapping[str, str], dark: bool = True) -> Style:
    """The style of a role under a theme's variables; a theme that lacks the role gets ours."""
    color = variables.get(f"role-{role}") or (DARK if dark else LIGHT)[role]
    if role == "cursor":
        return Style(bgcolor=color)
    return Style(color=color, bold=True if role in _BOLD else None)
