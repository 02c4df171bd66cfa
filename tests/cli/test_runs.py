"""``mlp-tui runs``: which runs there are, and what is done to them."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import CommandLine

from cli.main import main
from engine import events
from engine.replay import recording
from engine.store import catalogue
from engine.store.layout import LOG
from engine.store.record import RecordSink
from tui.app import Browse, DashboardApp
from tui.replay.no_link import NoLink

BAD = "\x1b]52;c;AAAA\x07[bold]\u202e\x9b2J"
Run = Callable[..., tuple[int, str, str]]


def record(runs: Path, run_id: str, outcome: str = "completed", **started: Any) -> RecordSink:
    """A run of two epochs as a session would write it; without an outcome it is under way."""
    said: list[events.AnyEvent] = [
        events.RunStarted(
            run_id=run_id,
            experiment="train",
            config={"epochs": 2, "seed": 3},
            steps_per_epoch=10,
            total_steps=20,
            time=float(len(list(runs.iterdir())) if runs.exists() else 0) + 1.0,
        ),
        events.StepsMeasured(first_step=1, loss=(1.0,) * 20, accuracy=(0.5,) * 20, lr=0.1),
        events.EpochFinished(
            epoch=2,
            step=20,
            train_loss=1.0,
            train_accuracy=0.5,
            test_loss=0.7,
            test_accuracy=0.812,
            seconds=1.0,
            samples_per_second=1.0,
        ),
    ]
    said[0] = msgspec.structs.replace(said[0], **started)
    if outcome:
        said.append(events.RunFinished(outcome=outcome, detail="", step=20))  # type: ignore[arg-type]
    sink = RecordSink(runs)
    for seq, event in enumerate(said):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    if outcome:
        sink.close()
    return sink


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The directory of three runs, the last of which goes on from the second."""
    place = tmp_path / "runs"
    record(place, "20251009-080000-aaaaaa")
    record(place, "20251009-090000-bbbbbb", "diverged", config={"lr": 1e9})
    record(place, "20251010-100000-cccccc", continues="20251009-090000-bbbbbb")
    return place


