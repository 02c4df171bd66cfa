"""The contract of a run without a screen: its lines, its exit code, its end by signal or pipe."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

FULL = Path("/dev/full")
ENDLESS = ("--epochs", "100000", "--batch-size", "8")


def test_json_lines_are_the_run_and_nothing_else(command: CommandLine) -> None:
    code, out, err = command.run(
        *command.train("--epochs", "3", "--batch-size", "64", "--hidden", "16", "--json")
    )
    events = command.events_in(out)
    assert (code, err) == (0, "")
    assert events[0]["type"] == "run_started"
    assert [event["type"] for event in events].count("run_finished") == 1
    assert events[-1]["type"] == "run_finished"
    assert events[-1]["outcome"] == "completed"
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert all(isinstance(event["time"], float) for event in events)
    assert steps_in(events) == list(range(1, 3 * 32 + 1))
    assert [e["epoch"] for e in events if e["type"] == "epoch_finished"] == [1, 2, 3]


def test_the_record_is_the_stream(command: CommandLine) -> None:
    _, out, _ = command.run(*command.train("--epochs", "1", "--json"))
    (log,) = command.runs.glob("*/events.jsonl")
    recorded = [line.split("\t")[0] for line in log.read_text().splitlines()]
    assert recorded == out.splitlines()
    assert log.parent.name == json.loads(recorded[0])["run_id"]


def test_a_run_in_a_pipe_shows_a_line_per_epoch_and_a_summary(command: CommandLine) -> None:
    code, out, err = command.run(*command.train("--epochs", "2", "--hidden", "16,8"))
    assert code == 0
    epochs = [line for line in err.splitlines() if line.startswith("epoch ")]
    assert [line.split("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]
    assert out.startswith("completed: ")
    for shown in ("hidden1", "hidden2", "output", "matrices at step", f"record: {command.runs}"):
        assert shown in out
    assert "\x1b" not in out + err


def test_quiet_is_quiet(command: CommandLine) -> None:
    assert command.run(*command.train("--epochs", "1", "--quiet")) == (0, "", "")


def test_divergence_ends_with_1_and_spells_what_is_not_finite(command: CommandLine) -> None:
    code, out, err = command.run(
        *command.train("--lr", "1e30", "--init-std", "1", "--epochs", "2", "--json")
    )
    events = command.events_in(out)
    assert code == 1
    assert events[-1]["outcome"] == "diverged"
    losses = [loss for e in events if e["type"] == "steps_measured" for loss in e["loss"]]
    assert {loss for loss in losses if isinstance(loss, str)} & {"NaN", "Infinity"}
    assert events[-1]["detail"] in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--data", "fashion-mist"], "did you mean 'fashion-mnist'"),
        (["--preset", "w1-square"], "256"),
        (["--device", "cuda:99"], "cuda:99"),
    ],
)
def test_bad_input_is_a_sentence_exit_2_and_no_record(
    command: CommandLine, words: list[str], sentence: str
) -> None:
    code, out, err = command.run(*command.train(*words, "--json"))
    assert (code, out) == (2, "")
    assert err.startswith("mlp-tui: ")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not list(command.runs.glob("*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order_with_130(
    command: CommandLine, number: signal.Signals
) -> None:
    with command.start(command.train(*ENDLESS, "--json")) as process:
        assert process.stdout
        seen = until(process.stdout, "steps_measured")
        process.send_signal(number)
        seen += [json.loads(line) for line in process.stdout]
    assert process.returncode == 130
    assert (seen[-1]["type"], seen[-1]["outcome"]) == ("run_finished", "interrupted")
    assert number.name in seen[-1]["detail"]
    steps = steps_in(seen)
    assert steps == list(range(1, len(steps) + 1))


def test_a_reader_that_has_seen_enough_ends_the_run_in_order(command: CommandLine) -> None:
    with command.start(command.train(*ENDLESS, "--json")) as process:
        assert process.stdout
        assert process.stderr
        until(process.stdout, "steps_measured")
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, b"")
    (log,) = command.runs.glob("*/events.jsonl")
    last = json.loads(log.read_text().splitlines()[-1].split("\t")[0])
    assert (last["type"], last["outcome"]) == ("run_finished", "stopped")


def test_lines_that_nobody_reads_end_the_run_in_order(command: CommandLine) -> None:
    with command.start(command.train(*ENDLESS)) as process:
        assert process.stdout
        assert process.stderr
        assert b"reading small.npz" in process.stderr.readline()
        assert b"epoch 1/" in process.stderr.readline()
        process.stderr.close()
        out = process.stdout.read().decode()
    assert process.returncode == 0
    assert out.startswith("stopped: ")


@pytest.mark.fault(13)
def test_a_second_signal_leaves_at_once(command: CommandLine) -> None:
    reader, writer = os.pipe()
    process = command.start(command.train(*ENDLESS, "--json"), stdout=writer)
    os.close(writer)
    with process, os.fdopen(reader, "rb") as stream:
        until(stream, "steps_measured")
        # Nobody reads now, so the pipe fills and the trainer waits in its write: it cannot stop.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 130


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_summary_that_cannot_be_written_is_one_sentence_and_1(command: CommandLine) -> None:
    words = command.train("--epochs", "1", "--progress", "off")
    with FULL.open("wb") as full, command.start(words, stdout=full.fileno()) as process:
        assert process.stderr
        err = process.stderr.read().decode()
    assert process.returncode == 1
    assert err.startswith("mlp-tui: standard output cannot be written: ")
    assert err.count("\n") == 1


def test_a_directory_that_takes_no_runs_is_a_sentence_and_2(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = "/proc/self"  # nobody makes a directory there, root included
    code, out, err = command.run("train", "--data", str(command.data), "--runs-dir", kernel)
    assert (code, out) == (2, "")
    assert err.startswith(f"mlp-tui: the directory of runs {kernel} cannot be written: ")
    assert "--runs-dir" in err
    assert err.count("\n") == 1
    code, out, _ = command.run("doctor", "--runs-dir", kernel, "--json")
    (finding,) = (found for found in json.loads(out)["findings"] if found["area"] == "runs")
    assert code == 1
    assert finding["level"] == "problem"


@pytest.mark.fault(7)
@pytest.mark.parametrize(("kilobytes", "expected"), [(0, 2), (8, 1)])
def test_a_record_that_cannot_be_written_is_a_sentence(
    command: CommandLine, kilobytes: int, expected: int
) -> None:
    limited = (
        f"import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes << 10},) * 2)"
    )
    with command.start(command.train(*ENDLESS, "--quiet"), before=limited) as process:
        err = process.communicate()[1].decode()
    assert process.returncode == expected
    assert err.startswith(f"mlp-tui: the run's record in {command.runs}")
    assert err.endswith("cannot be written: File too large\n")
    assert err.count("\n") == 1


def until(stream: Any, kind: str) -> list[dict[str, Any]]:
    """The events up to the first of that kind."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] != kind:
        seen.append(json.loads(stream.readline()))
    return seen


def steps_in(events: list[dict[str, Any]]) -> list[int]:
    """The number of every step whose loss was told, in order."""
    return [
        event["first_step"] + i
        for event in events
        if event["type"] == "steps_measured"
        for i in range(len(event["loss"]))
    ]
