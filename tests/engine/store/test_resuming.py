"""Which run is resumed, and by whom, when two commands want the same one."""

from __future__ import annotations

import fcntl
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import BadInput
from engine.events import RunFinished, RunStarted
from engine.store import resuming
from engine.store.layout import HEAD, LOG
from engine.store.record import RecordSink

RUN, HEIR = "20251009-080000-aaaaaa", "20251010-080000-bbbbbb"


def record(runs: Path, run_id: str, continues: str = "") -> None:
    """A run that was stopped before its end."""
    with closing(RecordSink(runs)) as sink:
        sink.accept(
            RunStarted(run_id=run_id, experiment="train", config={}, continues=continues, seq=0)
        )
        sink.accept(RunFinished(outcome="stopped", detail="", step=7, seq=1))


@pytest.fixture
def runs(runs: Path) -> Path:
    record(runs, RUN)
    return runs


def test_a_record_without_its_beginning_is_of_no_experiment(runs: Path) -> None:
    (runs / RUN / LOG).write_bytes(b"")
    with pytest.raises(BadInput, match=f"^the record of run {RUN} has lost its beginning: "):
        resuming.chosen(runs, RUN)


def test_only_one_at_a_time_goes_on_from_a_run_unless_it_forks(runs: Path) -> None:
    with resuming.claimed(runs, RUN) as found:
        assert found.run_id == RUN
        with pytest.raises(BadInput, match=f"another command is about to go on from run {RUN}"):
            resuming.claimed(runs, RUN).__enter__()
        with resuming.claimed(runs, RUN, fork=True) as twice:
            assert twice.run_id == RUN
    with resuming.claimed(runs, RUN) as again:  # it came to nothing: the next may try
        assert again.run_id == RUN


def test_who_claims_it_after_another_has_begun_is_told_of_that(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX | fcntl.LOCK_NB:
            record(runs, HEIR, RUN)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(BadInput, match=f"{HEIR} went on from run {RUN} already"):
        resuming.claimed(runs, RUN).__enter__()


def test_a_file_system_without_locks_does_not_forbid_resuming(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def unknown(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            raise OSError(9, "Bad file descriptor")
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", unknown)
    with resuming.claimed(runs, RUN) as found:
        assert found.run_id == RUN


def test_a_run_that_cannot_be_read_is_a_sentence(runs: Path) -> None:
    (runs / RUN / HEAD).unlink()
    with pytest.raises(BadInput, match=f"{HEAD} cannot be read"):
        resuming.claimed(runs, RUN).__enter__()
