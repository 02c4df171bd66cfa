"""Going through a list of runs: the cursor, the marks, the filter."""

from __future__ import annotations

import shelved
from hypothesis import given
from hypothesis import strategies as st

from tui.runs.browser import Browser
from tui.runs.shelf import Reading, listed

RUNS = tuple(listed(run, shelved.NOW) for run in shelved.several())
IDS = [one.entry.run_id for one in RUNS]
WHOLE = Reading(RUNS, len(RUNS), whole=True)


def current(browser: Browser) -> str:
    return browser.current.run_id[-6:] if browser.current else ""


def test_nothing_read_yet_is_nothing_to_choose() -> None:
    empty = Browser()
    assert empty.current is None and empty.chosen == [] and empty.shown == []
    assert empty.toggled() == empty.all_toggled() == empty
    assert empty.moved(3).at == 0


def test_the_cursor_stays_on_its_run_when_newer_ones_come() -> None:
    later = Browser().renewed(Reading(RUNS[3:], 4, whole=True)).moved(1)
    assert current(later) == "eeeeee"
    assert current(later.renewed(WHOLE)) == "eeeeee"


def test_the_cursor_stays_where_it_is_when_its_run_goes() -> None:
    browser = Browser().renewed(WHOLE).moved(2)
    without = Reading((*RUNS[:2], *RUNS[3:]), len(RUNS) - 1, whole=True)
    assert current(browser.renewed(without)) == "dddddd"
    assert current(browser.renewed(Reading(RUNS[:1], 1, whole=True))) == "aaaaaa"
    assert current(browser.renewed(Reading(whole=True))) == ""


def test_the_filter_keeps_the_cursor_on_what_is_still_there() -> None:
    browser = Browser().renewed(WHOLE).moved(IDS.index("20251008-070000-ffffff"))
    narrowed = browser.narrowed("xavier")
    assert current(narrowed) == "ffffff" and len(narrowed.shown) == 1
    assert current(narrowed.narrowed("")) == "ffffff"
    assert current(browser.narrowed("nothing is called so")) == ""


def test_marks_outlive_the_filter_and_are_chosen_before_the_cursor() -> None:
    browser = Browser().renewed(WHOLE)
    assert [run.run_id for run in browser.chosen] == [IDS[0]]
    marked = browser.toggled().toggled()
    assert current(marked) == "cccccc"
    assert [run.run_id for run in marked.chosen] == IDS[:2]
    assert [run.run_id for run in marked.narrowed("xavier").chosen] == IDS[:2]
    assert marked.moved(0).toggled().marks == {IDS[1]}


def test_all_that_is_shown_is_marked_and_then_nothing() -> None:
    browser = Browser().renewed(WHOLE).narrowed("20251009").all_toggled()
    assert len(browser.marks) == 5
    more = browser.narrowed("").all_toggled()
    assert len(more.marks) == len(IDS)
    assert more.all_toggled().marks == frozenset()


def test_marks_go_with_their_runs_but_not_with_a_reading_that_is_not_whole() -> None:
    browser = Browser().renewed(WHOLE).all_toggled()
    assert browser.renewed(Reading(RUNS[:2], len(RUNS))).marks == set(IDS)
    assert browser.renewed(Reading(RUNS[:2], 2, whole=True)).marks == set(IDS[:2])


@given(
    st.lists(st.sampled_from(["up", "down", "mark", "all", "narrow", "wide", "fewer", "all_read"]))
)
def test_whatever_is_done_the_cursor_is_on_a_run_that_is_shown(keys: list[str]) -> None:
    browser = Browser().renewed(WHOLE)
    for key in keys:
        browser = {
            "up": lambda b: b.moved(b.at - 1),
            "down": lambda b: b.moved(b.at + 1),
            "mark": Browser.toggled,
            "all": Browser.all_toggled,
            "narrow": lambda b: b.narrowed("20251009 o"),
            "wide": lambda b: b.narrowed(""),
            "fewer": lambda b: b.renewed(Reading(RUNS[1::2], 3, whole=True)),
            "all_read": lambda b: b.renewed(WHOLE),
        }[key](browser)
        assert (
            browser.current is None
            if not browser.shown
            else browser.current in [one.entry for one in browser.shown]
        )
        assert {run.run_id for run in browser.marked} == browser.marks
