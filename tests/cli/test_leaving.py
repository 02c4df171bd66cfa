"""What becomes of the engine when its screen is over, however that comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli import dashboard
from engine.config import RunConfig
from engine.events import RunStarted
from engine.link import News
from tui.app import DashboardApp
from tui.replay.no_link import NoLink
from tui.signals import HUNG_UP, INTERRUPTED

RUN = RunStarted(run_id="20251009-085320-3f9a1c", experiment="train", config={}, time=1.0)
CRASHED = 1


class Engine(NoLink):
    """A link to a run that has just begun; it remembers how it was left."""

    can_detach = True

    def __init__(self, *news: News) -> None:
        super().__init__()
        self.news = [*news]
        self.left: list[str] = []

    def drain(self, budget: float = 0.008) -> list[News]:
        news, self.news = self.news, []
        return news

    def detach(self) -> None:
        self.left.append("detached")

    def close(self) -> None:
        self.left.append("closed")


def dies(app: DashboardApp) -> None:
    raise RuntimeError("a driver's own fault")


def fails(app: DashboardApp) -> None:
    app.exit(return_code=CRASHED)  # as Textual does after an exception that it has shown


def told_to_end(app: DashboardApp) -> None:
    app.leave(INTERRUPTED)


def hung_up(app: DashboardApp) -> None:
    app.leave(HUNG_UP)


def detaches(app: DashboardApp) -> None:
    app.do_detach()


def stops(app: DashboardApp) -> None:
    app.asked_to_end = True  # as the answer to the question makes it
    app.leave(0)


End = Callable[[DashboardApp], None]


def left(
    end: End, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, run: bool, visitor: bool
) -> list[str]:
    """What the link was told after a screen that ends so."""

    def ran(app: DashboardApp) -> None:
        app.hub.poll()
        end(app)

    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path))
    monkeypatch.setattr(DashboardApp, "run", ran)
    link = Engine(*([RUN] if run else []))
    try:
        dashboard.show(link, RunConfig(), visitor=visitor)
    except RuntimeError:
        assert end is dies
    return link.left


@pytest.mark.parametrize(
    ("end", "visitor", "launcher"),
    [
        (dies, "detached", "detached"),
        (fails, "detached", "detached"),
        (told_to_end, "detached", "closed"),
        (hung_up, "detached", "detached"),
        (detaches, "detached", "detached"),
        (stops, "closed", "closed"),
    ],
)
def test_a_run_ends_with_a_screen_by_a_persons_word_or_a_launchers_signal_alone(
    end: End, visitor: str, launcher: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert left(end, monkeypatch, tmp_path, run=True, visitor=True) == [visitor]
    assert left(end, monkeypatch, tmp_path, run=True, visitor=False) == [launcher]


@pytest.mark.parametrize("end", [dies, fails, told_to_end])
def test_no_idle_engine_stays_behind_the_screen_that_launched_it(
    end: End, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert left(end, monkeypatch, tmp_path, run=False, visitor=False) == ["closed"]
    assert left(end, monkeypatch, tmp_path, run=False, visitor=True) == ["detached"]


@pytest.mark.parametrize("end", [dies, fails])
def test_a_screen_that_has_failed_tells_how_to_come_back(
    end: End,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left(end, monkeypatch, tmp_path, run=True, visitor=False)
    assert f"mlp-tui attach {RUN.run_id}" in capsys.readouterr().err
    left(told_to_end, monkeypatch, tmp_path, run=True, visitor=False)
    assert capsys.readouterr().err == ""
