"""Hostile text: in names, data, notes and records, on every front end."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import fake_experiment
import msgspec
import pytest
import shown_experiment
import synthetic_predictions
import synthetic_run
from driving import Driver, new_app
from fake_link import FakeLink
from hostile import ATTACKS, MARK, MARKUP, poisoned, raw_bytes, steering
from pseudo_terminal import Terminal
from rich.console import Console

from cli.json_lines import printable
from cli.progress import Bar, Lines
from cli.summary import summary
from engine import events
from engine.config import RunConfig
from engine.errors import BadInput, did_you_mean
from engine.experiments.contract import Experiment
from engine.link import Held, Lost, Progress, Refused
from engine.store import catalogue
from engine.store.record import RecordSink
from tui.app import DashboardApp
from tui.capabilities import FULL
from tui.lab.state import Lab
from tui.run_view import RunView, fold
from tui.runs.listing import row

TEXTS = [*ATTACKS, *MARKUP]
NAMES = [text.encode("unicode_escape", "surrogatepass").decode() for text in TEXTS]
FEW = (ATTACKS[0], ATTACKS[4], ATTACKS[6], ATTACKS[8], MARKUP[0], MARKUP[1], MARKUP[4])
EVERY_TEXT = pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=() if text in FEW else pytest.mark.slow)
        for text, name in zip(TEXTS, NAMES, strict=True)
    ],
)


def told(text: str) -> list[events.AnyEvent]:
    """A run whose every string is hostile: notes, classes, layers, curves, sentences."""
    note = events.Noted(text="a note", level="error")
    applied = events.ControlApplied(step=1, what="pause", before="a", after="b", note="why")
    middle = [*synthetic_run.run()[1:-1], synthetic_predictions.measured(), note, applied]
    said = [synthetic_run.run()[0], *middle, synthetic_run.run()[-1]]
    return [poisoned(event, text) for event in said]


def rendered(app: DashboardApp) -> str:
    """Everything that the screen hands to the terminal as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(segment.text for strip in strips for segment in strip if not segment.control)


def actions(app: DashboardApp) -> list[object]:
    """What a click somewhere on the screen would do, beyond Textual's own."""
    strips = app.screen._compositor.render_strips()
    metas = [segment.style.meta for strip in strips for segment in strip if segment.style]
    return [meta for meta in metas if any(str(key).startswith("@") for key in meta)]


def links(app: DashboardApp) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return [s.style.link for strip in strips for s in strip if s.style and s.style.link]


def assert_harmless(app: DashboardApp) -> str:
    text = rendered(app)
    assert steering(text.replace("\n", "")) == []
    assert links(app) == []
    assert not [each for each in actions(app) if MARK in str(each) or "app.quit" in str(each)]
    return text


KEYS = ("p", "enter", "escape", "?", "escape", "q", "escape", "ctrl+p", "escape", "1", "escape")


@pytest.mark.fault(34, 35)
@EVERY_TEXT
async def test_the_dashboard_and_its_screens(text: str) -> None:
    app = new_app()
    seen = ""
    async with app.run_test(size=(150, 50)) as pilot:
        driver = Driver(app, pilot)
        *running, finished = told(text)
        for news in (
            [Progress(f"reading {text}", 1, 2)],
            [*running],
            [Held(f"no room {text}")],
            [Held("")],
            [finished],
            [Refused(f"no {text}")],
            [Lost(f"gone {text}")],
        ):
            await driver.feed(news)
            seen += assert_harmless(app)
        for key in KEYS:
            await driver.press(key)
            seen += assert_harmless(app)
    assert MARK in seen
    if text in MARKUP:
        assert text[:10] in seen  # literally


@pytest.mark.fault(34, 35)
@EVERY_TEXT
@pytest.mark.parametrize("experiment", [shown_experiment.SHOWN, fake_experiment.GROWTH])
async def test_the_laboratory(text: str, experiment: Experiment) -> None:
    shown = experiment is shown_experiment.SHOWN
    said = shown_experiment.shown_run() if shown else fake_experiment.run()
    app = DashboardApp(
        FakeLink(),
        RunConfig(),
        capabilities=FULL,
        autostart=False,
        experiments=(experiment,),
    )
    async with app.run_test(size=(150, 50)) as pilot:
        driver = Driver(app, pilot)
        app.open_experiment(experiment.name)
        await pilot.pause()
        assert isinstance(app.lab, Lab)
        await driver.feed([poisoned(event, text) for event in said])
        assert MARK in assert_harmless(app)


