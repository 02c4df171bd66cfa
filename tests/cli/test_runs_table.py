"""The table of ``mlp-tui runs``: no label makes anything else of it unreadable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cli import runs_table
from cli.runs_table import print_runs
from engine.store.catalogue import About, Entry
from engine.store.summary import Summary

ID = "20251009-080000-aaaaaa"
Shown = Callable[..., list[str]]


def entry(label: str = "", run_id: str = ID) -> Entry:
    """A finished run of two epochs."""
    told = Summary(
        run_id=run_id,
        experiment="train",
        config={"epochs": 2, "seed": 3},
        steps_per_epoch=10,
        total_steps=20,
        epoch=2,
        best_accuracy=0.812,
    )
    return Entry(run_id, Path(run_id), "completed", False, told, About(label), 1500)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The lines that a terminal of so many columns gets, or a pipe without a number."""

    def lines(found: list[Entry], width: int = 0) -> list[str]:
        if width:
            terminal = Console(force_terminal=True, color_system=None, width=width)
            monkeypatch.setattr(runs_table, "plain", lambda: terminal)
        print_runs(found)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


@pytest.mark.parametrize("label", ["x" * 64, "漢" * 59, "", "short"])
@pytest.mark.parametrize("width", [40, 48, 60, 72, 80, 100, 120, 250])
def test_the_longest_label_leaves_the_rest_its_room(shown: Shown, label: str, width: int) -> None:
    out = shown([entry(label), entry()], width)
    whole = {"completed": 0, "81.2 %": 48, "2/2 epochs": 60, "1.5 kB": 72, "epochs 2 · seed 3": 0}
    for text, needed in whole.items():
        assert sum(text in line for line in out) == 2 * (width >= needed), out
    assert sum(line.startswith(ID) for line in out) == 2
    assert ("started" in out[0]) == (width >= 100)
    below = 0 if width >= 100 else 2  # the settings
    assert len(out) == 1 + 2 + bool(label) + below


def test_what_cannot_be_read_of_a_run_is_said_below(shown: Shown) -> None:
    whole, hit = entry(), entry("hit", "b")
    hit.summary.damaged = 1
    assert shown([whole, hit])[-1] == ("b: 1 event of its record cannot be read; the rest is whole")
    hit.summary.damaged = 1200
    assert "b: 1,200 events of its record cannot be read" in shown([whole, hit])[-1]
    assert not any("record" in line for line in shown([whole]))


def test_a_label_is_cut_no_shorter_than_an_id(shown: Shown) -> None:
    assert any(line.startswith("x" * 21 + "…") for line in shown([entry("x" * 64)], 80))
    assert any(line.startswith("x" * 22 + " ") for line in shown([entry("x" * 22)], 80))
    assert any(line.startswith("x" * 64) for line in shown([entry("x" * 64)], 256))


@pytest.mark.parametrize("label", ["x" * 64, "漢" * 59])
def test_a_pipe_gets_every_name_whole(shown: Shown, label: str) -> None:
    out = shown([entry(label), entry(run_id="b" * 64)])
    assert len(out) == 4  # the heading, a label with its id, and a run without a label
    assert out[1].split()[0] == label and out[2] == ID and out[3].split()[0] == "b" * 64
    assert all("epochs 2 · seed 3" in line and "81.2 %" in line for line in (out[1], out[3]))
