"""``mlp-tui replay`` up to its screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import dashboard, exits, replay
from cli.main import main
from engine.errors import BadInput
from engine.events import RunFinished, RunStarted
from engine.store.layout import VARIABLE
from engine.store.record import RecordSink
from tui.app import DashboardApp, Replay


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> list[DashboardApp]:
    """The apps that were run; nothing is drawn."""
    run: list[DashboardApp] = []
    monkeypatch.setattr("cli.dashboard.no_screen", lambda: "")

    def ran(app: DashboardApp) -> None:
        run.append(app)

    monkeypatch.setattr(DashboardApp, "run", ran)
    return run


def recorded(runs: Path, run_id: str, experiment: str = "train", time: float = 1.0) -> None:
    sink = RecordSink(runs)
    sink.accept(RunStarted(seq=0, time=time, run_id=run_id, experiment=experiment, config={}))
    sink.accept(RunFinished(seq=1, time=time + 1, outcome="completed", detail=""))
    sink.close()


@pytest.mark.parametrize(
    ("words", "opened"),
    [([], "20250102-000000-bbbbbb"), (["20250101"], "20250101-000000-aaaaaa")],
)
def test_the_run_that_is_meant_is_opened(
    runs: Path, screens: list[DashboardApp], words: list[str], opened: str
) -> None:
    recorded(runs, "20250101-000000-aaaaaa", time=1.0)
    recorded(runs, "20250102-000000-bbbbbb", time=2.0)
    assert main(["replay", *words]) == exits.COMPLETED
    (app,) = screens
    assert isinstance(app._opening, Replay)
    assert app._opening.deck.run_id == opened


def test_another_directory_of_runs(tmp_path: Path, screens: list[DashboardApp]) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    recorded(other, "20250101-000000-aaaaaa")
    assert main(["replay", "--runs-dir", str(other)]) == exits.COMPLETED
    assert len(screens) == 1


@pytest.mark.usefixtures("runs")
def test_what_cannot_be_shown_is_one_sentence(
    runs: Path, screens: list[DashboardApp], capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(runs, "20250101-000000-aaaaaa", experiment="alchemy")
    for words, why in (
        (["2030"], "there is no run '2030'"),
        (["20250101"], "no experiment 'alchemy'"),
        (["--speed", "2"], "unknown flag '--speed'"),
    ):
        assert main(["replay", *words]) == exits.BAD_INPUT
        told = capsys.readouterr().err
        assert why in told and told.count("\n") == 1
    assert screens == []


@pytest.mark.usefixtures("runs")
def test_without_a_terminal_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.dashboard.no_screen", lambda: "the dashboard needs a terminal")
    with pytest.raises(BadInput, match="needs a terminal"):
        replay.main([])
    assert "mlp-tui replay" in dashboard.COMMANDS
