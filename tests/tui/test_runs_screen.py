"""The list of recorded runs under a person's hands: runs are injected, nothing is on disk."""

from __future__ import annotations

import pytest
import shelved
from driving import rows_of
from runs_bench import browsing
from textual.events import Key
from textual.widgets import Button, Input

from engine.errors import BadInput
from tui.runs.keymap import ACTIONS, BY_ID
from tui.screens.differences import DifferencesScreen
from tui.screens.question import Prompt, Question
from tui.screens.reader import ReaderScreen
from tui.widgets.run_table import RunTable

BAD = "\x1b]52;c;AAAA\x07[bold]\u202e\x9b2J"


async def test_the_screen_is_there_before_the_list_is() -> None:
    async with browsing(read=False) as held:
        assert "reading …" in held.text() and "no runs" not in held.text()
        await held.press("d")
        assert held.said == "! no run is listed" or len(held.screen.browser.shown) == 7


async def test_every_run_is_a_line_and_the_one_at_the_cursor_is_told_of() -> None:
    async with browsing() as held:
        text = held.text()
        for shown in ("deep tanh", "running", "diverged", "crashed", "stopped", "completed →"):
            assert shown in text
        assert "init k" in text and "5/6 hold" in text and "84.6 %" in text
        await held.press("down", "down", "down")
        panel = rows_of(held.screen.query_one("#panel"))
        assert "the baseline of everything above" in panel
        assert "2 events of its record cannot be read" in panel
        assert "20251009-080000-eeeeee goes on from it" in panel
        assert str(shelved.PLACE) in panel


async def test_an_empty_directory_says_where_runs_will_be() -> None:
    async with browsing() as held:
        held.shelf.runs = []
        held.screen._keeper.refresh()
        await held.settle()
        assert "no runs yet" in held.text() and str(shelved.PLACE) in held.text()
        for action in ACTIONS:
            if action.otherwise:
                held.screen.action_perform(action.id)
                await held.pilot.pause()
                assert held.said == f"! {action.otherwise}", action.id
                assert held.top is held.screen


async def test_the_list_follows_what_happens() -> None:
    async with browsing() as held:
        await held.press("down", "down", "space")
        assert held.current == "dddddd" and held.marked == ["cccccc"]
        held.shelf.runs = [
            shelved.entry("20251009-130000-999999", "running", ago=1),
            *(run for run in held.shelf.runs if run.run_id != "20251009-100000-cccccc"),
        ]
        for _ in range(30):
            held.screen.poll()
        await held.settle()
        assert held.shelf.read == 2
        assert "999999" in held.text() and "cccccc" not in held.text()
        assert held.current == "dddddd" and held.marked == []


async def test_the_filter_takes_letters_that_are_keys_elsewhere() -> None:
    async with browsing() as held:
        await held.press("slash", *"xa", "down", "enter")
        assert held.current == "ffffff" and held.top is held.screen
        assert "1 of 7" in held.text()
        await held.press("space")
        assert held.marked == ["ffffff"]
        await held.press("escape")
        assert "7  1 marked" in held.text() and held.current == "ffffff"
        await held.press("escape")
        assert held.top is not held.screen


async def test_what_is_typed_faster_than_the_filter_opens_is_not_lost() -> None:
    async with browsing() as held:
        held.screen.do_filter()
        for character in "xavier":
            held.screen.query_one(RunTable).post_message(Key(character, character))
        await held.settle()
        assert held.screen.query_one(Input).value == "xavier"
        assert held.marked == [] and held.top is held.screen


async def test_arrows_move_in_the_list_while_typing() -> None:
    async with browsing() as held:
        await held.press("slash", *"20251009", "down", "down", "up")
        assert held.current == "bbbbbb"
        await held.press("pagedown")
        assert held.current == "eeeeee"


async def test_nothing_is_found_by_some_words() -> None:
    async with browsing() as held:
        await held.press("slash", *"zzz", "enter", "x")
        assert "no run is found by these words" in held.text()
        assert held.said == "! no run is listed" and held.top is held.screen


