"""``mlp-tui export`` as a person types it."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recorded import ENDED, block, epoch, record, started

from cli import exits, export
from cli.main import main
from engine.export import csv_files
from engine.store import catalogue

RUN = "20251009-085320-3f9a1c"
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Typed]:
    """Types a command in an empty directory; gives its exit code and what it wrote."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "runs"))

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["export", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    record(tmp_path / "runs", [started(RUN), block(1, (1.0,) * 10), epoch(1), ENDED])
    return tmp_path / "runs"


def here() -> set[str]:
    return {path.name for path in Path.cwd().iterdir()}


@pytest.mark.parametrize(
    ("form", "made"),
    [
        ("csv", f"{RUN}-csv"),
        ("parquet", f"{RUN}-parquet"),
        ("tensorboard", f"{RUN}-tensorboard"),
        ("jsonl", f"{RUN}.jsonl"),
        ("svg", f"{RUN}.svg"),
        ("html", f"{RUN}.html"),
    ],
)
def test_every_form_lands_here_under_the_run_s_name(
    runs: Path, typed: Typed, form: str, made: str
) -> None:
    for library in {"parquet": ("pyarrow",), "tensorboard": ("tensorboardX",)}.get(form, ()):
        pytest.importorskip(library)
    assert typed("--to", form) == (exits.COMPLETED, f"{made}\n", "")
    assert here() == {made}
    code, out, err = typed("--to", form)
    assert code == exits.BAD_INPUT and not out and "--force" in err
    assert typed("last", "--to", form, "--force")[0] == exits.COMPLETED
    assert here() == {made}


@pytest.mark.parametrize("form", ["jsonl", "svg", "html"])
def test_force_replaces_nothing_but_an_export_of_this_form(
    runs: Path, typed: Typed, form: str
) -> None:
    log = runs / RUN / "events.jsonl"
    record, others = log.read_bytes(), {"jsonl", "svg", "html"} - {form}
    Path("thesis.txt").write_text("two years' work\n")
    Path("log").write_bytes(record)  # as another directory of runs may hold one
    for other in others:
        typed("--to", other, "--out", other)
    for taken in ("thesis.txt", "log", *others):
        before = Path(taken).read_bytes()
        code, _, err = typed("--to", form, "--out", taken, "--force")
        assert code == exits.BAD_INPUT
        assert f"{taken} is no earlier export of this form" in err and err.count("\n") == 1
        assert Path(taken).read_bytes() == before
    assert here() == {"thesis.txt", "log", *others}
    for force in ((), ("--force",)):
        code, _, err = typed("--to", form, "--out", str(log), *force)
        assert code == exits.BAD_INPUT and f"lies in the record of run {RUN}" in err
    assert log.read_bytes() == record


def test_a_run_is_named_as_everywhere(runs: Path, typed: Typed) -> None:
    catalogue.describe(runs / RUN, label="first try")
    for number, name in enumerate(("first try", RUN, RUN[:8], "last")):
        out = f"{number}.jsonl"
        assert typed(name, "--to", "jsonl", "--out", out) == (exits.COMPLETED, f"{out}\n", "")
    code, _, err = typed("frist try", "--to", "csv")
    assert code == exits.BAD_INPUT and "did you mean 'first try'" in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "--to is missing"),
        (("--to", "cvs"), "did you mean 'csv'?"),
        (("--to", "excel"), "takes one of csv, parquet, tensorboard, jsonl, svg, html"),
        (("--to", "csv", "--size", "80x24"), "--size says nothing about --to csv"),
        (("--to", "svg", "--every", "2"), "--every says nothing about --to svg"),
        (("--to", "svg", "--size", "80"), "COLUMNSxROWS from 40x12 to 500x200"),
        (("--to", "svg", "--size", "9999x9999"), "COLUMNSxROWS"),
        (("--to", "svg", "--theme", "pink"), "dark or light"),
        (("--to", "tensorboard", "--every", "0"), "from 1 on"),
        (("--to", "tensorboard", "--every", "-1"), "from 1 on"),
        (("--to", "csv", "--out", "missing/out"), "there is no directory missing"),
        (("--to", "jsonl", "--out", "-"), "--out -: an export is not written to standard output"),
        (("--to", "jsonl", "--out", "."), "--out . is a directory: give the export a name in it"),
        (("--to", "csv", "--outt", "x"), "did you mean '--out'?"),
        (("nobody", "--to", "csv"), "there is no run 'nobody'"),
        (("../x", "--to", "csv"), "there is no run"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    runs: Path, typed: Typed, words: tuple[str, ...], why: str
) -> None:
    code, out, err = typed(*words)
    assert code == exits.BAD_INPUT and not out
    assert why in err and err.count("\n") == 1
    assert not here()


def test_without_any_run_it_says_so(typed: Typed) -> None:
    code, _, err = typed("--to", "csv")
    assert code == exits.BAD_INPUT and "there is no run 'last'" in err


def test_a_run_under_way_is_told(tmp_path: Path, typed: Typed) -> None:
    sink = record(tmp_path / "runs", [started(RUN), block(1, (1.0,) * 3)], close=False)
    code, out, err = typed("--to", "csv")
    sink.close()
    assert (code, out) == (exits.COMPLETED, f"{RUN}-csv\n")
    assert err == f"run {RUN} is under way: {RUN}-csv is what it was at step 3\n"
    assert json.loads(Path(f"{RUN}-csv/run.json").read_text())["live"] is True


def test_damage_is_a_warning(runs: Path, typed: Typed) -> None:
    with (runs / RUN / "events.jsonl").open("ab") as log:
        log.write(b"garbage\n")
    code, _, err = typed("--to", "csv")
    assert code == exits.COMPLETED
    assert err == (
        "warning: the record is damaged: lines not read: 1 damaged; what is whole was exported\n"
    )


def test_a_missing_library_is_named_and_leaves_nothing(
    runs: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = typed("--to", "parquet")
    assert code == exits.BAD_INPUT and "pip install pyarrow\n" in err
    assert not here()


def test_a_full_disk_leaves_nothing(
    runs: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "hidden name")

    monkeypatch.setattr(csv_files, "write_about", full)
    code, out, err = typed("--to", "csv")
    assert (code, out) == (exits.FAILED, "")
    assert err == "mlp-tui: nothing was exported: No space left on device\n"
    assert not here()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_nothing(
    runs: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr(csv_files, "write_about", lambda *_: signal.raise_signal(number))
    assert typed("--to", "csv")[0] == exits.INTERRUPTED
    assert not here()
    assert signal.getsignal(number) is before


def test_a_picture_has_its_colours_where_the_terminal_wants_none(
    runs: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("--to", "svg", "--out", "with.svg")
    monkeypatch.setenv("NO_COLOR", "1")
    typed("--to", "svg", "--out", "without.svg")
    assert Path("with.svg").read_text() == Path("without.svg").read_text()
    assert os.environ.get("NO_COLOR") == "1"


def test_help_names_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    told = capsys.readouterr().out
    assert all(f"\n  {form} " in told for form in export.FORMS)
    assert "NaN, Infinity" in told and "formula" in told
