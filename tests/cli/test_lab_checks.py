"""``--check``: 0 only if every claim of every experiment holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_experiments import FakeSettings, fake, tell

from cli import exits, lab
from cli.lab_checks import check
from cli.output import Output
from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Experiment

GOOD = FakeSettings(measured=1.005)
BAD = FakeSettings(measured=1.02)
SILENT = FakeSettings(claims=0)


class Clock:
    """Half a second between two looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def all_checked(*experiments: Experiment) -> int:
    return check(experiments, Output(), whole=False, clock=Clock())


def test_all_tells_claims_and_seconds_of_each_and_the_total(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert all_checked(fake("one", GOOD, GOOD), fake("two", GOOD)) == exits.COMPLETED
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["✓", "one", "2", "of", "2", "claims", "hold", "0.5", "s"],
        ["✓", "two", "1", "of", "1", "claims", "hold", "0.5", "s"],
        ["✓", "total", "3", "of", "3", "claims", "hold", "1.0", "s"],
    ]


def test_one_claim_that_does_not_hold_is_listed_and_fails_the_lot(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert all_checked(fake("one", GOOD, BAD), fake("two", GOOD)) == exits.FAILED
    out = capsys.readouterr().out
    assert "✗ one              1 of 2 claims hold" in out
    (row,) = [line for line in out.splitlines() if "it is one" in line]
    for shown in ("✗", "1.02", "1.00 ± 0.0100", "Peano"):
        assert shown in row
    assert "✓ two" in out
    assert "✗ total            2 of 3 claims hold" in out


def test_the_same_words_twice_do_not_hide_a_claim_that_fails() -> None:
    twice = FakeSettings(measured=1.02, claims=2)
    assert all_checked(fake("one", twice)) == exits.FAILED


@pytest.mark.parametrize("checks", [(), (SILENT,)])
def test_an_experiment_that_claims_nothing_fails(
    checks: tuple[FakeSettings, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert all_checked(fake("one", *checks), fake("two", GOOD)) == exits.FAILED
    assert "✗ one              checks nothing" in capsys.readouterr().out


def test_no_experiment_at_all_is_no_success() -> None:
    assert all_checked() == exits.FAILED


def test_what_cannot_run_or_breaks_fails_and_the_others_are_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = fake("broken", GOOD, run=_breaking)
    refused = fake("refused", GOOD, run=_refusing)
    assert all_checked(broken, refused, fake("two", GOOD)) == exits.FAILED
    captured = capsys.readouterr()
    assert "✗ broken           ZeroDivisionError: " in captured.out
    assert "✗ refused          there is no data" in captured.out
    assert "✓ two" in captured.out
    assert captured.err.count("Traceback") == 1


def test_claims_of_a_run_that_was_stopped_are_not_enough() -> None:
    assert all_checked(fake("one", GOOD, run=_stopped)) == exits.FAILED


@pytest.mark.parametrize(("first", "code"), [(GOOD, exits.COMPLETED), (BAD, exits.FAILED)])
@pytest.mark.parametrize("whole", [True, False])
def test_a_reader_that_has_seen_enough_is_no_claim_that_fails(
    first: FakeSettings, code: int, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody_reads:
        monkeypatch.setattr(sys, "stdout", nobody_reads)
        lab_of_two = [fake("one", first), fake("two", run=_unforeseen)]
        assert check(lab_of_two, Output(), whole=whole, clock=Clock()) == code


def _unforeseen(*_: Any) -> Iterator[Event]:
    raise AssertionError("nobody is there for the second one")
    yield


def test_an_interrupt_ends_everything_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert all_checked(fake("one", GOOD, run=_interrupted), fake("two", GOOD)) == 130
    assert "two" not in capsys.readouterr().out


def test_one_experiment_lists_all_claims_check_by_check_and_records_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path))
    assert lab.main(["fake", "--check"], [fake("fake", GOOD, FakeSettings())]) == 0
    out = capsys.readouterr().out
    assert "check 1 of 2: measured 1.005" in out
    assert "check 2 of 2: defaults" in out
    assert out.count("✓ it is one") == 2
    assert list(tmp_path.iterdir()) == []


def test_the_registry_s_order_is_kept_and_training_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    experiments = [fake("train"), fake("zeta", GOOD), fake("alpha", GOOD)]
    assert lab.main(["all", "--check"], experiments) == 0
    names = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert names == ["zeta", "alpha", "total"]


def test_quiet_tells_only_of_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["all", "--check", "--quiet"], [fake("one", GOOD)]) == 0
    assert capsys.readouterr() == ("", "")
    assert lab.main(["all", "--check", "--quiet"], [fake("one", GOOD), fake("two", BAD)]) == 1
    out = capsys.readouterr().out
    assert "two" in out
    assert "one " not in out.splitlines()[0]


def _breaking(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    yield from list(tell(config, controls))[:-1]
    raise ZeroDivisionError("nothing to divide by")


def _refusing(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    raise BadInput("there is no data")
    yield


def _stopped(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    controls.request(Stop())
    yield from tell(config, controls)


def _interrupted(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    controls.request(Stop(interrupted=True))
    yield from tell(config, controls)
