"""The runs of a directory, kept up to date at little cost."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic_run
from finished_runs import record

from engine import events
from engine.errors import BadInput
from engine.store import catalogue
from tui.runs import shelf as shelves
from tui.runs.shelf import DiskShelf, Reading

SHORT = synthetic_run.run(epochs=1)


def now_read(shelf: DiskShelf) -> Reading:
    *_, last = shelf.readings()
    assert last.whole
    return last


def ids(reading: Reading) -> list[str]:
    return [one.entry.run_id for one in reading.runs]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose records were read."""
    read: list[str] = []
    real: Callable[..., Any] = catalogue.entry

    def entry(runs: Path, run_id: str) -> catalogue.Entry:
        read.append(run_id)
        return real(runs, run_id)  # type: ignore[no-any-return]

    monkeypatch.setattr(shelves.catalogue, "entry", entry)
    return read


def test_the_list_is_that_of_the_catalogue(tmp_path: Path) -> None:
    record(tmp_path, SHORT, run_id="a")
    record(tmp_path, SHORT, run_id="b", continues="a")
    reading = now_read(DiskShelf(tmp_path))
    assert [one.entry for one in reading.runs] == catalogue.entries(tmp_path)
    assert {one.entry.run_id: one.row.state for one in reading.runs} == {
        "a": "completed →",
        "b": "completed",
    }


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, looked_at: list[str]) -> None:
    record(tmp_path, SHORT, run_id="a")
    live = record(tmp_path, SHORT[:-1], run_id="live", close=False)
    shelf = DiskShelf(tmp_path)
    now_read(shelf)
    now_read(shelf)  # the first reading may have kept summaries beside the logs
    looked_at.clear()
    now_read(shelf)
    assert looked_at == ["live"]
    live.close()
    assert [one.row.state for one in now_read(shelf).runs] == ["crashed", "completed"]


def test_what_others_do_to_a_run_is_seen(tmp_path: Path) -> None:
    for run_id in ("a", "b", "c"):
        record(tmp_path, SHORT, run_id=run_id)
    shelf = DiskShelf(tmp_path)
    now_read(shelf)
    catalogue.describe(tmp_path / "a", label="mine")
    catalogue.remove(tmp_path, "b")
    record(tmp_path, SHORT, run_id="d", continues="c")
    reading = now_read(shelf)
    assert {one.entry.run_id: one.row.name for one in reading.runs} == {
        "a": "mine",
        "c": "c",
        "d": "d",
    }
    assert {one.entry.run_id: one.row.state for one in reading.runs}["c"] == "completed →"
    catalogue.remove(tmp_path, "d")
    assert {one.row.state for one in now_read(shelf).runs} == {"completed"}


def test_times_go_on(tmp_path: Path) -> None:
    record(tmp_path, SHORT, run_id="a")
    times = iter([synthetic_run.START + 5.0] * 2 + [synthetic_run.START + 3600.0] * 2)
    shelf = DiskShelf(tmp_path, now=lambda: next(times))
    assert now_read(shelf).runs[0].row.when == "5 s ago"
    assert now_read(shelf).runs[0].row.when == "1 h ago"


def test_a_first_reading_that_takes_long_is_told_in_parts(tmp_path: Path) -> None:
    for run_id in ("a", "b", "c"):
        record(tmp_path, SHORT, run_id=run_id)
    ticks = itertools.count()
    shelf = DiskShelf(tmp_path, clock=lambda: float(next(ticks)))
    readings = list(shelf.readings())
    assert [ids(reading) for reading in readings] == [
        ["c"], ["c", "b"], ["c", "b", "a"], ["c", "b", "a"],
    ]  # fmt: skip
    assert [reading.whole for reading in readings] == [False, False, False, True]
    assert all(reading.total == 3 for reading in readings)
    assert len(list(shelf.readings())) == 1


def test_a_directory_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    record(runs, SHORT, run_id="a")
    shelf = DiskShelf(runs)
    now_read(shelf)
    shutil.rmtree(runs)
    with pytest.raises(BadInput, match=r"runs cannot be read: No such file"):
        now_read(shelf)


def test_what_is_no_run_is_left_out(tmp_path: Path) -> None:
    record(tmp_path, SHORT, run_id="a")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert ids(now_read(DiskShelf(tmp_path))) == ["a"]


def test_labels_and_notes_are_kept_and_those_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    record(tmp_path, SHORT, run_id="a")
    shelf = DiskShelf(tmp_path)
    shelf.describe("a", label="mine", note=None)
    shelf.describe("a", label=None, note="good")
    about = now_read(shelf).runs[0].entry.about
    assert (about.label, about.note) == ("mine", "good")
    for label in ("x" * 65, "two\nlines", "\x1b[2J"):
        with pytest.raises(BadInput, match="at most 64"):
            shelf.describe("a", label=label, note=None)
    with pytest.raises(BadInput, match="there is no run"):
        shelf.describe("b", label="x", note=None)
    assert now_read(shelf).runs[0].entry.about == about


def test_a_run_under_way_is_not_deleted(tmp_path: Path) -> None:
    live = record(tmp_path, SHORT[:-1], run_id="a", close=False)
    shelf = DiskShelf(tmp_path)
    with pytest.raises(BadInput, match="under way: stop it first"):
        shelf.remove("a")
    live.close()
    shelf.remove("a")
    assert ids(now_read(shelf)) == []


def test_five_hundred_runs_are_listed_and_then_cost_a_look_each(
    tmp_path: Path, looked_at: list[str]
) -> None:
    said = [SHORT[0], *(e for e in SHORT if isinstance(e, events.EpochFinished)), SHORT[-1]]
    record(tmp_path, said, run_id="run-000")
    for number in range(1, 500):
        run_id = f"run-{number:03}"
        shutil.copytree(tmp_path / "run-000", tmp_path / run_id)
    shelf = DiskShelf(tmp_path)
    assert len(now_read(shelf).runs) == 500
    assert len(looked_at) == 500
    looked_at.clear()
    assert len(now_read(shelf).runs) == 500
    assert looked_at == []
