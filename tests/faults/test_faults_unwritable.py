"""A directory of runs that takes nothing more: what is there is still read, stopped and deleted."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_link import FakeLink
from log_bench import NAMESPACE, PATIENCE, own_mounts
from recorded import ENDED, block, epoch, record, started

from cli import exits
from cli.main import main
from engine.config import RunConfig
from engine.errors import BadInput
from engine.store import catalogue
from engine.store.layout import VARIABLE, runs_directory, writable_runs_directory
from tui.app import Browse, DashboardApp
from tui.screens.runs import RunsScreen

RUN = "20251009-085320-3f9a1c"


def long_record(runs: Path) -> None:
    """A run whose log is so long that what a list tells of it is worth keeping."""
    blocks = [block(first, (1.0,) * 500) for first in range(1, 20_000, 500)]
    record(runs, [started(RUN), *blocks, epoch(1), ENDED])


@pytest.fixture(params=[errno.ENOSPC, errno.EROFS])
def unwritable(
    runs: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> OSError:
    """A directory with one run, in which nothing can be made any more: full, or read-only."""
    long_record(runs)
    monkeypatch.setenv(VARIABLE, str(runs))
    error = OSError(request.param, os.strerror(request.param))
    make, open_ = os.mkdir, os.open

    def within(path: Any) -> bool:
        return os.path.abspath(os.fspath(path)).startswith(str(runs))  # noqa: PTH100

    def mkdir(path: Any, *rest: Any, **more: Any) -> None:
        if within(path):
            raise error
        make(path, *rest, **more)

    def opened(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_CREAT and within(path):
            raise error
        return open_(path, flags, *rest, **more)

    monkeypatch.setattr(os, "mkdir", mkdir)
    monkeypatch.setattr(os, "open", opened)
    return error


@pytest.mark.fault(7, 10)
def test_what_is_recorded_is_listed_exported_and_deleted(
    runs: Path, unwritable: OSError, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == exits.COMPLETED
    assert RUN in capsys.readouterr().out
    assert not list(runs.glob(f"{RUN}/summary*"))
    assert main(["export", "--to", "jsonl", "--out", str(tmp_path / "out")]) == exits.COMPLETED
    assert main(["runs", "label", RUN, "first"]) == exits.BAD_INPUT
    err = capsys.readouterr().err
    assert err == f"mlp-tui: the label cannot be kept: {unwritable.strerror}\n"
    assert main(["runs", "stop", RUN]) == exits.BAD_INPUT
    assert "is not under way (completed)" in capsys.readouterr().err
    assert main(["runs", "rm", "--yes", RUN]) == exits.COMPLETED
    assert catalogue.entries(runs) == []


@pytest.mark.fault(7, 10)
def test_only_who_begins_a_record_is_told_that_it_cannot_be(
    runs: Path, unwritable: OSError, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runs_directory() == runs
    with pytest.raises(BadInput, match=r"cannot be written: .*; give --runs-dir"):
        writable_runs_directory()
    for words in (["train", "--detach"], ["resume"]):
        assert main(words) == exits.BAD_INPUT
        assert f"cannot be written: {unwritable.strerror}" in capsys.readouterr().err


@pytest.mark.fault(7, 10)
@pytest.mark.usefixtures("unwritable")
async def test_the_dashboard_opens_and_lists_what_is_there(runs: Path) -> None:
    app = DashboardApp(FakeLink(), RunConfig(), autostart=False, opening=Browse())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, RunsScreen)
    assert app.log_place(RUN) == f"{runs}{os.sep}{RUN}"


REAL = """
import subprocess, sys
from pathlib import Path
from recorded import ENDED, record, started
from cli.main import main

runs, out = Path(sys.argv[1]), sys.argv[2]
def mounted(*options):
    subprocess.run(["mount", *options, str(runs)], check=True)

mounted("-t", "tmpfs", "-o", "size=512k,nr_inodes=40,mode=700", "tmpfs")
record(runs, [started("a"), ENDED])
record(runs, [started("b"), ENDED])
try:
    for number in range(100):
        (runs / f"ballast{number}").write_bytes(bytes(40 << 10))
except OSError as error:
    print(error.strerror, flush=True)
    where = ("--runs-dir", str(runs))
    print(main(["runs", *where]))
    print(main(["export", "a", "--to", "jsonl", "--out", out, *where]))
    print(main(["runs", "rm", "--yes", "a", *where]))
    mounted("-o", "remount,ro")
    print(main(["runs", *where]))
    print(main(["export", "b", "--to", "jsonl", "--out", out + "2", *where]))
    print(main(["runs", "rm", "--yes", "b", *where]))
"""


@pytest.mark.fault(7, 10)
@pytest.mark.skipif(not own_mounts(), reason="needs a file system of its own to fill")
def test_a_real_file_system_that_is_full_and_then_read_only(
    repository: Path, runs: Path, tmp_path: Path
) -> None:
    runs.mkdir()
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-c", REAL, str(runs), str(tmp_path / "out")],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": f"{repository}:{repository / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout
    codes = [int(line) for line in done.stdout.splitlines() if line.isdecimal()]
    assert codes == [exits.COMPLETED] * 5 + [exits.BAD_INPUT]
    assert done.stderr == "mlp-tui: run b cannot be deleted: Read-only file system\n"
