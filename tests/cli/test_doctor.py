"""The doctor's checks: each line says what is so and, unless it is well, what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.checks.finding import Finding
from cli.checks.storage import check_storage
from cli.checks.terminal import check_terminal
from cli.checks.versions import check_versions
from cli.doctor_report import test_pattern as pattern_lines
from cli.doctor_report import verdict

WIDE = os.terminal_size((120, 36))
GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
KITTY = {"TERM": "xterm-kitty"}
ASKED = {"MLP_TUI_GRAPHICS": "kitty"}


def said(findings: object) -> str:
    assert isinstance(findings, list)
    return "\n".join(f"{f.level}: {f.text} -> {f.advice}" for f in findings)


@pytest.mark.parametrize(
    ("environ", "encoding", "size", "sentence"),
    [
        (GOOD, "utf-8", WIDE, "ok: 120 × 36: room for everything"),
        (GOOD, "utf-8", WIDE, "ok: truecolor"),
        (GOOD, "utf-8", WIDE, "ok: UTF-8: plots are drawn in braille dots"),
        (GOOD, "utf-8", os.terminal_size((100, 30)), "ok: 100 × 30: the screen folds"),
        (GOOD, "utf-8", os.terminal_size((60, 20)), "ok: 60 × 20: one plot"),
        (GOOD, "utf-8", os.terminal_size((20, 5)), "warning: 20 × 5: too small -> enlarge it"),
        (GOOD, "utf-8", None, "warning: standard output is not a terminal -> the dashboard needs"),
        ({"TERM": "dumb"}, "utf-8", WIDE, "warning: TERM is dumb: the dashboard does not open"),
        ({}, "utf-8", WIDE, "warning: TERM is not set"),
        ({"TERM": "xterm"}, "utf-8", WIDE, "warning: 16 colours -> if the terminal can do more"),
        ({"TERM": "xterm-256color"}, "utf-8", WIDE, "ok: 256 colours"),
        (GOOD | {"NO_COLOR": "1"}, "utf-8", WIDE, "ok: no colours (NO_COLOR is set)"),
        ({"TERM": "linux"}, "utf-8", WIDE, "ok: this kind of terminal has plain signs"),
        (GOOD, "iso8859-1", WIDE, "warning: iso8859-1: plain signs only -> for finer plots"),
        (GOOD, "utf-8", WIDE, "ok: pictures are drawn in half-blocks"),
        ({"TERM": "xterm"}, "utf-8", WIDE, "ok: pictures are drawn in shades"),
        (GOOD | KITTY, "utf-8", WIDE, "ok: pictures are shown by the kitty graphics protocol"),
        (GOOD | KITTY | {"TMUX": "1"}, "utf-8", WIDE, "ok: pictures are drawn in half-blocks"),
        (GOOD | ASKED, "utf-8", WIDE, "ok: pictures are shown by the kitty graphics protocol"),
        (GOOD | ASKED | {"TMUX": "1"}, "utf-8", WIDE, "is kitty -> no image passes a multiplexer"),
        (GOOD | ASKED, "iso8859-1", WIDE, "is kitty -> images need colours and UTF-8"),
        (GOOD | {"MLP_TUI_GRAPHICS": "sixel"}, "utf-8", WIDE, "is sixel, which means nothing"),
        (GOOD | {"SSH_CONNECTION": "1 2 3 4"}, "utf-8", WIDE, "ssh -C"),
        (GOOD | {"TMUX": "/tmp/tmux"}, "utf-8", WIDE, "in tmux"),
        (GOOD | {"STY": "1.pts"}, "utf-8", WIDE, "in GNU screen"),
    ],
)
def test_the_terminal(
    environ: dict[str, str], encoding: str, size: os.terminal_size | None, sentence: str
) -> None:
    assert sentence in said(list(check_terminal(environ, encoding, size)))


def test_a_hostile_terminal_name_is_cleaned() -> None:
    text = said(list(check_terminal({"TERM": "x\x1b]52;c;Zm9v\x07"}, "utf-8", WIDE)))
    assert not set("\x1b\x07") & set(text)


def test_runs_are_recorded_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "runs"))
    (finding,) = check_storage()
    assert finding.level in ("ok", "warning")
    assert str(tmp_path / "runs") in finding.text


def test_a_directory_that_cannot_be_made_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "file" / "runs"))
    (finding,) = check_storage()
    assert finding.level == "problem"
    assert finding.advice


def test_versions_name_every_library() -> None:
    text = said(list(check_versions()))
    for name in ("Python", "torch", "torchvision", "numpy", "textual", "rich", "plotext"):
        assert f"ok: {name} " in text


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        (["ok"], "mlp-tui will train here; 0 warning(s)."),
        (["ok", "warning"], "mlp-tui will train here; 1 warning(s)."),
        (["problem", "warning"], "1 problem(s): mlp-tui cannot train here"),
    ],
)
def test_the_verdict(levels: list[str], sentence: str) -> None:
    assert verdict([Finding("a", level, "b") for level in levels]).startswith(sentence)  # type: ignore[arg-type]


def test_the_pattern_has_signs_bars_and_braille() -> None:
    text = "\n".join(line.plain for line in pattern_lines())
    assert all(sign in text for sign in "σ█⣿▁")
