"""What a run without a screen leaves of its predictions."""

from __future__ import annotations

import io
from functools import reduce

import msgspec
import numpy as np
import pytest
from command_line import CommandLine
from rich.console import Console, Group

from cli.predictions import predictions
from engine import events
from tui.run_view import RunView, fold

NAMES = ("cat", "dog", "cow")
CONFUSION = ((80, 15, 5), (1, 98, 1), (30, 0, 70))


def view(told: events.PredictionsMeasured, names: tuple[str, ...] = NAMES) -> RunView:
    dataset = events.DatasetInfo("x", 1, 300, 4, names, (2, 2), "", "")
    started = events.RunStarted(run_id="r", experiment="train", config={}, dataset=dataset)
    return reduce(lambda seen, event: fold(event, seen), (started, told), RunView())


def measured(confusion: tuple[tuple[int, ...], ...] = CONFUSION) -> events.PredictionsMeasured:
    image = events.Picture(2, 2, bytes((0, 255, 255, 0)))
    return events.PredictionsMeasured(
        step=9,
        examples=300,
        correct=248,
        confusion=confusion,
        confused=(events.Confused(2, 0, 30), events.Confused(0, 1, 15)),
        shown=(),
        mistakes=(events.Prediction(5, 2, 0, 0.97, 3.5, image),),
    )


def printed(told: events.PredictionsMeasured, width: int = 80, **options: object) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, **options)  # type: ignore[arg-type]
    console.print(Group(*predictions(view(told), told)))
    return file.getvalue()


def test_every_class_with_its_counts_recall_and_precision() -> None:
    lines = printed(measured()).splitlines()
    assert lines[0] == "predictions: 82.7% of 300 test examples right at step 9"
    rows = [line.split() for line in lines if line.startswith(NAMES)]
    assert rows == [
        ["cat", "80", "15", "5", "80.0%", "72.1%"],
        ["dog", "1", "98", "1", "98.0%", "86.7%"],
        ["cow", "30", "0", "70", "70.0%", "92.1%"],
    ]
    assert lines[-2] == "most often confused: cow → cat 30 of 100 · cat → dog 15 of 100"


def test_where_the_matrix_does_not_fit_the_shares_stay() -> None:
    lines = printed(measured(), width=24).splitlines()
    assert [line.split() for line in lines if line.startswith("cat")] == [["cat", "80.0%", "72.1%"]]
    many = tuple(tuple(7 if i == j else 0 for j in range(13)) for i in range(13))
    assert "0" not in printed(measured(many), width=400).replace("100.0%", "").split()


def test_very_many_classes_are_told_by_their_mistakes() -> None:
    text = printed(msgspec.structs.replace(measured(), confusion=()))
    assert "recall" not in text
    assert "most often confused: cow → cat 30 times · cat → dog 15 times" in text


def test_pictures_stand_on_a_terminal_with_colours_and_words_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    colours = {"force_terminal": True, "color_system": "truecolor"}
    text = printed(measured(), **colours)
    assert "48;2;255;255;255m" in text.partition("worst mistakes")[2]
    assert " ".join(text.split()).endswith("cow → cat 97% 3.50")
    monkeypatch.setenv("NO_COLOR", "")
    for plain in (printed(measured()), printed(measured(), **colours)):
        assert "48;2;255" not in plain
        assert plain.splitlines()[-1].endswith("loss): cow → cat 97% 3.50")


def test_nothing_wrong_leaves_nothing_confused() -> None:
    right = events.PredictionsMeasured(
        step=1, examples=4, correct=4, confusion=((2, 0), (0, 2)), shown=(), mistakes=()
    )
    assert "confused" not in printed(right)
    none = msgspec.structs.replace(right, examples=0, correct=0, confusion=((0, 0), (0, 0)))
    assert printed(none).startswith("predictions: no test examples at step 1")


def test_a_run_says_it_in_its_summary_and_among_its_json_lines(
    command: CommandLine,
) -> None:
    _, out, _ = command.run(*command.train("--epochs", "1"))
    assert "of 256 test examples right at step" in out
    assert "most often confused: " in out
    _, out, _ = command.run(*command.train("--epochs", "1", "--json"))
    told = command.events_in(out)
    assert [event["type"] for event in told][-3:-1] == ["predictions_measured", "checkpoint_saved"]
    confusion = np.array(told[-3]["confusion"])
    assert confusion.shape == (2, 2)
    accuracy = [e["test_accuracy"] for e in told if e["type"] == "epoch_finished"][-1]
    assert confusion.trace() / confusion.sum() == accuracy