async def test_marks_by_key_and_the_mouse() -> None:
    async with browsing() as held:
        await held.press("space", "down", "space")
        assert held.marked == ["aaaaaa", "cccccc"] and "2 marked" in held.text()
        await held.press("a")
        assert len(held.marked) == 7
        await held.press("a")
        assert held.marked == []
        await held.pilot.click(RunTable, offset=(8, 2))
        await held.pilot.pause()
        assert held.current == "bbbbbb" and held.stage.opened == []
        await held.pilot.click(RunTable, offset=(8, 2))
        await held.pilot.pause()
        assert held.stage.opened == ["20251009-110000-bbbbbb"]


async def test_keys_that_come_in_one_burst_all_count() -> None:
    async with browsing() as held:
        table = held.screen.query_one(RunTable)
        for _ in range(3):
            table.action_move(1)
        held.screen.action_perform("mark")
        await held.settle()
        assert held.marked == ["dddddd"] and held.current == "eeeeee"


async def test_enter_opens_the_run_and_what_cannot_be_shown_is_said() -> None:
    async with browsing() as held:
        await held.press("enter")
        assert held.said == "! run 20251009-120000-aaaaaa cannot be shown"
        await held.press("down", "enter")
        assert held.stage.opened == ["20251009-110000-bbbbbb"] and held.said == ""


async def test_marked_runs_are_overlaid_with_their_labels() -> None:
    async with browsing() as held:
        await held.press("down", "space", "down", "space", "o")
        (runs, told, level), *more = held.stage.overlaid
        assert (runs, level, more) == ([("bbbbbb", "deep tanh"), ("dddddd", "")], "info", [])
        assert told == "2 runs are behind the one on screen" and held.stage.went == 1


async def test_runs_that_have_no_such_curves_are_only_said() -> None:
    async with browsing() as held:
        await held.press("end", "o")
        assert "20251007-060000-000000 is of the laboratory" in held.said
        await held.press("space", "home", "down", "space", "o")
        assert [run for run, _ in held.stage.overlaid[0][0]] == ["bbbbbb"]


async def test_the_run_on_screen_is_not_laid_over_itself() -> None:
    async with browsing() as held:
        held.stage.shown_run = "20251009-110000-bbbbbb"
        await held.press("down", "o")
        assert held.said == "! deep tanh is the run on screen already"
        assert held.stage.overlaid == []


async def test_more_than_can_be_told_apart_is_too_many() -> None:
    runs = [shelved.entry(f"run-{i}", seed=i) for i in range(7)]
    async with browsing(*runs) as held:
        await held.press("a", "o")
        assert held.said == "! 7 runs are marked: 6 at most can be told apart"


async def test_curves_that_cannot_be_read_are_a_sentence() -> None:
    async with browsing() as held:
        held.shelf.broken = BadInput("run x has no curves yet")
        await held.press("o")
        assert held.said == "! run x has no curves yet" and held.stage.overlaid == []
        await held.press("space", "space", "space")
        held.shelf.broken = FileNotFoundError(2, "No such file or directory", "/runs/a")
        await held.press("o")
        (runs, told, level), *_ = held.stage.overlaid
        assert len(runs) == 2 and level == "warning"
        assert told.endswith("No such file or directory: /runs/a")


async def test_a_prompt_is_not_closed_by_curves_that_come_meanwhile() -> None:
    async with browsing() as held:
        await held.pilot.press("o", "R")
        await held.pilot.pause()
        await held.settle()
        assert isinstance(held.top, Prompt)
        assert len(held.stage.overlaid) == 1 and held.stage.went == 0


async def test_two_marked_runs_are_compared() -> None:
    async with browsing() as held:
        await held.press("space", "space", "d")
        assert isinstance(held.top, DifferencesScreen)
        text = held.text()
        assert "settings in which 2 runs differ" in text
        assert "256,256,256,256,256,256" in text and "tanh" in text and "kaiming_normal" in text
        assert "momentum" not in text and "outcome" in text
        await held.press("d")
        assert held.top is held.screen


