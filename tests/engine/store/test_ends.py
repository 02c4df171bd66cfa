"""The first and the last word of a run are told without reading the whole log."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.events import Event, Noted, RunFinished, RunStarted, encode
from engine.store import catalogue
from engine.store.ends import first_word, last_word
from engine.store.layout import LOG
from engine.store.lines import framed

STARTED = RunStarted(seq=0, time=5.0, run_id="a", experiment="train", config={}, continues="b")
ENDED = RunFinished(seq=1, outcome="completed", detail="")


def written(runs: Path, run_id: str, *said: Event, tail: bytes = b"") -> Path:
    (runs / run_id).mkdir()
    log = runs / run_id / LOG
    log.write_bytes(b"".join(framed(encode(event)) for event in said) + tail)
    return log


def test_of_a_whole_run(tmp_path: Path) -> None:
    log = written(tmp_path, "a", STARTED, ENDED)
    assert (first_word(log), last_word(log)) == (STARTED, ENDED)


def test_of_one_that_goes_on_or_was_killed(tmp_path: Path) -> None:
    going = written(tmp_path, "a", STARTED, Noted(seq=1, text="x"))
    torn = written(tmp_path, "b", STARTED, tail=framed(encode(ENDED))[:-1])
    empty = written(tmp_path, "c")
    assert [last_word(log) for log in (going, torn, empty)] == [None, None, None]
    assert [first_word(log) for log in (going, torn, empty)] == [STARTED, STARTED, None]


def test_of_a_damaged_log(tmp_path: Path) -> None:
    flipped = framed(encode(STARTED)).replace(b"train", b"trajn")
    log = written(tmp_path, "a", tail=flipped + framed(encode(ENDED)).replace(b"comp", b"cnmp"))
    assert (first_word(log), last_word(log)) == (None, None)
    later = written(tmp_path, "b", tail=flipped + framed(encode(ENDED)))
    assert (first_word(later), last_word(later)) == (None, ENDED)


def test_no_log_at_all(tmp_path: Path) -> None:
    for told in (first_word, last_word):
        with pytest.raises(OSError):
            told(tmp_path / LOG)


def test_a_run_is_found_without_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million events take seconds, and opening one that was never listed read them twice."""
    monkeypatch.setattr(catalogue, "summary_of", None)
    written(tmp_path, "b", RunStarted(seq=0, time=9.0, run_id="b", experiment="train", config={}))
    written(tmp_path, "a", STARTED, ENDED)
    (tmp_path / "empty").mkdir()
    assert [path.name for path in catalogue.newest(tmp_path)] == ["b", "a"]
    assert catalogue.resolve(tmp_path, "last") == "b"
    assert [path.name for path in catalogue.lineage(tmp_path, "a")] == ["b", "a"]
    assert not catalogue.is_under_way(tmp_path / "a")
