"""A recorded run on screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import synthetic_run
from driving import Driver, dashboard
from fake_experiment import EXPERIMENTS as FAKES
from fake_experiment import run as growth_run
from replay_bench import Clock, record, replay
from shown_experiment import SHOWN, shown_run

from engine import events
from engine.controls import Pause
from engine.errors import BadInput
from engine.events import CheckpointSaved, Noted
from engine.experiments import EXPERIMENTS
from engine.link import Refused
from engine.store.layout import LOG
from tui.keymap import RECORDED, RECORDING
from tui.replay.deck import COMMANDS, Deck
from tui.replay.no_link import NO_ENGINE, NoLink
from tui.screens.lab import LabScreen
from tui.screens.layer import LayerScreen
from tui.screens.predictions import PredictionsScreen

RUN = synthetic_run.run()
UNFINISHED = synthetic_run.run(finish="", epochs=3)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path


async def test_it_opens_at_the_end_as_the_run_was(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        shown = stage.text()
        assert "completed" in shown and "10 epochs: train loss 0.384" in shown
        assert "100%" in stage.text("#scrub") and "‖" in stage.text("#scrub")
        assert "for ten more epochs" not in shown  # there is nothing to press for


async def test_arrows_go_back_and_on_and_are_answered_at_once(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        await stage.press(*["left"] * 20)
        assert "80%" in stage.text("#scrub")  # no poll has passed
        there = stage.deck.player.view
        assert "running" in stage.text("#header")
        assert f"step {there.step:,}/2,350" in stage.text("#header") and there.step < 2000
        assert len(stage.app.shown_board.query_one("#loss").chart.curves[0].series) == 2350  # type: ignore[attr-defined]
        await stage.pass_by()
        assert len(stage.app.shown_board.query_one("#loss").chart.curves[0].series) == there.step  # type: ignore[attr-defined]
        await stage.press("right")
        assert "81%" in stage.text("#scrub")
        for key, epoch in (("[", 8), ("[", 7), ("]", 8)):
            await stage.press(key)
            assert stage.deck.player.view.epoch == epoch
            assert f"epoch {epoch}/10" in stage.text("#header")
        await stage.press("home")
        assert stage.at == 1 and "0%" in stage.text("#scrub")
        await stage.press("end")
        assert stage.at == len(RUN)


async def test_it_plays_holds_and_goes_faster(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        total = stage.deck.player.total
        await stage.press("space")
        assert "▶" in stage.text("#scrub") and "hold" in stage.text("#keys")
        await stage.pass_by(total / 4)
        assert "25%" in stage.text("#scrub")
        await stage.press("+")
        assert "2×" in stage.text("#scrub")
        await stage.pass_by(total / 4)
        assert "75%" in stage.text("#scrub")
        await stage.press("space")
        await stage.pass_by(total)
        assert "75%" in stage.text("#scrub") and "play" in stage.text("#keys")
        await stage.press("-", "-", "space")
        await stage.pass_by(total)
        assert stage.at == len(RUN) and "completed" in stage.text("#header")


async def test_nothing_is_steered_or_started(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        before = stage.deck.hub.config
        for key in ("i", "a", "d", "w", "r", "e", "n", "s", "c", "f", "1", "3", "b", "v"):
            await stage.press(key)
            assert RECORDED in stage.text("#log"), key
            assert stage.app.screen is stage.app.shown_board
            await stage.press("l")  # says something else
        assert stage.deck.hub.config is before
        assert not stage.deck.hub.awaiting


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_leaving_asks_nothing(runs: Path, key: str) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        await stage.press(key)
        assert stage.app._exit


async def test_the_palette_and_the_help_know_its_keys(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        titles = {c.title for c in stage.app.get_system_commands(stage.app.screen)}
        assert all(f"{action.label}: {action.help}" in titles for action in RECORDING)
        assert set(COMMANDS) == {action.id for action in RECORDING}
        await stage.press("?")
        assert "a run that is replayed" in stage.text()


async def test_a_layer_and_the_predictions_are_of_the_moment_and_ask_nobody(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        await stage.press("[", "enter")
        assert isinstance(stage.app.screen, LayerScreen)
        await stage.press("home")
        await stage.pass_by()
        assert stage.at == 1
        await stage.press("escape", "p")
        assert isinstance(stage.app.screen, PredictionsScreen)
        await stage.press("escape")
        assert stage.app.screen is stage.app.shown_board


async def test_the_whole_past_of_a_run_is_there(runs: Path) -> None:
    first = synthetic_run.run(run_id="20251009-085320-aaaaaa", epochs=4)
    record(runs, first)
    second = synthetic_run.run(run_id="20251009-085321-bbbbbb", epochs=4)
    started = msgspec.structs.replace(
        second[0], continues="20251009-085320-aaaaaa", first_step=940, total_steps=1880
    )
    more = [
        msgspec.structs.replace(event, first_step=event.first_step + 940)
        for event in second
        if isinstance(event, events.StepsMeasured)
    ]
    said = [msgspec.structs.replace(e, seq=seq) for seq, e in enumerate([started, *more])]
    run_id, _ = record(runs, said)
    async with replay(runs, run_id) as stage:
        assert "step 1,880/1,880" in stage.text("#header")
        assert len(stage.deck.player.view.loss) == 1880
        await stage.press("home")
        assert stage.deck.player.view.run_id == "20251009-085320-aaaaaa"


async def test_a_run_that_goes_on_is_followed_and_left_alone(runs: Path) -> None:
    run_id, sink = record(runs, UNFINISHED, close=False)
    async with replay(runs, run_id) as stage:
        assert "live" in stage.text("#scrub") and "running" in stage.text("#header")
        sink.accept(Noted(seq=len(UNFINISHED), time=synthetic_run.START + 99, text="still here"))
        await stage.pass_by()
        assert "still here" in stage.text("#log")
        await stage.press("left", "space")
        sink.accept(Noted(seq=len(UNFINISHED) + 1, time=synthetic_run.START + 99.5, text="and on"))
        await stage.pass_by()
        assert "and on" not in stage.text("#log") and "live" in stage.text("#scrub")
        await stage.press("end")
        await stage.pass_by()
        assert "and on" in stage.text("#log")
        sink.close()
        await stage.pass_by(5.0)
        await stage.pass_by(5.0)
        assert "crashed" in stage.text("#header") and "live" not in stage.text("#scrub")


async def test_what_was_lost_of_the_record_is_said(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    log = runs / run_id / LOG
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    async with replay(runs, run_id) as stage:
        assert "1 lost" in stage.text("#scrub")
        await stage.press("[", "[", "home", "end")
        assert "completed" in stage.text("#header")


async def test_a_record_that_goes_away_ends_the_reading_and_not_the_screen(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    clock = Clock()
    deck = Deck(runs, run_id, EXPERIMENTS, clock)
    (runs / run_id / LOG).unlink()
    while not deck.player.opened:
        deck.poll()
    assert "No such file" in deck.player.scrub.trouble


async def test_a_record_that_was_removed_is_said_and_what_is_known_stays(runs: Path) -> None:
    run_id, _ = record(runs, RUN)
    async with replay(runs, run_id) as stage:
        total = stage.deck.player.total
        shutil.rmtree(runs / run_id)
        for key in ("home", "space"):
            await stage.press(key)
            await stage.pass_by(3 * total)
            assert "The record cannot be read any more" in stage.text("#panel")
            assert "No such file" in stage.text("#panel")
            assert "completed" in stage.text("#header") and "‖" in stage.text("#scrub")
            assert "step 2,350/2,350" in stage.text("#header")


async def test_a_removed_experiment_is_said_as_well(runs: Path) -> None:
    run_id, _ = record(runs, growth_run())
    async with replay(runs, run_id, experiments=FAKES) as stage:
        shutil.rmtree(runs / run_id)
        await stage.press("home")
        await stage.pass_by()
        assert "The record cannot be read any more" in stage.text()


class TestAboveALiveRun:
    @pytest.fixture
    def recorded(self, monkeypatch: pytest.MonkeyPatch, runs: Path) -> str:
        monkeypatch.setenv("MLP_TUI_RUNS", str(runs))
        return record(runs, RUN)[0]

    async def opened(self, driver: Driver, run_id: str) -> None:
        await driver.feed(synthetic_run.run(run_id="20251009-085999-cccccc", epochs=2, finish=""))
        driver.app.open_recording(run_id)
        await driver.pilot.pause()
        deck = driver.app.recordings.deck
        assert deck
        while not deck.player.opened:
            driver.app.tick()
        driver.app.draw()
        await driver.pilot.pause()

    async def test_the_live_run_goes_on_beneath(self, recorded: str) -> None:
        async with dashboard() as driver:
            await self.opened(driver, recorded)
            assert "completed" in driver.app.shown_board.query_one("#header")._info.state  # type: ignore[attr-defined]
            await driver.press("left", "space", "+", "i", "r")
            assert driver.link.sent == [] and len(driver.link.starts) == 1
            more = events.StepsMeasured(first_step=471, loss=(0.5,), accuracy=(0.5,), lr=0.1)
            await driver.feed([more])
            assert driver.app.hub.view.step == 471
            await driver.press("escape")
            assert driver.app.screen is driver.app.board
            driver.app.tick()
            assert driver.app.recordings.deck is None
            await driver.press("space")
            assert len(driver.link.sent) == 1  # the key steers again

    async def test_leaving_the_program_still_asks(self, recorded: str) -> None:
        async with dashboard() as driver:
            await self.opened(driver, recorded)
            await driver.press("q")
            assert type(driver.app.screen).__name__ == "QuitScreen"
            assert not driver.app._exit

    async def test_one_recording_takes_the_place_of_another(
        self, recorded: str, runs: Path
    ) -> None:
        other = synthetic_run.run(run_id="20251009-085320-dddddd", epochs=1)
        record(runs, other)
        async with dashboard() as driver:
            await self.opened(driver, recorded)
            driver.app.open_recording("20251009-085320-dddddd")
            await driver.pilot.pause()
            deck = driver.app.recordings.deck
            assert deck and deck.run_id.endswith("dddddd")
            await driver.press("escape")
            assert driver.app.recordings.deck is None


def test_what_cannot_be_shown_is_refused(runs: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        Deck(runs, "20251009-085320-eeeeee")
    for name, config, why in (
        ("alchemy", {}, "no experiment 'alchemy'"),
        ("train", {"lr": "x"}, "lr"),
    ):
        started = events.RunStarted(seq=0, run_id=f"r-{name}", experiment=name, config=config)
        run_id, _ = record(runs, [started])
        with pytest.raises(BadInput, match=why):
            Deck(runs, run_id)


def test_a_setting_that_is_gone_since_is_no_obstacle(runs: Path) -> None:
    config = {"lr": 0.5, "phlogiston": 3}
    started = events.RunStarted(seq=0, run_id="old", experiment="train", config=config)
    assert Deck(runs, record(runs, [started])[0]).hub.config.lr == 0.5


def test_a_recording_has_nobody_to_ask() -> None:
    link = NoLink()
    link.send(Pause())
    assert link.drain() == [] and not link.can_detach and link.unread == 0.0
    link.start()
    link.fetch("x")
    assert link.drain() == [Refused(NO_ENGINE), Refused(NO_ENGINE, what="fetch")]
    assert link.drain() == []
    link.close()
    link.detach()


class TestExperiments:
    @pytest.fixture
    def growth(self, runs: Path) -> Iterator[str]:
        return record(runs, growth_run())[0]

    async def test_an_experiment_replays_in_the_laboratory(self, runs: Path, growth: str) -> None:
        async with replay(runs, growth, experiments=FAKES) as stage:
            assert isinstance(stage.app.screen, LabScreen)
            assert "completed" in stage.text() and "60/60" in stage.text()
            await stage.press("[", "[", "[", "[", "[")
            await stage.pass_by()
            assert "running" in stage.text() and "30/60" in stage.text()
            await stage.press("space")
            await stage.pass_by(stage.deck.player.total)
            assert "completed" in stage.text()

    async def test_its_parameters_stay(self, runs: Path, growth: str) -> None:
        async with replay(runs, growth, experiments=FAKES) as stage:
            for key in ("n", "g", "r", "x", "c", "s", "tab"):
                await stage.press(key)
                assert RECORDED in stage.text(), key
                await stage.press("down")
                stage.app.screen.say("")  # type: ignore[attr-defined]
            assert stage.deck.lab.results["growth"].config.n == 4

    async def test_everything_that_an_experiment_shows_replays(self, runs: Path) -> None:
        run_id, _ = record(runs, shown_run())
        async with replay(runs, run_id, experiments=(SHOWN,)) as stage:
            view = stage.deck.player.view
            assert view.bars and view.pictures and view.grids and view.tables and view.series
            shown = stage.text()
            await stage.press("home")
            await stage.pass_by()
            first = stage.deck.player.view
            assert not (first.bars or first.pictures or first.grids or first.tables)
            await stage.press("end")
            await stage.pass_by()
            await stage.pass_by()
            assert stage.text() == shown

    async def test_pages_are_turned_by_other_keys(self, runs: Path) -> None:
        run_id, _ = record(runs, shown_run())
        async with replay(runs, run_id, experiments=(SHOWN,), size=(40, 12)) as stage:
            first = stage.text()
            assert ">:" in first
            await stage.press(">")
            await stage.pass_by()
            assert stage.text() != first
            await stage.press("<")
            await stage.pass_by()
            assert stage.text() == first

    async def test_leaving_it_leaves_the_program(self, runs: Path, growth: str) -> None:
        async with replay(runs, growth, experiments=FAKES) as stage:
            await stage.press("escape")
            assert stage.app._exit


def test_checkpoints_in_a_record_are_words_alone(runs: Path) -> None:
    """What a record names is not opened."""
    saved = CheckpointSaved(seq=1, step=1, file="../../etc/passwd", sha256="")
    run_id, _ = record(runs, [UNFINISHED[0], saved])
    deck = Deck(runs, run_id, EXPERIMENTS, Clock())
    while not deck.player.opened:
        deck.poll()
    assert "saved ../../etc/passwd" in deck.player.view.log[-1].text