async def test_a_single_run_is_compared_with_the_one_on_screen() -> None:
    async with browsing() as held:
        await held.press("d")
        assert "mark two runs or more" in held.said
        held.stage.shown_run = "20251009-110000-bbbbbb"
        await held.press("end", "d")
        assert "deep tanh" in held.text() and "experiment" in held.text()
        await held.press("escape", "home", "space", "d")
        assert "deep tanh" in held.text() and "2 runs differ" in held.text()


async def test_more_runs_than_fit_are_gone_through() -> None:
    runs = [shelved.entry(f"run-{i}", seed=i, ago=float(i)) for i in range(9)]
    async with browsing(*runs, size=(60, 20)) as held:
        await held.press("a", "d")
        assert "runs 1 to 2 of 9" in held.text() and "run-0" in held.text()
        await held.press(*["right"] * 20)
        assert "runs 8 to 9 of 9" in held.text() and "run-8" in held.text()
        await held.pilot.resize_terminal(120, 30)
        await held.settle()
        assert "runs 5 to 9 of 9" in held.text()
        await held.press("left", "up", "down", "q")
        assert held.top is held.screen


async def test_deleting_asks_and_staying_is_the_default() -> None:
    async with browsing() as held:
        await held.press("down", "x")
        assert isinstance(held.top, Question)
        assert "deep tanh  completed, 1.2 MB" in held.text()
        focused = held.top.focused
        assert isinstance(focused, Button) and focused.id == "stay"
        for keys in (("enter",), ("x", "escape"), ("x", "q"), ("x", "x", "n")):
            await held.press(*keys)
            assert held.top is held.screen and held.shelf.removed == []


@pytest.mark.parametrize("keys", [("tab", "enter"), ("right", "enter")])
async def test_the_ways_to_confirm(keys: tuple[str, ...]) -> None:
    async with browsing() as held:
        await held.press("down", "delete", *keys)
        assert held.shelf.removed == ["20251009-110000-bbbbbb"]
        assert held.said == "· deleted run deep tanh (1.2 MB)"
        assert "deep tanh" not in rows_of(held.screen.query_one("#runs"))
        assert held.current == "cccccc"


async def test_several_are_deleted_at_once_and_heirs_are_named() -> None:
    async with browsing() as held:
        await held.press("down", "down", "space", "space", "x")
        text = held.text()
        assert "Delete these 2 runs for good (2.5 MB)?" in text
        assert "20251009-080000-eeeeee goes on from there" in text
        await held.press("tab", "enter")
        assert held.said == "· deleted 2 runs (2.5 MB)" and held.marked == []
        assert len(held.shelf.runs) == 5


async def test_a_run_under_way_is_not_deleted_nor_the_others_with_it() -> None:
    async with browsing() as held:
        await held.press("space", "space", "x")
        assert held.top is held.screen
        assert "is under way: stop it first; nothing was deleted" in held.said
        assert len(held.shelf.runs) == 7


async def test_what_another_process_did_meanwhile_is_said() -> None:
    async with browsing() as held:
        await held.press("down", "space", "space", "x")
        del held.shelf.runs[1]
        await held.press("tab", "enter")
        assert "deleted run 20251009-100000-cccccc" in held.said
        assert "there is no run 20251009-110000-bbbbbb" in held.said
        held.shelf.broken = PermissionError(13, "Permission denied", "/runs/x")
        await held.press("end", "x", "tab", "enter")
        assert held.said == "! Permission denied: /runs/x"


async def test_a_run_is_given_a_label_and_a_note() -> None:
    async with browsing() as held:
        await held.press("R", *"mine", "enter")
        assert held.top is held.screen and "mine" in rows_of(held.screen.query_one("#runs"))
        await held.press("n")
        await held.type("[bold]good[/]")
        await held.press("enter")
        panel = rows_of(held.screen.query_one("#panel"))
        assert "[bold]good[/]" in panel and "mine (20251009-120000-aaaaaa)" in panel
        await held.press("R")
        assert held.top.query_one(Input).value == "mine"  # type: ignore[attr-defined]
        await held.press(*["backspace"] * 4, "enter")
        assert held.screen.browser.current.about.label == ""  # type: ignore[union-attr]


