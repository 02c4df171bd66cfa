"""An export is whole or not there, and takes nobody's place."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded import ENDED, block, record, started

from engine.errors import BadInput
from engine.export import staging
from engine.export.csv_files import write_csv
from engine.export.earlier import is_earlier
from engine.export.source import surveyed
from engine.export.staging import keep_out, staged


@pytest.fixture(params=[0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def export(runs: Path, target: Path, *, force: bool = False) -> None:
    with staged(target, directory=True, force=force) as place:
        write_csv(surveyed(runs, "a"), place)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    record(tmp_path / "runs", [started(), block(1, (1.0,)), ENDED])
    return tmp_path / "runs"


def test_modes_are_those_of_the_umask(runs: Path, tmp_path: Path, umask: int) -> None:
    export(runs, tmp_path / "out")
    with staged(tmp_path / "f.svg", directory=False, force=False) as place:
        place.write_text("x")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (tmp_path / "out" / "steps.csv").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "f.svg").stat().st_mode & 0o777 == 0o666 & ~umask
    assert names(tmp_path) == {"runs", "out", "f.svg"}


def test_what_is_there_is_not_overwritten_unasked(runs: Path, tmp_path: Path) -> None:
    export(runs, tmp_path / "out")
    before = names(tmp_path / "out")
    with pytest.raises(BadInput, match="--force"):
        export(runs, tmp_path / "out")
    (tmp_path / "out" / "steps.csv").write_text("old")
    export(runs, tmp_path / "out", force=True)
    assert names(tmp_path / "out") == before
    assert (tmp_path / "out" / "steps.csv").read_text() != "old"
    assert names(tmp_path) == {"runs", "out"}


def test_force_never_deletes_what_is_not_an_export(runs: Path, tmp_path: Path) -> None:
    export(runs, tmp_path / "out")
    (tmp_path / "out" / "my-plot.py").write_text("mine")
    with pytest.raises(BadInput, match="my-plot"):
        export(runs, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "my-plot.py").read_text() == "mine"
    with pytest.raises(BadInput, match="no export has put there"):
        export(runs, tmp_path / "runs", force=True)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for target in ("file", "link"):
        with pytest.raises(BadInput, match="--out"):
            export(runs, tmp_path / target, force=True)
    with (
        pytest.raises(BadInput, match="no file"),
        staged(tmp_path / "out", directory=False, force=True),
    ):
        pytest.fail("it must not begin")


def test_a_run_s_own_record_is_no_export(runs: Path) -> None:
    """Its run.json is of another kind, whatever it lists."""
    with pytest.raises(BadInput, match="no export has put there"):
        export(runs, runs / "a", force=True)
    assert "events.jsonl" in names(runs / "a")


@pytest.mark.parametrize("content", ["mine", "", "an export"])
def test_force_replaces_a_file_only_when_it_is_an_export_or_empty(
    tmp_path: Path, content: str
) -> None:
    target = tmp_path / "out"
    target.write_text(content)
    with contextlib.ExitStack() as stack:
        if content == "mine":
            stack.enter_context(pytest.raises(BadInput, match="no earlier export of this form"))
        place = stack.enter_context(
            staged(target, directory=False, force=True, marked=lambda start: start == b"an export")
        )
        place.write_text("new")
    assert target.read_text() == ("mine" if content == "mine" else "new")


def test_what_cannot_be_looked_at_is_no_export(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not is_earlier(tmp_path / "pipe", lambda start: True)


@pytest.mark.parametrize("out", ["runs/a/events.jsonl", "runs/a/checkpoints/new", "runs/a", "way"])
def test_a_record_takes_nothing_from_an_export(runs: Path, tmp_path: Path, out: str) -> None:
    (tmp_path / "way").symlink_to(runs / "a" / "new")
    with pytest.raises(BadInput, match="lies in the record of run a"):
        keep_out(tmp_path / out, runs)


@pytest.mark.parametrize("out", ["runs/new", "runs", "out/events.jsonl", "runs/b/new"])
def test_beside_records_there_is_room(runs: Path, tmp_path: Path, out: str) -> None:
    (runs / "b").mkdir()
    keep_out(tmp_path / out, runs)


def test_there_must_be_a_place(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no directory"):
        export(runs, tmp_path / "missing" / "out")


@pytest.mark.parametrize(
    ("out", "named"), [(".", "./run"), ("..", "../run"), ("/", "/run"), ("./", "./run")]
)
@pytest.mark.parametrize("force", [True, False])
def test_what_has_no_name_cannot_be_made(runs: Path, out: str, named: str, *, force: bool) -> None:
    with pytest.raises(BadInput, match=f"is a directory: give .* as {re.escape(named)}$"):
        export(runs, Path(out), force=force)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("directory", [True, False])
def test_an_export_that_breaks_off_leaves_nothing(
    tmp_path: Path, error: BaseException, directory: bool
) -> None:
    with (
        pytest.raises(type(error)),
        staged(tmp_path / "out", directory=directory, force=False) as place,
    ):
        (place / "half" if directory else place).write_text("half")
        raise error
    assert not names(tmp_path)


def test_a_disk_that_is_full_at_the_last_moment(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(runs, tmp_path / "out")
    kept = (tmp_path / "out" / "steps.csv").read_text()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        export(runs, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "steps.csv").read_text() == kept
    assert names(tmp_path) == {"runs", "out"}


def test_when_the_new_one_cannot_be_moved_the_old_one_is_back(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(runs, tmp_path / "out")
    there = names(tmp_path / "out")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.suffix == ".tmp":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError):
        export(runs, tmp_path / "out", force=True)
    assert names(tmp_path / "out") == there
    assert names(tmp_path) == {"runs", "out"}


def test_somebody_else_may_be_quicker(runs: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput, match="exists"),
        staged(tmp_path / "f", directory=False, force=False) as place,
    ):
        place.write_text("ours")
        (tmp_path / "f").write_text("theirs")
    assert (tmp_path / "f").read_text() == "theirs"
