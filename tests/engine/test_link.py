"""The links: one contract for a run in this process and for one in an engine process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import EXPERIMENTS, FOREVER
from link_news import check_whole, events, launch, until

from engine.config import RunConfig
from engine.controls import Extend, Pause, Report, Resume, Stop
from engine.events import (
    AnyEvent,
    ControlApplied,
    RunFinished,
    RunStarted,
    StepsMeasured,
)
from engine.link import Fetched, News, Progress, Refused, RunLink
from engine.local_link import LocalLink
from engine.process_link import ProcessLink
from engine.store.layout import LOG

pytestmark = pytest.mark.usefixtures("own_place")
ENDLESS = RunConfig(epochs=FOREVER)


def process_link(runs: Path) -> RunLink:
    return ProcessLink(runs, launch=launch)


def local_link(runs: Path) -> RunLink:
    def fetch(data: str, data_dir: str, report: Report) -> None:
        report(f"{data} to {data_dir}", 1, 1)

    return LocalLink(EXPERIMENTS, runs=runs, fetch=fetch)


Make = Callable[..., RunLink]


@pytest.fixture(params=[process_link, local_link])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes links of one kind, which are closed afterwards."""
    made: list[RunLink] = []

    def one() -> RunLink:
        made.append(request.param(tmp_path / "runs"))
        return made[-1]

    yield one
    for link in made:
        link.close()


@pytest.fixture
def link(make: Make) -> RunLink:
    return make()


def test_a_run_from_its_start_to_its_end(link: RunLink) -> None:
    link.start(RunConfig(epochs=50, lr=0.25))
    news: list[News] = []
    until(link, RunFinished, after=news)
    check_whole(events(news))
    steps = [event.first_step for event in events(news) if isinstance(event, StepsMeasured)]
    assert steps == list(range(1, 51))
    assert Progress("preparing", 1, 2) in news
    assert events(news)[0].config == {"lr": 0.25}  # type: ignore[union-attr]
    assert link.drain() == []


def test_requests_reach_the_run_and_are_echoed(link: RunLink) -> None:
    link.start(ENDLESS)
    until(link, StepsMeasured)
    for number, control in enumerate(
        [Pause(request=0), Resume(request=1), Extend(epochs=2, request=2), Stop(request=3)]
    ):
        link.send(control)
        assert until(link, ControlApplied).request == number
    assert until(link, RunFinished).outcome == "stopped"


def test_without_a_run_a_request_does_nothing(link: RunLink) -> None:
    link.send(Pause())
    link.start(RunConfig(epochs=1))
    news: list[News] = []
    until(link, RunFinished, after=news)
    assert not any(isinstance(item, ControlApplied) for item in news)


def test_runs_that_replace_each_other_come_whole_and_in_order(link: RunLink) -> None:
    news: list[News] = []
    for _ in range(5):
        link.start(ENDLESS)
        until(link, RunStarted, after=news)
    link.send(Stop(reason="enough"))
    while sum(isinstance(item, RunFinished) for item in news) < 5:
        until(link, RunFinished, after=news)
    runs: list[list[AnyEvent]] = []
    for event in events(news):
        if isinstance(event, RunStarted):
            runs.append([])
        runs[-1].append(event)
    for run in runs:
        check_whole(run)
    details = [run[-1].detail for run in runs]  # type: ignore[union-attr]
    assert details == ["replaced by a new run"] * 4 + ["enough"]


def test_the_newest_of_many_starts_wins(link: RunLink) -> None:
    for lr in (0.1, 0.2, 0.3):
        link.start(RunConfig(epochs=FOREVER, lr=lr))
    while until(link, RunStarted).config != {"lr": 0.3}:
        pass
    link.send(Stop())
    assert until(link, RunFinished).outcome == "stopped"


def test_a_preparation_is_told_of_and_gives_way(link: RunLink) -> None:
    link.start(RunConfig(), experiment="preparing")
    assert until(link, Progress).text in ("downloading", "loading torch")
    link.start(RunConfig(), experiment="preparing")
    assert until(link, Progress)


@pytest.mark.parametrize(
    ("experiment", "why"),
    [("refusing", "no such file"), ("broken", "nobody foresaw"), ("none", "no experiment")],
)
def test_what_cannot_run_is_refused(link: RunLink, experiment: str, why: str) -> None:
    link.start(RunConfig(), experiment=experiment)
    assert why in until(link, Refused).text


def test_one_link_runs_one_experiment_after_another(link: RunLink) -> None:
    link.start(RunConfig(epochs=1))
    assert until(link, RunStarted).experiment == "train"
    until(link, RunFinished)
    link.start(RunConfig(), experiment="failing")
    assert until(link, RunStarted).experiment == "failing"
    assert until(link, RunFinished).outcome == "failed"


def test_a_run_that_fails_says_how(link: RunLink) -> None:
    link.start(RunConfig(), experiment="failing")
    news: list[News] = []
    assert until(link, RunFinished, after=news).detail == "ZeroDivisionError: in the middle"
    check_whole(events(news))


def test_going_on_from_what_is_not_there(link: RunLink) -> None:
    link.start(RunConfig(), continues="gone")
    assert "run gone has no readable log" in until(link, Refused).text


def test_closing_ends_the_run_and_may_be_repeated(make: Make, tmp_path: Path) -> None:
    link = make()
    link.start(ENDLESS)
    until(link, RunStarted)
    link.close()
    link.close()
    (run,) = (tmp_path / "runs").iterdir()
    assert b'"type":"run_finished"' in (run / LOG).read_bytes().splitlines()[-1]


def test_data_is_fetched_to_where_the_last_run_looked(tmp_path: Path) -> None:
    link = local_link(tmp_path)
    link.start(RunConfig(data_dir="there", epochs=1))
    until(link, RunFinished)
    link.fetch("mnist")
    assert until(link, Progress).text == "mnist to there"
    assert until(link, Fetched) == Fetched("mnist")
    link.close()


def test_runs_in_memory_leave_nothing_and_cannot_be_gone_on_from(tmp_path: Path) -> None:
    link = LocalLink(EXPERIMENTS)
    link.start(RunConfig(epochs=3))
    run = until(link, RunStarted)
    until(link, RunFinished)
    link.start(RunConfig(), continues=run.run_id)
    refused = until(link, Refused)
    assert ("was not recorded" in refused.text, refused.what) == (True, "run")
    link.fetch("mnist")
    refused = until(link, Refused)
    assert ("cannot be fetched" in refused.text, refused.what) == (True, "fetch")
    link.close()
    assert list(tmp_path.iterdir()) == []