async def test_what_cannot_be_kept_is_said_and_what_was_typed_stays() -> None:
    async with browsing() as held:
        await held.press("R")
        await held.type("x" * 65)
        await held.press("enter")
        assert isinstance(held.top, Prompt) and "at most 64" in held.text()
        assert held.top.query_one(Input).value == "x" * 65
        await held.press("backspace")
        assert "at most 64" not in held.text()
        held.shelf.broken = OSError(30, "Read-only file system", "/runs/a/about.json")
        await held.press("enter")
        assert "Read-only file system: /runs/a/about.json" in held.text()
        await held.press("enter")
        assert held.top is held.screen
        await held.press("n", "escape")
        assert held.top is held.screen


async def test_a_prompt_that_was_closed_hears_no_answer() -> None:
    async with browsing() as held:
        await held.press("R")
        held.shelf.broken = OSError(30, "Read-only file system", "/x")
        await held.pilot.press("enter", "escape")
        await held.pilot.pause()
        await held.settle()
        assert held.top is held.screen


async def test_a_directory_that_vanished_is_a_sentence_and_comes_back() -> None:
    async with browsing() as held:
        held.shelf.broken = BadInput("the runs in /x cannot be read: No such file or directory")
        held.screen._keeper.refresh()
        await held.settle()
        assert "cannot be read" in held.said and held.screen.browser.shown == []
        held.screen._keeper.refresh()
        await held.settle()
        assert len(held.screen.browser.shown) == 7


async def test_hostile_texts_are_literal() -> None:
    bad = dict.fromkeys(("data", "detail", "device", "continues", "experiment"), BAD)
    runs = [
        shelved.entry("a", label=BAD, note=BAD, summary={**bad, "versions": {BAD: BAD}}),
        shelved.entry("b", label=BAD, summary={"config": {"seed": BAD, BAD: BAD}}),
    ]
    async with browsing(*runs) as held:
        for keys in ((), ("i",), ("escape", "R"), ("escape", "n"), ("escape", "x")):
            await held.press(*keys)
            text = held.text()
            assert "[bold]" in text
            assert not any(c in text for c in "\x1b\x07\x9b\u202e")
        await held.press("escape", "a", "d")
        assert "[bold]" in held.text() and not any(c in held.text() for c in "\x1b\x07\x9b\u202e")


async def test_details_and_help_are_to_be_read() -> None:
    async with browsing() as held:
        await held.press("i")
        assert isinstance(held.top, ReaderScreen)
        assert "kaiming_normal" in held.text() and "batch size" in held.text()
        await held.press("escape", "question_mark")
        for action in ACTIONS:
            assert action.help[:40] in held.text()
        await held.press("escape")
        assert held.top is held.screen


async def test_every_key_is_in_the_palette_and_none_has_two_meanings() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys)) and len(BY_ID) == len(ACTIONS)
    async with browsing() as held:
        told = [c.title for c in held.screen.app.get_system_commands(held.screen)]
        assert told == [f"{action.label}: {action.help}" for action in ACTIONS]


async def test_the_theme_and_leaving_the_program() -> None:
    async with browsing() as held:
        await held.press("t")
        assert held.screen.app.theme == "mlp-light"
        await held.press("q")
        assert held.screen.app._exit


@pytest.mark.parametrize("size", [(1, 1), (12, 4), (40, 12), (80, 24), (200, 60)])
async def test_no_size_is_too_small(size: tuple[int, int]) -> None:
    async with browsing(size=size) as held:
        await held.press("down", "space", "i", "escape", "x", "escape", "R", "escape", "slash")
        await held.press("x", "escape", "a", "d", "right", "escape")
        assert held.top is held.screen


async def test_five_hundred_runs_are_shown_and_gone_through() -> None:
    runs = [shelved.entry(f"run-{i:03}", ago=float(i), seed=i) for i in range(500)]
    async with browsing(*runs) as held:
        assert " runs  500" in held.text()
        await held.press("end")
        assert "run-499" in held.text()
        await held.press("slash", *"seed 250", "enter")
        assert held.current == "un-250" and "1 of 500" in held.text()
