"""The doctor's findings for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from cli.checks.finding import Finding, Level
from cli.consoles import plain

_SIGNS: dict[Level, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "problem": ("problem", "bold red"),
}
_COLORS = ("red", "yellow", "green", "cyan", "blue", "magenta")


def draw(findings: Sequence[Finding], *, pattern: bool) -> None:
    """Write the findings by area, then a pattern to judge the terminal by."""
    console = plain()
    for area, group in groupby(findings, lambda finding: finding.area):
        console.print(Text(area, style="bold"))
        for finding in group:
            console.print(_line(finding), soft_wrap=True)
    if pattern:
        for line in test_pattern():
            console.print(line)
    console.print(verdict(findings))


def verdict(findings: Sequence[Finding]) -> str:
    """All findings in one sentence."""
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if problems:
        return f"{problems} problem(s): mlp-tui cannot train here until they are put right."
    return f"mlp-tui will train here; {warnings} warning(s)."


def test_pattern() -> Iterator[Text]:
    """Lines that look right only where the terminal can show them."""
    yield Text("what this terminal shows", style="bold")
    yield Text("  signs    σ φ × − → ∞ ‖W‖   bars ▁▂▃▄▅▆▇█   braille ⣀⣤⣶⣿⠉⠛⠿⣿")
    named = Text("  colours  ")
    for color in _COLORS:
        named.append("██", style=color).append("▓▓", style=f"bright_{color}")
    yield named
    ramp = Text("  shades   ")
    for step in range(24):
        ramp.append("█", style=f"rgb({step * 10},{120},{240 - step * 10})")
    yield ramp.append("  smooth, stepped or one colour: what the plots have to work with")


def _line(finding: Finding) -> Text:
    word, style = _SIGNS[finding.level]
    line = Text("  ").append(f"{word:<8}", style=style).append(f" {finding.text}")
    return line.append(f" → {finding.advice}", style="italic") if finding.advice else line
