"""``mlp-tui attach`` up to its screen."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cli import exits
from cli.main import main
from engine.events import RunStarted
from engine.experiments import named
from engine.store.layout import VARIABLE
from engine.store.record import RecordSink
from tui.app import DashboardApp, Opening
from tui.replay.no_link import NoLink


@pytest.fixture
def screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[DashboardApp]:
    """The apps that were run; nothing is drawn, and every engine answers."""
    run: list[DashboardApp] = []

    def ran(app: DashboardApp) -> None:
        run.append(app)

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr("cli.dashboard.no_screen", lambda: "")
    monkeypatch.setattr("engine.process_link.attached", lambda runs, run_id: NoLink())
    monkeypatch.setattr(DashboardApp, "run", ran)
    return run


def begun(runs: Path, experiment: str, config: msgspec.Struct) -> RecordSink:
    """The record of a run under way."""
    sink = RecordSink(runs, address="/run/engine.socket")
    told = msgspec.to_builtins(config)
    sink.accept(RunStarted(run_id="r1", experiment=experiment, config=told, time=1.0))
    return sink


def test_a_run_of_an_experiment_is_shown_in_the_laboratory(
    tmp_path: Path, screens: list[DashboardApp]
) -> None:
    settings = named("explosion").config(seed=7)
    with closing(begun(tmp_path, "explosion", settings)):
        assert main(["attach"]) == exits.COMPLETED
    (app,) = screens
    assert app._opening == Opening("explosion", settings)
    assert not app._autostart


def test_a_run_of_training_is_shown_on_the_dashboard(
    tmp_path: Path, screens: list[DashboardApp]
) -> None:
    settings = named("train").config(seed=7)
    with closing(begun(tmp_path, "train", settings)):
        assert main(["attach"]) == exits.COMPLETED
    (app,) = screens
    assert (app._opening, app._autostart, app.hub.config) == (None, False, settings)