@pytest.fixture
def run(runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """``mlp-tui runs`` with these words; exit code, standard output and error."""

    def command(*words: str, typed: str | None = None) -> tuple[int, str, str]:
        if typed is not None:
            terminal = io.StringIO(typed)
            terminal.isatty = lambda: True  # type: ignore[method-assign]
            monkeypatch.setattr("sys.stdin", terminal)
        code = main(["runs", *words, "--runs-dir", str(runs)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def listed(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines() if line.startswith("2025")]


def test_the_list_has_the_newest_first_and_a_line_each(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert [name[-6:] for name in listed(out)] == ["cccccc", "bbbbbb", "aaaaaa"]
    assert "diverged →" in out and "lr 1e+09" in out and "2/2 epochs" in out and "81.2 %" in out
    assert "\x1b" not in out


def test_words_narrow_the_list(run: Run) -> None:
    assert [name[-6:] for name in listed(run("DIVERGED")[1])] == ["bbbbbb"]
    assert [name[-6:] for name in listed(run("seed", "20251009")[1])] == ["aaaaaa"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["nothing", "like", "that"], ""),
        (["list"], ""),
        (["lable"], "; did you mean 'label'?"),
        (["the", "basline"], "; did you mean 'the baseline'?"),
    ],
)
def test_words_that_no_run_matches_are_told_apart_from_no_runs(
    run: Run, words: list[str], hint: str
) -> None:
    run("label", "last", "the baseline")
    assert run(*words) == (
        0,
        f"no run matches {' '.join(words)!r}{hint} (without a word, mlp-tui runs lists 3 runs)\n",
        "",
    )


def test_words_that_no_run_matches_reach_no_terminal(run: Run) -> None:
    code, out, _ = run(BAD)
    assert code == 0 and out.strip().isprintable() and "no run matches" in out


def test_nothing_to_list_is_no_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "none"))
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == f"no runs in {tmp_path / 'none'}\n"
    assert main(["runs", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_json_is_an_object_for_each_run(run: Run, runs: Path) -> None:
    code, out, _ = run("--json")
    told = [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]
    assert code == 0 and [each["run_id"][-6:] for each in told] == ["cccccc", "bbbbbb", "aaaaaa"]
    second = told[1]
    assert (second["state"], second["live"]) == ("diverged", False)
    assert second["continued_by"] == ["20251010-100000-cccccc"]
    assert second["directory"] == str(runs / "20251009-090000-bbbbbb")
    assert second["best_accuracy"] == 0.812 and second["config"] == {"lr": 1e9}
    assert second["size"] >= (runs / second["run_id"] / LOG).stat().st_size
    assert [each["run_id"] for each in map(json.loads, run("lr", "--json")[1].splitlines())] == [
        second["run_id"]
    ]


def test_a_run_has_the_id_of_its_directory_whatever_its_log_says(run: Run, runs: Path) -> None:
    shutil.copytree(runs / "20251009-080000-aaaaaa", runs / "backup")
    (runs / "empty").mkdir()
    (runs / "empty" / LOG).touch()
    told = [json.loads(line) for line in run("--json")[1].splitlines()]
    ids = [each["run_id"] for each in told]
    assert sorted(ids)[-2:] == ["backup", "empty"] and len(set(ids)) == 5
    assert all(each["directory"] == str(runs / each["run_id"]) for each in told)
    assert {line.split()[0] for line in run()[1].splitlines()[1:]} == set(ids)
    assert run("rm", "backup", "--yes")[1].startswith("deleted backup (")
    assert (runs / "20251009-080000-aaaaaa").exists()


@pytest.mark.fault(3)
def test_one_damaged_line_is_one_event_for_every_reader(run: Run, runs: Path) -> None:
    log = runs / "20251009-080000-aaaaaa" / LOG
    log.write_bytes(log.read_bytes().replace(b"0.812", b"0.813"))
    told = json.loads(run("aaaaaa", "--json")[1])
    assert told["damaged"] == 1
    said = "20251009-080000-aaaaaa: 1 event of its record cannot be read; the rest is whole"
    assert run()[1].splitlines()[-1] == said
    recorded = recording(runs, "20251009-080000-aaaaaa")
    while not recorded.complete:
        recorded.look()
        recorded.read()
    assert recorded.damaged == 1
    recorded.close()


def test_a_label_names_the_run_from_then_on(run: Run, runs: Path) -> None:
    assert run("label", "20251009-08", "the baseline") == (0, "", "")
    assert run("note", "the baseline", "before the fix") == (0, "", "")
    about = catalogue.entry(runs, "20251009-080000-aaaaaa").about
    assert (about.label, about.note) == ("the baseline", "before the fix")
    out = run("before", "fix")[1]
    assert "the baseline" in out and "20251009-080000-aaaaaa" in out and len(listed(out)) == 1
    assert run("label", "the baseline", "") == (0, "", "")
    assert "the baseline" not in run()[1]
    assert catalogue.entry(runs, "20251009-080000-aaaaaa").about.note == "before the fix"


def test_a_label_may_begin_with_a_dash(run: Run, runs: Path) -> None:
    assert main(["runs", "label", "--runs-dir", str(runs), "last", "--", "-1e-3"]) == 0
    assert catalogue.entry(runs, "20251010-100000-cccccc").about.label == "-1e-3"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rm", "2025zz", "--yes"], "there is no run '2025zz'"),
        (["rm", "20251009", "--yes"], "may be any of"),
        (["rm", "../runs", "--yes"], "there is no run '../runs'"),
        (["rm", BAD, "--yes"], "there is no run ']52;c;AAAA[bold]2J'"),
        (["rm", "", "--yes"], "there is no run ''"),
        (["rm", "--yes"], "RUN"),
        (["label", "nobody", "x"], "there is no run 'nobody'"),
        (["label", "last", "x" * 65], "at most 64 printable characters"),
        (["label", "last", BAD], "at most 64 printable characters"),
        (["note", "last", "two\nlines"], "at most 2000 printable characters"),
        (["note", "last"], "TEXT (see mlp-tui runs note --help)"),
        (["note", "last", "-x"], "; a note that begins with a dash goes behind --"),
        (["stop", "last"], "is not under way (completed)"),
        (["stop"], "RUN"),
        (["--nonsense"], "unknown flag '--nonsense'"),
        (["--browse"], "needs a terminal; mlp-tui runs lists them without"),
        (["--browse", "--json"], "--browse opens a screen"),
        (["--browse", "relu"], "--browse opens a screen"),
    ],
)
def test_bad_input_is_one_clean_line_and_2(
    run: Run, runs: Path, words: list[str], sentence: str
) -> None:
    before = catalogue.entries(runs)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert sentence in err and err.startswith("mlp-tui: ")
    assert len(err.splitlines()) == 1 and err.strip().isprintable()
    assert catalogue.entries(runs) == before


