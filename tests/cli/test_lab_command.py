"""The laboratory's contract with scripts: its lines, its exit codes, its end by signal or pipe."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from command_line import CommandLine

SMALL = ("lab", "explosion", "--factors", "20", "--seeds", "10")
ENDLESS = ("lab", "explosion", "--factors", "10000", "--seeds", "10", "--pace", "20")


@pytest.fixture(autouse=True)
def recorded(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs are recorded in the test's own directory."""
    monkeypatch.setenv("MLP_TUI_RUNS", str(command.runs))
    return command.runs


def test_json_lines_are_the_run_and_nothing_else(command: CommandLine) -> None:
    code, out, err = command.run(*SMALL, "--json")
    events = command.events_in(out)
    assert (code, err) == (0, "")
    assert (events[0]["type"], events[0]["experiment"]) == ("run_started", "explosion")
    assert events[0]["config"]["pace"] == 0.0
    assert (events[-1]["type"], events[-1]["outcome"]) == ("run_finished", "completed")
    assert [event["seq"] for event in events] == list(range(len(events)))
    claims = [event for event in events if event["type"] == "claim_checked"]
    assert {"claim", "measured", "predicted", "tolerance", "holds", "source"} <= set(claims[0])
    (log,) = command.runs.glob("*/events.jsonl")
    assert [line.split("\t")[0] for line in log.read_text().splitlines()] == out.splitlines()


def test_a_check_with_json_tells_its_verdict_on_standard_error(command: CommandLine) -> None:
    code, out, err = command.run("lab", "vanishing", "--check", "--json")
    events = command.events_in(out)
    runs = [event for event in events if event["type"] == "run_started"]
    claims = [event for event in events if event["type"] == "claim_checked"]
    assert code == 0
    assert all(claim["holds"] for claim in claims)
    assert f"{len(claims)} of {len(claims)} claims hold" in err
    assert err.count("check ") == len(runs)
    assert not command.runs.exists()


def test_a_signal_ends_an_experiment_in_order_with_130(command: CommandLine) -> None:
    with command.start([*ENDLESS, "--json"]) as process:
        assert process.stdout
        while json.loads(process.stdout.readline())["type"] != "advanced":
            continue
        process.send_signal(signal.SIGINT)
        *_, last = process.stdout
    assert process.returncode == 130
    assert json.loads(last)["outcome"] == "interrupted"


def test_a_check_that_nobody_reads_to_its_end_ends_as_other_commands_do(
    command: CommandLine,
) -> None:
    with command.start(["lab", "vanishing", "--check"]) as process:
        assert process.stdout
        process.stdout.close()
    assert process.returncode == 0


def test_bad_input_is_a_sentence_exit_2_and_no_record(command: CommandLine) -> None:
    code, out, err = command.run("lab", "explosin", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("mlp-tui: unknown experiment 'explosin'; did you mean 'explosion'?")
    code, out, err = command.run("lab", "explosion", "--n", "256", "--seeds", "10000", "--json")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not command.runs.exists()
