"""Checkpoints come back bit for bit, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
import torch

from engine.errors import BadInput
from engine.events import CheckpointSaved, Event, RunFinished, RunStarted
from engine.store import files, resuming
from engine.store.checkpoint import (
    KEPT,
    forget,
    load,
    newest,
    save,
    start_from,
    worth_keeping,
)
from engine.store.layout import CHECKPOINTS
from engine.store.record import RecordSink

BASE = torch.arange(12, dtype=torch.float32).reshape(3, 4)
TENSORS = {
    "weight": BASE,
    "transposed": BASE.t(),
    "row": BASE[1],
    "generator": torch.Generator().get_state(),
    "scalar": torch.tensor(7),
    "empty": torch.empty(0, 3),
    "odd": torch.tensor([float("nan"), float("inf"), -0.0]),
}
META = {"epoch": "3", "name": "é\n"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def record(
    runs: Path,
    *saved: CheckpointSaved,
    run_id: str = "r1",
    outcome: str = "",
    experiment: str = "train",
    continues: str = "",
) -> Path:
    sink = RecordSink(runs)
    events: list[Event] = [
        RunStarted(run_id=run_id, experiment=experiment, config={}, continues=continues),
        *saved,
    ]
    if outcome:
        events.append(RunFinished(outcome=outcome, detail=""))  # type: ignore[arg-type]
    for seq, event in enumerate(events):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    sink.close()
    return runs / run_id


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / CHECKPOINTS).iterdir())


def test_the_state_comes_back_bit_for_bit(directory: Path) -> None:
    event = save(directory, 12, TENSORS, META)
    assert (event.step, event.file) == (12, "checkpoints/step-12.safetensors")
    tensors, meta = load(directory, event)
    assert meta == META
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name].nan_to_num(9), tensor.nan_to_num(9))
    assert torch.signbit(tensors["odd"][2])


def test_what_was_loaded_is_ones_own(directory: Path) -> None:
    event = save(directory, 1, TENSORS, {})
    load(directory, event)[0]["weight"].zero_()
    assert torch.equal(load(directory, event)[0]["weight"], BASE)
    assert load(directory, event)[1] == {}


@pytest.mark.fault(5)
def test_only_the_last_and_the_best_are_kept_and_leftovers_go(directory: Path) -> None:
    kept: list[CheckpointSaved] = []
    for step, best in ((1, True), (8, True), (9, False), (10, False), (100, False)):
        kept = worth_keeping([*kept, save(directory, step, TENSORS, META, best=best)])
    (directory / CHECKPOINTS / "step-3.safetensors.tmp").write_bytes(b"half")
    (directory / CHECKPOINTS / "notes.txt").write_bytes(b"somebody's own")
    forget(directory, kept)
    assert [event.step for event in kept] == [8, 10, 100]
    assert names(directory) == [
        "notes.txt",
        "step-10.safetensors",
        "step-100.safetensors",
        "step-8.safetensors",
    ]


def test_the_best_may_be_one_of_the_last(directory: Path) -> None:
    saved = [CheckpointSaved(step=s, file=f"f{s}", sha256="", best=s in (2, 7)) for s in range(9)]
    assert [event.step for event in worth_keeping(saved)] == [7, 8]
    assert [event.step for event in worth_keeping(saved[:7])] == [2, 5, 6]
    assert [event.step for event in worth_keeping([saved[5], saved[3], saved[2]])] == [2, 3, 5]
    assert len(worth_keeping(saved[3:7])) == KEPT


def test_a_file_that_a_log_may_tell_of_is_never_written_again(directory: Path) -> None:
    first = save(directory, 5, {"w": torch.zeros(2)}, META)
    again = save(directory, 5, {"w": torch.ones(2)}, META)
    assert (first.file, again.file) == (
        "checkpoints/step-5.safetensors",
        "checkpoints/step-5-2.safetensors",
    )
    assert load(directory, first)[0]["w"].tolist() == [0, 0]
    assert load(directory, again)[0]["w"].tolist() == [1, 1]


@pytest.mark.fault(33)
def test_files_are_private(directory: Path) -> None:
    event = save(directory, 1, TENSORS, META)
    assert stat.S_IMODE((directory / event.file).stat().st_mode) == 0o600


@pytest.mark.fault(6)
def test_every_flipped_byte_is_noticed(directory: Path) -> None:
    event = save(directory, 1, {"w": torch.ones(3)}, {"a": "b"})
    path = directory / event.file
    sound = path.read_bytes()
    for position in range(len(sound)):
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
        with pytest.raises(BadInput, match="damaged"):
            load(directory, event)
    path.write_bytes(sound[:-1])
    with pytest.raises(BadInput, match="damaged"):
        load(directory, event)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        load(directory, event)


@pytest.mark.parametrize("name", ["../../secret", "checkpoints/../x", "/etc/passwd", ""])
def test_a_log_cannot_lead_out_of_the_directory(directory: Path, name: str) -> None:
    with pytest.raises(BadInput, match="name of a checkpoint"):
        load(directory, CheckpointSaved(step=1, file=name, sha256=""))


@pytest.mark.fault(8)
def test_a_full_disk_leaves_the_one_before(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = save(directory, 1, TENSORS, META)

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            save(directory, 2, TENSORS, META)
    assert names(directory) == ["step-1.safetensors"]
    assert load(directory, event)[1] == META


def test_a_start_is_the_newest_in_the_log(tmp_path: Path) -> None:
    run = tmp_path / "r1"
    run.mkdir()
    saved = [save(run, step, {"w": torch.full((2,), float(step))}, META) for step in (5, 10)]
    kept = run.rename(tmp_path / "kept")
    run = record(tmp_path, *saved)
    (kept / CHECKPOINTS).rename(run / CHECKPOINTS)
    assert newest(run).step == 10
    start = start_from(tmp_path, "r1")
    assert (start.run_id, start.step, start.meta) == ("r1", 10, META)
    assert start.tensors["w"].tolist() == [10.0, 10.0]


def test_what_cannot_be_gone_on_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no readable log"):
        start_from(tmp_path, "nothing")
    with pytest.raises(BadInput, match="is not a run's id"):
        start_from(tmp_path, "../r1")
    record(tmp_path)
    with pytest.raises(BadInput, match="saved no checkpoint"):
        start_from(tmp_path, "r1")


def saved_run(runs: Path, *steps: int, outcome: str = "", experiment: str = "train") -> Path:
    """A run with these checkpoints that nobody writes any more."""
    (runs / "r1").mkdir(parents=True)
    saved = [save(runs / "r1", s, {"w": torch.full((2,), float(s))}, META) for s in steps]
    kept = (runs / "r1").rename(runs / "kept")
    run = record(runs, *saved, outcome=outcome, experiment=experiment)
    (kept / CHECKPOINTS).rename(run / CHECKPOINTS)
    return run


@pytest.mark.fault(6)
def test_where_the_newest_is_damaged_the_one_before_is_taken_and_that_is_told(
    tmp_path: Path,
) -> None:
    run = saved_run(tmp_path, 5, 10)
    path = run / CHECKPOINTS / "step-10.safetensors"
    sound = path.read_bytes()
    path.write_bytes(sound[:-3] + b"!" + sound[-2:])
    for resume in (False, True):
        start = start_from(tmp_path, "r1", resume)
        assert (start.step, start.tensors["w"].tolist()) == (5, [5.0, 5.0])
        (warning,) = start.warnings
        assert f"checkpoint {path} is damaged" in warning
        assert warning.endswith("going on from step 5")
    (run / CHECKPOINTS / "step-5.safetensors").unlink()
    with pytest.raises(BadInput, match=r"step-10.* is damaged.*, and none of 2 is whole;"):
        start_from(tmp_path, "r1")


def test_the_only_checkpoint_has_no_other(tmp_path: Path) -> None:
    (saved_run(tmp_path, 5) / CHECKPOINTS / "step-5.safetensors").unlink()
    with pytest.raises(BadInput, match=r"step-5\S* cannot be read: .*, and there is no other;"):
        start_from(tmp_path, "r1")


def test_the_latest_state_is_taken_in_whatever_order_they_were_written(tmp_path: Path) -> None:
    saved_run(tmp_path, 10, 5)
    assert start_from(tmp_path, "r1").step == 10


@pytest.mark.parametrize(
    ("outcome", "experiment", "message"),
    [
        ("completed", "train", "run r1 is complete: .* to do; mlp-tui replay r1 shows it$"),
        ("", "decay", "run r1 is of the experiment decay: only training runs"),
    ],
)
def test_what_has_no_rest_cannot_be_resumed(
    outcome: str, experiment: str, message: str, tmp_path: Path
) -> None:
    saved_run(tmp_path, 5, outcome=outcome, experiment=experiment)
    assert start_from(tmp_path, "r1").step == 5
    with pytest.raises(BadInput, match=message):
        start_from(tmp_path, "r1", resume=True)


def test_a_run_under_way_cannot_be_resumed(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(RunStarted(run_id="r1", experiment="train", config={}, seq=0))
    with pytest.raises(BadInput, match="run r1 is under way: mlp-tui attach r1"):
        start_from(tmp_path, "r1", resume=True)
    sink.close()


@pytest.mark.parametrize("outcome", ["stopped", "interrupted", "failed", "diverged", ""])
def test_whatever_else_ended_it_it_can(outcome: str, tmp_path: Path) -> None:
    saved_run(tmp_path, 5, outcome=outcome)
    start = start_from(tmp_path, "r1", resume=True)
    assert (start.resume, start.step) == (True, 5)
    assert [*start.warnings] == (
        ["run r1 has diverged, and the same numbers will lead there again"]
        if outcome == "diverged"
        else []
    )


def test_the_newest_that_can_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no run can be resumed"):
        resuming.chosen(tmp_path, "")
    saved_run(tmp_path, 5, outcome="stopped")
    assert resuming.chosen(tmp_path, "").run_id == "r1"
    assert resuming.chosen(tmp_path, "r").run_id == "r1"
    record(tmp_path, CheckpointSaved(step=1, file="", sha256=""), run_id="r2", continues="r1")
    assert resuming.chosen(tmp_path, "").run_id == "r2"
    assert resuming.chosen(tmp_path, "r1", fork=True).run_id == "r1"
    with pytest.raises(BadInput, match="r2 went on from run r1 already"):
        resuming.chosen(tmp_path, "r1")