def test_deleting_asks_and_only_yes_is_yes(run: Run, runs: Path) -> None:
    for answer in ("\n", "n\n", "no\n", "", "j\n", "yes please\n"):
        code, out, _ = run("rm", "last", typed=answer)
        assert code == 0 and out.endswith("nothing was deleted\n")
        assert "Delete this run? [y/N]" in out and "20251010-100000-cccccc" in out
    assert len(catalogue.entries(runs)) == 3
    code, out, _ = run("rm", "last", typed="y\n")
    assert code == 0 and "deleted 20251010-100000-cccccc (" in out
    assert len(catalogue.entries(runs)) == 2


def test_the_question_says_who_goes_on_from_what_would_go(run: Run, runs: Path) -> None:
    out = run("rm", "20251009-09", "20251009-08", typed="YES\n")[1]
    assert "20251010-100000-cccccc goes on from 20251009-090000-bbbbbb: its past goes too" in out
    assert "Delete these 2 runs?" in out
    assert [entry.run_id[-6:] for entry in catalogue.entries(runs)] == ["cccccc"]


def test_nobody_to_ask_is_no_yes(run: Run, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, _, err = run("rm", "last")
    assert code == 2 and "give --yes" in err
    assert len(catalogue.entries(runs)) == 3
    code, out, _ = run("rm", "last", "last", "20251009-08", "--yes")
    assert code == 0 and out.count("deleted ") == 2
    assert [entry.run_id[-6:] for entry in catalogue.entries(runs)] == ["bbbbbb"]


@pytest.mark.parametrize("log", ["none", "a pipe", "a link", "a directory"])
def test_a_run_without_a_log_that_can_be_read_is_deleted(run: Run, runs: Path, log: str) -> None:
    broken = runs / "broken"
    shutil.copytree(runs / "20251009-080000-aaaaaa", broken)
    (broken / LOG).unlink()
    if log == "a pipe":
        os.mkfifo(broken / LOG)
    elif log == "a link":
        (broken / LOG).symlink_to(runs / "20251009-080000-aaaaaa" / LOG)
    elif log == "a directory":
        (broken / LOG).mkdir()
    assert "broken" not in run()[1]
    code, out, _ = run("rm", "broken", typed="n\n")
    assert code == 0 and "Delete this run? [y/N]" in out and broken.exists()
    assert any(line.split()[:2] == ["broken", "unreadable"] for line in out.splitlines())
    code, out, _ = run("rm", "broken", "20251010", "--yes")
    assert code == 0 and "deleted broken (" in out and "deleted 20251010-100000-cccccc (" in out
    assert not broken.exists() and len(catalogue.entries(runs)) == 2


def test_a_directory_of_other_things_is_refused(run: Run, runs: Path) -> None:
    (runs / "documents").mkdir()
    (runs / "documents" / "thesis.tex").touch()
    code, out, err = run("rm", "20251010", "documents", "--yes")
    assert (code, out) == (2, "")
    assert err == f"mlp-tui: {runs}/documents is not a run's directory: it holds 'thesis.tex'\n"
    assert (runs / "documents" / "thesis.tex").exists() and len(catalogue.entries(runs)) == 3


@pytest.mark.parametrize("what", ["a link", "a link to nothing", "a file", "a directory"])
def test_whatever_lies_where_the_deleted_go_is_in_nobodys_way(
    run: Run, runs: Path, tmp_path: Path, what: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    trash = runs / ".removed-20251010-100000-cccccc"
    if what == "a file":
        trash.touch()
    elif what == "a directory":
        (trash / "left").mkdir(parents=True)
    else:
        trash.symlink_to(elsewhere if what == "a link" else tmp_path / "nothing")
    assert run("rm", "20251010", "--yes")[0] == 0
    assert elsewhere.exists() and not trash.is_symlink() and not trash.exists()
    assert len(catalogue.entries(runs)) == 2


@pytest.fixture
def live(runs: Path) -> Iterator[str]:
    """A run under way in this very process, which nobody else can steer."""
    with closing(record(runs, "20251011-110000-dddddd", outcome="")) as sink:
        assert sink.directory
        yield sink.directory.name


def test_a_run_under_way_is_refused_and_the_others_with_it(run: Run, runs: Path, live: str) -> None:
    assert "running" in run()[1]
    code, out, err = run("rm", "20251009-08", live, "--yes")
    assert (code, out) == (2, "")
    assert err == f"mlp-tui: run {live} is under way: stop it first; nothing was deleted\n"
    assert len(catalogue.entries(runs)) == 4


def test_a_run_of_a_program_of_its_own_cannot_be_stopped(run: Run, live: str) -> None:
    code, _, err = run("stop", live)
    assert code == 2 and "belongs to a program of its own" in err


def test_what_cannot_be_written_is_a_sentence(
    run: Run, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(catalogue, "write_whole", broken)
    code, _, err = run("label", "last", "x")
    assert (code, err) == (2, "mlp-tui: the label cannot be kept: Read-only file system\n")
    monkeypatch.setattr(Path, "rename", broken)
    code, _, err = run("rm", "last", "--yes")
    assert code == 2 and "20251010-100000-cccccc cannot be deleted: Read-only file system" in err


def test_hostile_texts_reach_no_terminal(run: Run, runs: Path) -> None:
    record(runs, "20251012-120000-eeeeee", experiment=BAD, config={BAD: BAD, "seed": [BAD]})
    (runs / "20251012-120000-eeeeee" / "about.json").write_text(
        json.dumps({"label": BAD, "note": BAD})
    )
    for words in ((), ("rm", "20251012")):
        out = run(*words, typed="n\n")[1]
        assert "[bold]" in out
        assert not any(c in out for c in "\x1b\x07\x9b\u202e")


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["rm", "--help"], ["stop", "--help"], ["label", "--help"]):
        with pytest.raises(SystemExit) as left:
            main(["runs", *words])
        assert left.value.code == 0
    out = capsys.readouterr().out
    assert all(f"mlp-tui runs {verb}" in out for verb in ("rm", "label", "note", "stop"))


def test_a_run_left_to_itself_is_listed_and_stopped(command: CommandLine) -> None:
    endless = command.train("--epochs", "100000", "--batch-size", "8", "--detach")
    code, _, err = command.run(*endless)
    assert code == 0, err
    where = ("--runs-dir", str(command.runs))
    told = json.loads(command.run("runs", "--json", *where)[1])
    assert (told["state"], told["live"]) == ("running", True)
    code, _, err = command.run("runs", "rm", "last", "--yes", *where)
    assert code == 2 and "stop it first" in err
    code, out, err = command.run("runs", "stop", "last", *where)
    assert (code, err) == (0, "") and out.startswith("stopped at step ")
    told = json.loads(command.run("runs", "--json", *where)[1])
    assert (told["state"], told["live"]) == ("stopped", False)
    assert told["detail"] == "stopped by mlp-tui runs stop"
    code, out, _ = command.run("runs", "rm", "last", "--yes", *where)
    assert code == 0 and list(command.runs.iterdir()) == []


def test_browsing_opens_the_list_and_no_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[DashboardApp] = []

    def ran(app: DashboardApp) -> None:
        opened.append(app)

    monkeypatch.setattr("cli.dashboard.no_screen", lambda: "")
    monkeypatch.setattr(DashboardApp, "run", ran)
    assert run("--browse") == (0, "", "")
    (app,) = opened
    assert isinstance(app._opening, Browse) and isinstance(app.hub.link, NoLink)