@pytest.mark.fault(34, 35)
@EVERY_TEXT
def test_headless(text: str) -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=200, markup=False, emoji=False)
    for watcher in (Lines(console), Bar(console)):
        view = RunView()
        watcher.prepare(f"reading {text}", 1, 2)
        for event in told(text):
            view = fold(event, view)
            watcher.show(event, view)
        watcher.hold(text)
        watcher.close()
        console.print(summary(view, "/runs/x"))
    said = written.getvalue()
    assert MARK in said
    assert raw_bytes(said.encode(errors="surrogatepass")) == []
    if text in MARKUP:
        assert text[:9] in said


@pytest.mark.fault(34)
@pytest.mark.parametrize("text", ATTACKS, ids=NAMES[: len(ATTACKS)])
def test_a_recorded_run_in_a_list(runs: Path, text: str) -> None:
    if "\udc9b" in text:
        with pytest.raises(UnicodeEncodeError):  # no such text can be in a record
            events.encode(events.Noted(text=text))
        return
    started = poisoned(synthetic_run.run()[0], text)
    config = {"data": text, "init": text, text: text}
    said = [
        msgspec.structs.replace(started, seq=0, run_id="r1", config=config),
        events.RunFinished(seq=1, outcome="completed", detail=text),
    ]
    sink = RecordSink(runs)
    for event in said:
        sink.accept(event)
    sink.close()
    (entry,) = catalogue.entries(runs)
    for cell in msgspec.to_builtins(row(entry, 0.0)).values():
        assert steering(str(cell)) == []
    with pytest.raises(BadInput, match="one line of at most 64 printable characters"):
        catalogue.describe(entry.directory, label=f"a{text}b")


@pytest.mark.fault(34)
@pytest.mark.parametrize("text", ATTACKS, ids=NAMES[: len(ATTACKS)])
def test_sentences_about_what_was_typed(runs: Path, text: str) -> None:
    from cli.main import main

    hint = did_you_mean(f"relu{text}", ["relu"])
    for words in (
        [f"x{text}"],
        ["train", "--data", f"{text}.csv"],
        ["train", "--init", text],
        ["train", f"--{text}", "1"],
        ["train", "--hidden", text],
        ["runs", "label", text, text],
        ["runs", "rm", text],
        ["replay", text],
        ["attach", text],
        ["lab", text],
        ["resume", text],
        ["export", text, "--to", text],
    ):
        errors = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", errors)
            patch.setenv("MLP_TUI_RUNS", str(runs))
            assert main(words) == 2
        assert steering(errors.getvalue().replace("\n", "")) == [], words
        assert errors.getvalue().splitlines()[-1].startswith("mlp-tui: ")
    assert isinstance(hint, str)


@pytest.mark.fault(34)
@pytest.mark.parametrize("text", [t for t in ATTACKS if "\udc9b" not in t])
def test_json_on_a_terminal_is_the_same_json(text: str) -> None:
    event = events.Noted(seq=1, text=f"ä{text}")
    line = printable(events.encode(event))
    assert steering(line.decode()) == []
    assert events.decode(line) == event
    assert "ä".encode() in line


@pytest.fixture
def evil_csv(tmp_path: Path) -> Path:
    """Data whose name, columns and labels are hostile."""
    path = (
        tmp_path / "evil\x1b]52;c;UEVSSUw=\x07\x1b[31;7mPERIL\u202e[bold]; touch x $(touch y).csv"
    )
    rows = [
        f"{i},{1 - i % 2},\x1b]52;c;UEVSSUw=\x07[@click=app.quit]{i % 2}\u202e" for i in range(80)
    ]
    path.write_text("\n".join(["a\x9b2J,b,label", *rows]))
    return path


