"""``mlp-tui resume``: the rest of a run, or a sentence that says why there is none."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from warm_commands import WarmCommands

from cli.main import main
from engine.events import RunFinished, RunStarted
from engine.store import resuming
from engine.store.record import RecordSink

SETTINGS = ("--epochs", "6", "--hidden", "16", "--optimizer", "adam", "--lr", "0.01", "--json")
SETTINGS += ("--schedule", "cosine", "--seed", "5")
SLOW = ("--pace", "40", "--checkpoint-every", "0.05")


def cut(command: CommandLine, number: int) -> list[dict[str, Any]]:
    """The events of a run that gets this signal after some of its checkpoints."""
    process = command.start(command.train(*SETTINGS, *SLOW))
    assert process.stdout
    lines: list[bytes] = []
    with process:
        while sum(b'"checkpoint_saved"' in line for line in lines) < 3:
            lines.append(process.stdout.readline())
        process.send_signal(number)
        lines += process.stdout.readlines()
    whole = [line for line in lines if line.endswith(b"\n")]
    return [json.loads(line) for line in whole]


def resume(command: CommandLine, *words: str) -> tuple[int, str, str]:
    return command.run("resume", *words, "--runs-dir", str(command.runs))


def saved(events: list[dict[str, Any]]) -> dict[int, str]:
    return {e["step"]: e["state"] for e in events if e["type"] == "checkpoint_saved"}


def losses(events: list[dict[str, Any]]) -> dict[int, float]:
    return {
        step: loss
        for event in events
        if event["type"] == "steps_measured"
        for step, loss in enumerate(event["loss"], event["first_step"])
    }


@pytest.fixture(scope="module")
def whole(
    small_data: Path, warm_commands: WarmCommands, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The events of the run that nobody cuts, at full pace."""
    line = CommandLine(warm_commands, small_data, tmp_path_factory.mktemp("whole"))
    code, out, err = line.run(*line.train(*SETTINGS))
    line.close()
    assert (code, err) == (0, "")
    return line.events_in(out)


@pytest.mark.fault(39)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_whatever_ended_it_the_rest_is_bitwise(
    number: int, command: CommandLine, whole: list[dict[str, Any]]
) -> None:
    first = cut(command, number)
    code, out, err = resume(command, "--headless", "--json", "--progress", "off")
    rest = command.events_in(out)
    assert (code, err) == (0, "")
    started = rest[0]
    assert started["continues"] == first[0]["run_id"]
    assert started["first_step"] in saved(first) or started["first_step"] > max(saved(first))
    assert started["config"] == first[0]["config"]
    (last,) = {*saved(whole)} & {6 * started["steps_per_epoch"]}
    assert saved(rest)[last] == saved(whole)[last]
    assert losses(first) | losses(rest) == losses(whole)
    assert not [event for event in rest if event.get("level") == "warning"]


@pytest.mark.fault(6)
def test_a_damaged_checkpoint_is_named_and_the_one_before_taken(command: CommandLine) -> None:
    first = cut(command, signal.SIGTERM)
    *_, before, last = saved(first)
    path = command.runs / first[0]["run_id"] / "checkpoints" / f"step-{last}.safetensors"
    spoilt = bytearray(path.read_bytes())
    spoilt[-1] ^= 1
    path.write_bytes(spoilt)
    code, out, err = resume(command, first[0]["run_id"][:-2])
    assert code == 0
    assert f"warning: checkpoint {path} is damaged" in err
    assert f"going on from step {before}" in err
    assert out.startswith("completed: ")


@pytest.mark.slow
def test_what_cannot_be_resumed_is_said_in_a_sentence(command: CommandLine) -> None:
    command.runs.mkdir()
    code, out, err = resume(command)
    assert (code, out) == (2, "")
    assert "no run can be resumed" in err
    first = cut(command, signal.SIGTERM)[0]["run_id"]
    assert resume(command, "--quiet") == (0, "", "")
    code, out, err = resume(command, "last")
    assert (code, out) == (2, "")
    assert "is complete: there is nothing left of it to do" in err
    assert f"went on from run {first} already" in resume(command, first)[2]
    assert resume(command, first, "--fork", "--quiet") == (0, "", "")
    assert "leave --json out" in resume(command, "--detach", "--json")[2]


def test_a_run_that_another_command_is_about_to_go_on_from_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, run_id = tmp_path / "runs", "20251009-080000-aaaaaa"
    with closing(RecordSink(runs)) as sink:
        sink.accept(RunStarted(run_id=run_id, experiment="train", config={}, seq=0))
        sink.accept(RunFinished(outcome="stopped", detail="", seq=1))
    words = ["resume", run_id, "--runs-dir", str(runs)]
    with resuming.claimed(runs, run_id):
        for how in ("--detach", "--headless"):
            assert main([*words, how]) == 2
            assert f"about to go on from run {run_id}" in capsys.readouterr().err
