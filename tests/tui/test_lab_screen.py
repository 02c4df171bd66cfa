"""The laboratory under a pilot: no engine, no clock, an experiment that never runs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import synthetic_run
from fake_experiment import EXPERIMENTS, GrowthSettings, run
from fake_link import FakeLink
from lab_bench import Bench, bench
from shown_experiment import SHOWN, shown_run

from engine import controls, events
from engine.config import RunConfig
from engine.link import Lost, Progress, Refused
from tui.app import DashboardApp, Opening
from tui.capabilities import Capabilities
from tui.lab.keymap import ACTIONS
from tui.screens.catalogue import CatalogueScreen
from tui.screens.dashboard import Dashboard
from tui.screens.lab import LabScreen
from tui.screens.lab_panels import LabPanels
from tui.screens.quit import QuitScreen
from tui.widgets.bars import BarPlot
from tui.widgets.heatmap import Heatmap
from tui.widgets.lab_plot import LabPlot
from tui.widgets.pictures import Pictures


def configs(link: FakeLink) -> list[Any]:
    return [config for _, config in link.experiments]


async def test_opening_an_experiment_runs_it_and_no_training() -> None:
    async with bench(Opening("growth", GrowthSettings(n=8))) as lab:
        assert lab.link.experiments == [("growth", GrowthSettings(n=8))]
        assert lab.link.starts == []


async def test_everything_of_a_run_is_on_screen() -> None:
    async with bench() as lab:
        await lab.feed(run())
        text = lab.text()
        for words in (
            "completed  growth",
            "How fast does a product of matrices grow?",
            "n 4 n/N",
            "60/60",
            "1 of 2 claims hold",
            "ln|M| gains 0.555",
            "Size of the product",
            "seed 1",
            "Ratio of norms",
            "phases",
            "● He",
            "1.40e27",
            "✓  growth per factor",
            "0.558 ± 0.0100",
            "✗  rank of the product",
            "Furstenberg 1963",
        ):
            assert words in text, words


async def test_progress_and_time_left_while_it_runs() -> None:
    async with bench() as lab:
        await lab.feed(run(upto=20, finish=""))
        assert "20/60  ETA 6 s" in lab.text()
        assert "checked at the end" in lab.text()


async def test_a_parameter_s_key_runs_it_again_at_once_and_the_newest_wins() -> None:
    async with bench() as lab:
        await lab.feed(run())
        await lab.press("n", "n", "N", "g")
        assert "sigma 2 g/G" in lab.text()
        await lab.let_settle()
        await lab.feed(run(GrowthSettings(n=8), upto=1, finish=""))
        assert configs(lab.link)[-1] == GrowthSettings(n=8, sigma=2.0)
        assert len(configs(lab.link)) <= 3


async def test_a_ladder_s_end_is_told_and_nothing_runs() -> None:
    async with bench() as lab:
        await lab.feed(run())
        await lab.press("g")
        await lab.feed(run(GrowthSettings(sigma=2.0)))
        before = len(configs(lab.link))
        await lab.press("g")
        assert "sigma goes no further than 2" in lab.text()
        await lab.let_settle()
        assert len(configs(lab.link)) == before


async def test_keys_ask_the_run() -> None:
    async with bench() as lab:
        await lab.press("s")
        assert "the experiment is not under way" in lab.text()
        await lab.feed(run(upto=5, finish=""))
        await lab.press("space", "s", "+", "minus", "space", "x")
        kinds = [type(control) for control in lab.link.sent]
        assert kinds == [
            controls.Pause,
            controls.Step,
            controls.SetPace,
            controls.SetPace,
            controls.Resume,
            controls.Stop,
        ]


async def test_restart_and_defaults() -> None:
    async with bench(Opening("growth", GrowthSettings(n=16))) as lab:
        await lab.feed(run())
        await lab.press("r")
        await lab.feed(run())
        await lab.press("c")
        await lab.let_settle()
        assert [config.n for config in configs(lab.link)] == [16, 16, 4]


async def test_the_dashboard_s_keys_mean_nothing_here() -> None:
    async with bench() as lab:
        await lab.feed(run())
        before = lab.app.hub.config
        await lab.press("i", "a", "d", "w", "e", "f", "m", "1", "2")
        assert lab.app.hub.config == before
        assert lab.link.starts == []
        assert isinstance(lab.app.screen, LabScreen)


async def test_switching_keeps_each_result() -> None:
    async with bench() as lab:
        await lab.feed(run())
        await lab.press("]")
        assert lab.screen.experiment.name == "bare-bones"
        await lab.let_settle()
        assert lab.link.experiments[-1][0] == "bare-bones"
        await lab.feed(run(lab.app.lab.results["bare-bones"].config, experiment="bare-bones"))
        await lab.press("[")
        await lab.let_settle()
        assert "1 of 2 claims hold" in lab.text()
        assert len(lab.link.experiments) == 2


async def test_looking_at_another_experiment_ends_none() -> None:
    async with bench() as lab:
        await lab.feed(run(upto=5, finish=""))
        await lab.press("tab")
        await lab.let_settle()
        assert "growth is under way; r runs bare-bones in its place" in lab.text()
        assert len(lab.link.experiments) == 1
        await lab.press("r")
        await lab.let_settle()
        assert lab.link.experiments[-1][0] == "bare-bones"


async def test_a_training_run_is_not_ended_unasked() -> None:
    async with bench(None) as lab:
        lab.app.hub.switch(RunConfig(data="fashion-mnist"))
        await lab.feed(synthetic_run.run(finish="", epochs=1))
        await lab.press("b")
        assert isinstance(lab.app.screen, CatalogueScreen)
        await lab.press("g", "r", "o", "w", "enter")
        await lab.let_settle()
        assert lab.link.experiments == []
        assert "A training run is under way" in lab.text()
        await lab.press("escape", "r", "q")
        assert [name for name, _ in lab.link.experiments] == ["growth"]
        await lab.press("escape", "escape")
        assert isinstance(lab.app.screen, Dashboard)


async def test_lesson_source_and_help_open_and_close() -> None:
    async with bench() as lab:
        await lab.feed(run())
        for key, words in (
            ("l", "common misunderstanding"),
            ("enter", "Parameters"),
            ("o", "An experiment that never runs"),
            ("question_mark", "each turn runs the experiment again"),
        ):
            await lab.press(key)
            assert words in lab.text(), key
            await lab.press("down", "escape")
            assert isinstance(lab.app.screen, LabScreen)


async def test_a_narrow_terminal_shows_one_figure_and_the_arrows_the_others() -> None:
    async with bench(size=(40, 12)) as lab:
        await lab.feed(run())
        seen = []
        for _ in range(5):
            text = lab.text()
            seen.append(
                next(w for w in ("Size", "Ratio", "phases", "matrix", "claim ") if w in text)
            )
            await lab.press("right")
            await lab.let_settle()
        assert seen == ["Size", "Ratio", "phases", "matrix", "claim "]
        await lab.press("left")
        await lab.let_settle()
        assert "claim " in lab.text()


async def test_arrows_say_when_everything_is_on_screen() -> None:
    async with bench() as lab:
        await lab.feed(run())
        await lab.press("right")
        assert "everything is on screen" in lab.text()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (13, 5), (60, 14), (200, 60)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with bench(size=(80, 24)) as lab:
        await lab.feed(run())
        await lab.pilot.resize_terminal(*size)
        await lab.let_settle()
        assert isinstance(lab.app.screen, LabScreen)
        await lab.pilot.resize_terminal(120, 36)
        await lab.let_settle()
        assert "Size of the product" in lab.text()


async def test_refusal_preparation_and_loss_are_told() -> None:
    async with bench() as lab:
        await lab.feed([Progress("drawing 400 seeds", 1, 4)])
        assert "drawing 400 seeds" in lab.text()
        await lab.feed([Refused("take fewer seeds")])
        assert "take fewer seeds" in lab.text()
        await lab.press("r")
        await lab.feed([Lost("the engine is gone: SIGKILL")])
        assert "SIGKILL" in lab.text()
        assert lab.text().lower().count("the engine is gone") == 1
        await lab.press("r")
        await lab.let_settle()
        assert "SIGKILL" not in lab.text()
        assert len(lab.link.experiments) == 3


async def test_a_failure_names_the_place_of_its_details() -> None:
    async with bench() as lab:
        await lab.feed([*run(upto=3, finish=""), events.RunFinished(outcome="failed", detail="oh")])
        assert "The experiment failed" in lab.text()
        assert "20251009-085320-3f9a1c" in lab.text()


async def test_quitting_asks_while_an_experiment_runs() -> None:
    async with bench() as lab:
        await lab.feed(run(upto=3, finish=""))
        await lab.press("q")
        assert "An experiment is under way" in lab.text()
        await lab.press("escape")
        await lab.feed(run()[-1:])
        await lab.press("q")
        assert lab.app.return_code == 0


async def test_the_question_knows_what_has_ended_while_it_stood() -> None:
    async with bench() as lab:
        await lab.feed(run(upto=3, finish=""))
        await lab.press("space", "q")
        assert "An experiment is under way" in lab.text() and "Detach" in lab.text()
        await lab.feed(run()[-1:])
        assert "ended meanwhile" in lab.text()
        assert "under way" not in lab.text() and "Detach" not in lab.text()
        await lab.press("ctrl+d")
        assert isinstance(lab.app.screen, QuitScreen) and not lab.app.detached
        await lab.press("q")
        assert lab.app.return_code == 0


async def test_an_experiment_can_be_left_to_itself() -> None:
    async with bench() as lab:
        await lab.press("ctrl+d")
        assert not lab.app._exit  # it has not begun
        await lab.feed(run(upto=3, finish=""))
        await lab.press("ctrl+d")
        assert lab.app.return_code == 0
        assert lab.app.detached == (lab.app.lab.results["growth"].view.run_id,) != ("",)


async def test_an_experiment_that_ends_with_its_screen_cannot_be_left() -> None:
    async with bench() as lab:
        lab.link.can_detach = False
        await lab.feed(run(upto=3, finish=""))
        await lab.press("ctrl+d")
        assert not lab.app._exit and "cannot be left to itself" in lab.text()


async def test_a_run_that_ends_as_it_is_left_ends_nothing_else() -> None:
    async with bench() as lab:
        await lab.feed(run(upto=3, finish=""))
        await lab.press("q")
        lab.link.push(*run()[-1:])
        lab.app.hub.poll()  # the question has not been drawn since
        await lab.press("ctrl+d")
        assert lab.screen and not lab.app._exit


async def test_the_catalogue_lists_filters_and_opens() -> None:
    async with bench(Opening()) as lab:
        text = lab.text()
        for words in ("growth", "bare-bones", "Is there anything to see?", "3 seconds"):
            assert words in text
        assert lab.link.experiments == lab.link.starts == []
        await lab.press(*"bones")
        assert "growth" not in lab.text()
        await lab.press("enter")
        assert lab.screen.experiment.name == "bare-bones"
        await lab.feed(run(lab.app.lab.results["bare-bones"].config, experiment="bare-bones"))
        await lab.press("escape")
        await lab.let_settle()
        assert "1 of 2 claims hold" in lab.text()
        await lab.press(*"growth")  # in place of what was typed before
        assert "no experiment is about that" not in lab.text()
        assert "bare-bones" not in lab.text()
        await lab.press("z")
        assert "no experiment is about that" in lab.text()
        await lab.press("enter", "escape")
        assert lab.app.return_code == 0


async def test_training_in_the_catalogue_is_the_dashboard() -> None:
    async with bench(Opening()) as lab:
        await lab.press(*"train", "enter")
        assert isinstance(lab.app.screen, Dashboard)
        assert lab.link.starts == [(RunConfig(), "")]
        await lab.press("b", "escape")
        assert isinstance(lab.app.screen, Dashboard)


async def test_a_new_run_s_missing_tables_keep_their_place() -> None:
    async with bench() as lab:
        await lab.feed(run())
        await lab.feed(run(upto=2, finish="")[:4])
        assert "1.40e27" not in lab.text()
        assert "matrix" in lab.text()
        assert len(lab.screen.query(Heatmap)) == 1
        assert len(lab.screen.query(LabPlot)) == 2


async def test_plain_signs_where_the_terminal_has_no_others() -> None:
    plain = Capabilities(unicode=False, braille=False, colors="none")
    async with bench(terminal=plain) as lab:
        await lab.feed(run())
        assert not set("✓✗●▶░▒▓█╱━⠁±") & set(lab.text())


async def test_the_palette_offers_the_laboratory_s_actions_and_turns_parameters() -> None:
    async with bench() as lab:
        await lab.feed(run())
        offered = {c.title: c for c in lab.app.get_system_commands(lab.screen)}
        for action in ACTIONS:
            assert f"{action.label}: {action.help}" in offered
        offered["sigma on: spread; runs the experiment again"].callback()
        await lab.let_settle()
        assert lab.link.experiments[-1][1].sigma == 2.0
        offered["lesson: the question, the lesson, the parameters"].callback()
        await lab.let_settle()
        assert "It grows geometrically" in lab.text()


async def test_the_palette_of_the_catalogue_offers_what_every_screen_does() -> None:
    async with bench(Opening()) as lab:
        titles = {c.title for c in lab.app.get_system_commands(lab.app.screen)}
        assert titles == {
            "runs: what was recorded",
            "theme: dark or light",
            "quit: leave the program",
        }


def titles(lab: Bench) -> set[str]:
    """The titles of the panels in sight."""
    shown = [w for w in lab.screen.query("#figures > *, #texts > *") if w.display]
    heads = [widget.prepare(widget.content_size)[0].text for widget in shown]  # type: ignore[attr-defined]
    return {head.strip() for head in heads}


async def test_every_panel_of_an_experiment_is_reached_by_the_arrow() -> None:
    for size in ((120, 36), (80, 24), (40, 12)):
        async with bench(Opening("shown"), size=size, experiments=(SHOWN,)) as lab:
            await lab.feed(shown_run())
            seen = titles(lab)
            for _ in range(10):
                await lab.press("right")
                await lab.let_settle()
                seen |= titles(lab)
        for title in (
            "Points and fit: y",
            "Loss",
            "Norm of w",
            "confusion",
            "label shift: p(y)",
            "weights: count",
            "predicted",
            "verdict",
            "claim",
        ):
            assert any(head.startswith(title) for head in seen), title


async def test_pictures_stand_below_charts_and_grids_that_come_later() -> None:
    async with bench(Opening("shown"), size=(120, 60), experiments=(SHOWN,)) as lab:
        told = shown_run(finish=False)
        told.sort(key=lambda e: not isinstance(e, events.RunStarted | events.PicturesShown))
        await lab.feed(told)
        pictures, heat = lab.screen.query_one(Pictures), lab.screen.query_one(Heatmap)
        bars = list(lab.screen.query(BarPlot))
        assert pictures.region.y > heat.region.y
        assert pictures.region.width > 2 * heat.region.width
        assert {bar.region.y for bar in bars} == {heat.region.y}
        assert all(w.display for w in (pictures, heat, *bars, *lab.screen.query(LabPlot)))
        await lab.press("r")
        await lab.feed([shown_run(finish=False)[0]])
        assert "predicted  not shown yet" in lab.text()
        assert "label shift  not measured yet" in lab.text()


async def test_arrows_move_in_pictures_that_do_not_fit() -> None:
    async with bench(Opening("shown"), size=(40, 12), experiments=(SHOWN,)) as lab:
        await lab.feed(shown_run())
        await lab.press(*["right"] * 6)
        await lab.let_settle()
        assert "1-3 of 6" in lab.text()
        await lab.press("j")
        assert "4-6 of 6" in lab.text()
        await lab.press("k")
        assert "1-3 of 6" in lab.text()


async def test_an_experiment_under_way_elsewhere_is_shown_and_not_begun_anew() -> None:
    config = GrowthSettings(n=8)
    link = FakeLink(*run(config, upto=3, finish=""))
    opening = Opening("growth", config)
    app = DashboardApp(link, RunConfig(), autostart=False, experiments=EXPERIMENTS, opening=opening)
    async with app.run_test(size=(120, 36)) as pilot:
        lab = Bench(app, pilot)
        await lab.let_settle()
        assert lab.screen.experiment.name == "growth"
        assert link.experiments == [] and app.lab.under_way == "growth"
        await lab.press("space", "ctrl+d")
        assert [type(control) for control in link.sent] == [controls.Pause]
        assert app.detached == (app.lab.results["growth"].view.run_id,)


@pytest.mark.parametrize("degree", [4, 5])
async def test_panels_of_earlier_settings_go_when_the_next_run_has_told_its_own(
    degree: int,
) -> None:
    async with bench(size=(120, 36)) as driver:
        for told in range(1, degree + 1):
            await driver.feed(
                [
                    msgspec.structs.replace(event, table=f"learning, degree {told}")
                    if isinstance(event, events.TableChanged)
                    else msgspec.structs.replace(event, grid=f"plane of degree {told}")
                    if isinstance(event, events.GridChanged)
                    else event
                    for event in run(run_id=f"20251009-08532{told}-3f9a1c")
                ]
            )
        shown = driver.text()
        assert f"learning, degree {degree}" in shown
        assert f"plane of degree {degree}" in shown
        assert f"degree {degree - 1}" not in shown
        assert driver.screen.query_one(LabPanels).hidden == 0
