"""The sink of JSON lines: whole lines, and a quiet end when nobody reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli.json_lines import JsonLines
from engine.events import EpochFinished, Noted, RunFinished


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def test_each_event_is_one_line_and_close_ends_the_stream() -> None:
    reader, writer = os.pipe()
    sink = JsonLines(writer, Counter())
    sink.accept(Noted(seq=0, text="a\nb"))
    sink.accept(RunFinished(seq=1, outcome="diverged", detail="NaN", step=3))
    sink.close()
    with os.fdopen(reader, "rb") as file:
        lines = [json.loads(line) for line in file]
    assert [(line["type"], line["seq"]) for line in lines] == [("noted", 0), ("run_finished", 1)]


def test_what_is_not_finite_is_a_string() -> None:
    reader, writer = os.pipe()
    sink = JsonLines(writer, Counter())
    sink.accept(
        EpochFinished(
            epoch=1,
            step=1,
            train_loss=float("nan"),
            train_accuracy=0.5,
            test_loss=float("inf"),
            test_accuracy=0.5,
            seconds=1.0,
            samples_per_second=-float("inf"),
        )
    )
    sink.close()
    with os.fdopen(reader, "rb") as file:
        (line,) = [json.loads(line, parse_constant=pytest.fail) for line in file]
    figures = [line[name] for name in ("train_loss", "test_loss", "samples_per_second")]
    assert figures == ["NaN", "Infinity", "-Infinity"]


def test_a_closed_pipe_is_told_once_and_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    told = Counter()
    sink = JsonLines(writer, told)
    sink.accept(Noted(text="a"))
    sink.accept(Noted(text="b"))
    sink.close()
    assert (told.calls, sink.failure) == (1, None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_failure() -> None:
    told = Counter()
    sink = JsonLines(os.open("/dev/full", os.O_WRONLY), told)
    sink.accept(Noted(text="a"))
    sink.close()
    assert told.calls == 1
    assert isinstance(sink.failure, OSError)
