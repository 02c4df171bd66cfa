"""Which experiment is under way, what stays of the others, and whose news are whose."""

from __future__ import annotations

import math

import msgspec
import pytest
import synthetic_run
from fake_experiment import BARE, EXPERIMENTS, GROWTH, GrowthSettings, run
from fake_link import FakeLink

from engine import controls, events
from engine.config import RunConfig
from engine.errors import BadInput
from engine.link import Fetched, Lost, Progress, Refused
from engine.schema import fields_of
from tui.hub import Hub
from tui.lab.state import SETTLING, Lab

FIELDS = {field.name: field for field in fields_of(GrowthSettings)}


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def hub(link: FakeLink) -> Hub:
    return Hub(link, RunConfig())


@pytest.fixture
def lab(link: FakeLink, hub: Hub) -> Lab:
    lab = Lab(link, EXPERIMENTS)
    hub.neighbour = lab
    return lab


def feed(hub: Hub, *news: object) -> None:
    assert isinstance(hub.link, FakeLink)
    hub.link.push(*news)  # type: ignore[arg-type]
    hub.poll()


def test_training_is_not_among_the_experiments(lab: Lab) -> None:
    assert list(lab.experiments) == [GROWTH.name, BARE.name]


def test_an_experiment_s_run_goes_to_its_result(lab: Lab, hub: Hub, link: FakeLink) -> None:
    lab.start("growth")
    assert link.experiments == [("growth", GrowthSettings())]
    assert lab.waiting("growth") and lab.working
    feed(hub, *run(upto=10, finish=""))
    assert lab.under_way == "growth"
    assert lab.results["growth"].view.advanced == events.Advanced(
        done=10, total=60, seq=lab.results["growth"].view.advanced.seq,  # type: ignore[union-attr]
        time=lab.results["growth"].view.advanced.time,  # type: ignore[union-attr]
    )  # fmt: skip
    assert hub.view.started is None
    feed(hub, *run()[-1:])
    assert not lab.working and lab.under_way == ""


def test_results_stay_when_another_experiment_runs(lab: Lab, hub: Hub) -> None:
    feed(hub, *run())
    feed(hub, *run(BARE.config(), experiment="bare-bones", upto=5, finish=""))
    assert lab.under_way == "bare-bones"
    assert len(lab.results["growth"].view.claims) == 2
    feed(hub, *synthetic_run.run(finish=""))
    assert lab.under_way == "" and hub.running
    assert lab.results["bare-bones"].view.finished is None
    assert len(hub.view.loss)


def test_a_held_key_s_last_value_wins(lab: Lab, link: FakeLink, hub: Hub) -> None:
    for _ in range(3):
        lab.turn("growth", FIELDS["sigma"], 1) if lab.results["growth"].config.sigma < 2 else None
        lab.turn("growth", FIELDS["law"], 1)
        lab.start("growth")
    assert len(link.experiments) == 1
    feed(hub, *run(upto=1, finish=""))
    for _ in range(SETTLING):
        lab.poll()
    assert [config.law for _, config in link.experiments] == ["uniform", "uniform"]  # type: ignore[attr-defined]
    assert link.experiments[-1][1].sigma == 2.0  # type: ignore[attr-defined]


def test_turning_stops_at_the_ladder_s_end(lab: Lab) -> None:
    assert lab.turn("growth", FIELDS["n"], -1) == "n 4 → 2"
    with pytest.raises(BadInput, match="n goes no further than 2"):
        lab.turn("growth", FIELDS["n"], -1)


def test_pace_is_kept_and_asked_for(lab: Lab, hub: Hub, link: FakeLink) -> None:
    assert lab.set_pace("growth", 1) == 50.0
    assert link.sent == []
    feed(hub, *run(upto=1, finish=""))
    lab.set_pace("growth", -1)
    assert link.sent == [controls.SetPace(steps_per_second=20.0, request=1)]
    with pytest.raises(BadInput, match="as fast as it can"):
        lab.set_pace("bare-bones", 1)


def test_a_pause_shows_at_once_and_the_run_s_word_counts_again(lab: Lab, hub: Hub) -> None:
    feed(hub, *run(upto=1, finish=""))
    assert lab.toggle_pause("growth") and lab.paused("growth")
    refused = events.ControlApplied(step=1, what="pause", note="too late", request=1)
    feed(hub, refused)
    assert not lab.paused("growth")


def test_a_refusal_is_the_starter_s(lab: Lab, hub: Hub) -> None:
    lab.start("growth")
    feed(hub, Progress("compiling", 1, 2))
    assert lab.progress and hub.status.progress is None
    feed(hub, Refused("too many numbers"))
    assert lab.results["growth"].refused == "too many numbers"
    assert not lab.working and not hub.status.refused
    feed(hub, Refused("no such file"))
    assert hub.status.refused == "no such file"


def test_a_lost_engine_concerns_everybody(lab: Lab, hub: Hub) -> None:
    feed(hub, *run(upto=1, finish=""))
    feed(hub, Lost("killed"))
    assert lab.lost == hub.status.lost == "killed"
    assert not lab.working
    lab.start("growth")
    assert lab.lost == "" and lab.working


def test_what_a_lost_engine_left_is_not_under_way_again(lab: Lab, hub: Hub) -> None:
    feed(hub, *run(upto=1, finish=""))
    feed(hub, Lost("killed"))
    lab.start("bare-bones")
    assert lab.under_way == "" and not lab.running("growth")
    feed(hub, Refused("there is no room"))
    assert not lab.working


def test_who_starts_a_run_takes_the_other_s_place(lab: Lab, hub: Hub) -> None:
    hub.switch(RunConfig())
    assert hub.working
    hub.stand_aside()
    lab.start("growth")
    assert not hub.working and lab.working
    for _ in range(SETTLING):
        hub.poll()
    hub.switch(RunConfig())
    assert hub.working and not lab.working


def test_a_download_ends_at_the_dashboard(lab: Lab, hub: Hub) -> None:
    feed(hub, *run())
    feed(hub, Fetched("mnist"))
    assert hub.config.data == "mnist"


def test_the_time_left_follows_the_last_seconds(lab: Lab, hub: Hub) -> None:
    feed(hub, *run(upto=20, finish=""))
    speed = lab.results["growth"].speed
    # Each step brings three events of 0.05 s.
    assert speed.seconds_left(60) == pytest.approx(40 * 0.15)
    feed(hub, events.ControlApplied(step=20, what="pause", before="running", after="paused"))
    assert math.isnan(lab.results["growth"].speed.seconds_left(60))


def test_settings_survive_a_run(lab: Lab, hub: Hub) -> None:
    chosen = msgspec.structs.replace(GrowthSettings(), n=8)
    lab.configure("growth", chosen)
    feed(hub, *run(chosen))
    assert lab.results["growth"].config == chosen
