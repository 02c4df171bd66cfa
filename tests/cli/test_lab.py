"""``mlp-tui lab``: the catalogue, the flags, and experiments without a screen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_experiments import ESCAPE, FakeSettings, fake, tell

from cli import exits, lab
from cli.flags import given
from cli.settings import full_pace, typed_config
from engine.config import RunConfig
from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, RunFinished
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.schema import fields_of, spell

EXPERIMENT_IDS = [experiment.name for experiment in EXPERIMENTS]
OPTIONS = {"check", "config", "headless", "json", "list", "print_config", "progress", "quiet",
           "runs_dir"}  # fmt: skip


class Screen:
    """What a screen was opened with."""

    def __init__(self) -> None:
        self.opened: list[tuple[str | None, Any]] = []

    def __call__(self, config: RunConfig, *, lab: str | None = None, settings: Any = None) -> int:
        self.opened.append((lab, settings))
        return 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Standard streams pass for a terminal; the screen is a fake."""
    screen = Screen()
    monkeypatch.setattr("cli.lab.no_screen", lambda: "")
    monkeypatch.setattr("cli.lab.open_app", screen)
    return screen


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs are recorded."""
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())


@pytest.mark.parametrize("words", [[], ["--list"]])
def test_without_a_terminal_the_catalogue_is_text(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    training = fake("train")
    assert lab.main(words, [training, fake("one"), fake("two")]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[:4] == ["one", "    Is one one?", "    numbers ticking", "    no time"]
    assert "\ntwo\n" in out
    assert "train" not in out


def test_on_a_terminal_the_catalogue_is_a_screen_unless_listed(
    terminal: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main([], [fake()]) == 0
    assert lab.main(["--list"], [fake()]) == 0
    assert terminal.opened == [("", None)]
    assert capsys.readouterr().out.startswith("fake\n")


def test_on_a_terminal_an_experiment_opens_with_its_own_pace(terminal: Screen) -> None:
    assert lab.main(["fake", "--steps", "7"], [fake()]) == 0
    assert terminal.opened == [("fake", FakeSettings(steps=7))]


@pytest.mark.parametrize("word", ["--headless", "--quiet", "--progress=lines"])
def test_on_a_terminal_some_flags_ask_for_no_screen(
    word: str, terminal: Screen, runs: Path
) -> None:
    assert lab.main(["fake", word], [fake()]) == 0
    assert terminal.opened == []
    assert len(list(runs.iterdir())) == 1


def test_training_is_an_experiment_of_the_lab_once_it_has_checks() -> None:
    assert list(lab.catalogue([fake("train"), fake("one")])) == ["one"]
    assert list(lab.catalogue([fake("train", FakeSettings())])) == ["train"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["faek"], "unknown experiment 'faek'; did you mean 'fake'? (mlp-tui lab --list"),
        (["--lst"], "unknown flag '--lst'; did you mean '--list'? (see mlp-tui lab --help)"),
        (["fake", "--step", "3"], "unknown flag '--step'; did you mean '--steps'?"),
        (["fake", "--steps", "0"], "--steps: steps = 0 must be ≥ 1"),
        (["fake", "--check", "--steps", "3"], "--check has settings of its own: leave --steps out"),
        (["all", "--steps", "3"], "unknown flag '--steps'"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        lab.main(words, [fake()])
    assert sentence in str(caught.value)


def test_names_are_read_as_people_write_them() -> None:
    known = {"relu-vs-sigmoid": fake("relu-vs-sigmoid")}
    assert lab.chosen(known, "ReLU_vs_sigmoid") == "relu-vs-sigmoid"


def test_help_tells_question_lesson_and_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        lab.main(["fake", "--help"], [fake()])
    assert left.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    for shown in ("Is fake one?", "that 100 % of it is two", "numbers ticking", "--steps N",
                  "[default: 20]", exits.described()):  # fmt: skip
        assert shown in out


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=EXPERIMENT_IDS)
def test_every_setting_of_every_experiment_is_a_flag(experiment: Experiment) -> None:
    parser = lab.experiment_parser(experiment)
    defaults = experiment.config()
    fields = fields_of(experiment.config)
    assert not OPTIONS & {field.name for field in fields}
    words = [f"{f.flag}={spell(f, getattr(defaults, f.name))}" for f in fields]
    options = parser.read(words)
    assert set(given(options, experiment.config)) == {field.name for field in fields}
    assert typed_config(options, experiment.config, {}) == defaults
    assert experiment.question in " ".join(parser.format_help().split())


def test_full_pace_is_for_those_that_have_one() -> None:
    assert full_pace(FakeSettings) == {"pace": 0.0}
    assert all(value == 0.0 for e in EXPERIMENTS for value in full_pace(e.config).values())


def test_a_run_ends_in_tables_grids_claims_and_what_came_out(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main(["fake", "--measured", "1.005"], [fake()]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert "steps 20" in lines[0]
    assert "note" not in lines[0]
    assert "pace full" in lines[0]
    assert ["pace", "0"] in [line.split() for line in lines]
    assert ["r1", "0.125", "2.00"] in [line.split() for line in lines]
    assert "large: 60 × 50 values from 0 to 59.0" in lines
    (row,) = [line for line in lines if "it is one" in line]
    assert row.split() == ["✓", "it", "is", "one", "1.00", "1.00", "±", "0.0100", "Peano"]
    assert "1 of 1 claims hold" in lines
    assert "completed: it came out as it had to" in lines
    (directory,) = runs.iterdir()
    assert lines[-1] == f"record: {directory}"
    assert captured.err.splitlines()[-1] == "fake step 20/20"
    assert not set("\x1b\x07") & set(captured.out)


def test_a_pace_that_was_asked_for_is_kept(
    runs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "slow.toml"
    file.write_text("pace = 25.0\nsteps = 3\n")
    for words in (["--pace", "25"], ["--config", str(file)]):
        assert lab.main(["fake", *words], [fake()]) == 0
        assert "pace 25" in capsys.readouterr().out.splitlines()[0]


def test_settings_are_printed_as_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["fake", "--print-config", "--steps", "3"], [fake()]) == 0
    assert "\nsteps = 3\n" in capsys.readouterr().out


def test_a_claim_that_does_not_hold_is_shown_and_is_no_failure_of_the_run(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.main(["fake", "--measured", "2"], [fake()]) == 0
    out = capsys.readouterr().out
    assert "✗ it is one" in out
    assert "0 of 1 claims hold" in out


def test_all_goes_on_past_what_fails_and_ends_with_the_worst(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab_of_four = [
        fake("first", run=_failing),
        fake("second", run=_refusing),
        fake("third"),
        fake("fourth"),
    ]
    assert lab.main(["all"], lab_of_four) == exits.FAILED
    captured = capsys.readouterr()
    assert captured.out.count("completed: it came out as it had to") == 2
    assert "fourth (4 of 4)" in captured.out
    assert "mlp-tui: it broke" in captured.err
    assert "mlp-tui: second: there is no data" in captured.err
    assert len(list(runs.iterdir())) == 3
    assert lab.main(["all", "--quiet"], lab_of_four[2:]) == exits.COMPLETED
    assert capsys.readouterr() == ("", "")


def test_a_signal_ends_them_all(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["all"], [fake("first", run=_interrupted), fake("second")]) == 130
    assert "second" not in capsys.readouterr().out


def _failing(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    for event in tell(config, controls):
        failed = RunFinished(outcome="failed", detail="it broke")
        yield failed if isinstance(event, RunFinished) else event


def _refusing(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    raise BadInput("there is no data")
    yield


def _interrupted(config: Any, controls: Controls, start: None = None) -> Iterator[Event]:
    for event in tell(config, controls):
        ended = RunFinished(outcome="interrupted", detail="ended by SIGINT")
        yield ended if isinstance(event, RunFinished) else event


def test_what_an_experiment_says_stays_text(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["fake", "--note", f"[red]{ESCAPE}"], [fake()]) == 0
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "[red]" in out
    assert not set("\x1b\x07") & set(out)
