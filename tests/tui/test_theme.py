"""Colours that can be told apart on every terminal."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from rich.color import Color, ColorSystem
from textual.color import Color as TextualColor

from tui.theme import DARK, GHOSTS, LIGHT, MLP_DARK, MLP_LIGHT, THEMES, ghost, role_style

TOGETHER = (
    ("loss", "loss-raw", "test-loss", "alert", "mark"),
    ("train-accuracy", "train-accuracy-raw", "test-accuracy", "mark", "alert"),
    ("good", "warning", "alert", "text", "muted"),
)
PALETTES = pytest.mark.parametrize(
    ("roles", "background"),
    [(DARK, MLP_DARK.background), (LIGHT, MLP_LIGHT.background)],
    ids=["dark", "light"],
)


def _downgraded(color: str, system: ColorSystem) -> object:
    return Color.parse(color).downgrade(system).number


@PALETTES
@pytest.mark.parametrize("group", TOGETHER)
@pytest.mark.parametrize("system", [ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
def test_what_is_seen_together_differs_in_few_colours_too(
    roles: Mapping[str, str], background: str, group: tuple[str, ...], system: ColorSystem
) -> None:
    shown = [_downgraded(roles[role], system) for role in group]
    assert len(set(shown)) == len(group)
    assert _downgraded(background, system) not in shown


@PALETTES
def test_ghosts_differ_in_256_colours(roles: Mapping[str, str], background: str) -> None:
    shown = {_downgraded(roles[role], ColorSystem.EIGHT_BIT) for role in GHOSTS}
    assert len(shown) == len(GHOSTS)


@PALETTES
@pytest.mark.parametrize(
    ("role", "least"),
    [("text", 7.0), ("strong", 7.0), ("muted", 4.5), ("loss", 3.0), ("test-loss", 3.0)]
    + [(role, 3.0) for role in ("train-accuracy", "test-accuracy", "alert", "warning", "mark")]
    + [(role, 3.0) for role in GHOSTS],
)
def test_contrast_with_the_background(
    roles: Mapping[str, str], background: str, role: str, least: float
) -> None:
    """As WCAG 2.1 asks: 4.5 for small text, 3 for graphics."""
    assert _contrast(roles[role], background) >= least


def _contrast(one: str, other: str) -> float:
    lights = sorted(_luminance(TextualColor.parse(c)) for c in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(color: TextualColor) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_both_themes_have_the_same_roles() -> None:
    assert set(DARK) == set(LIGHT)
    for theme in THEMES:
        assert {f"role-{role}" for role in DARK} == set(theme.variables)


def test_a_role_has_the_colour_of_the_theme_in_use() -> None:
    assert role_style("loss", MLP_LIGHT.variables) == role_style("loss", {}, dark=False)
    assert role_style("loss", MLP_DARK.variables) != role_style("loss", MLP_LIGHT.variables)
    assert role_style("cursor", {}).bgcolor is not None


def test_a_role_nobody_defined_is_an_error() -> None:
    with pytest.raises(KeyError):
        role_style("nonsense", {})


def test_ghosts_repeat() -> None:
    assert ghost(0) == "ghost-1"
    assert ghost(6) == ghost(0)