@pytest.mark.fault(34, 35, 36)
@pytest.mark.parametrize("output", [(), ("--json",)])
def test_a_run_on_hostile_data_without_a_screen(
    repository: Path, runs: Path, evil_csv: Path, output: Sequence[str]
) -> None:
    words = ["train", "--data", str(evil_csv), "--epochs", "1", "--threads", "1", *output]
    terminal = Terminal(words, directory=repository, runs=runs)
    with closing(terminal):
        assert terminal.end() == 0
    assert raw_bytes(terminal.written) == []
    assert MARK.encode() in terminal.written
    assert not list(evil_csv.parent.glob("[xy]"))
    assert not [repository / name for name in "xy" if (repository / name).exists()]


@pytest.mark.fault(34, 35)
def test_the_dashboard_on_hostile_data_in_a_terminal(
    repository: Path, runs: Path, evil_csv: Path
) -> None:
    words = ["--data", str(evil_csv), "--epochs", "2", "--threads", "1"]
    terminal = Terminal(words, directory=repository, runs=runs, columns=150, lines=50)
    with closing(terminal):
        terminal.expect("(?i)completed")
        terminal.press("p")
        terminal.expect(r"\]52;c;UEV")
        terminal.press("\x11")
        assert terminal.end() == 0
    assert raw_bytes(terminal.written) == []


@pytest.mark.fault(34, 35)
def test_a_hostile_record_is_replayed_in_a_terminal(repository: Path, runs: Path) -> None:
    sink = RecordSink(runs)
    for attack in ATTACKS:
        if "\udc9b" not in attack:
            text = f"{attack}[bold][@click=app.quit]"
    said = [
        event
        for attack in ATTACKS
        if "\udc9b" not in attack
        for event in told(f"{attack}{MARKUP[1]}")[1:-1]
    ]
    first, last = told(text)[0], told(text)[-1]
    for seq, event in enumerate([first, *said[:600], last]):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    sink.close()
    terminal = Terminal(["replay"], directory=repository, runs=runs, columns=150, lines=50)
    with closing(terminal):
        terminal.expect(MARK)
        terminal.press("\x1b[D\x1b[D")
        terminal.press("p")
        terminal.expect("confusion")
        terminal.press("\x11")
        assert terminal.end() == 0
    assert raw_bytes(terminal.written) == []
    listed = subprocess.run(
        [sys.executable, "-m", "cli", "runs"],
        cwd=repository,
        env={**os.environ, "MLP_TUI_RUNS": str(runs)},
        capture_output=True,
        check=True,
    )
    assert raw_bytes(listed.stdout + listed.stderr) == []


SHELLS = (
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "pty.spawn",
)


def calls(repository: Path) -> Iterator[tuple[str, ast.Call]]:
    for area in ("engine", "tui", "cli", "benchmarks"):
        for path in (repository / area).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(repository)}:{node.lineno}", node


@pytest.mark.fault(36)
def test_no_shell_is_ever_asked(repository: Path) -> None:
    found = []
    for place, call in calls(repository):
        name = ast.unparse(call.func)
        shell = [ast.unparse(word.value) for word in call.keywords if word.arg == "shell"]
        if name in SHELLS or name.startswith("os.exec") or shell not in ([], ["False"]):
            found.append(f"{place} {name}")
        of_text = call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
        if name.startswith("subprocess.") and of_text:
            found.append(f"{place} {name} of a text")
    assert found == []


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "name", ["; touch x", "$(touch x)", "`touch x`", "| touch x", "&& touch x"]
)
def test_a_name_is_only_a_name(
    repository: Path, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from cli.main import main

    sink = RecordSink(runs)
    sink.accept(msgspec.structs.replace(synthetic_run.run()[0], seq=0, run_id="r1"))
    sink.close()
    monkeypatch.setenv("MLP_TUI_RUNS", str(runs))
    monkeypatch.chdir(tmp_path)
    assert main(["runs", "label", "r1", name]) == 0
    assert main(["runs", "note", name, name]) == 0
    assert main(["runs", name]) == 0
    assert main(["train", "--data", f"{name}.csv"]) == 2
    assert catalogue.entry(runs, "r1").name == name
    assert main(["runs", "rm", name, "--yes"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert list(runs.iterdir()) == []
