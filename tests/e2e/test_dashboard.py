"""The dashboard as a person meets it: on a terminal, with its engine, to its end."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from pseudo_terminal import Open, Terminal

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds the engine's process in /proc"
)
LONG = ("--epochs", "100000", "--batch-size", "32")
LOSS = r"loss +\d\.\d"


def alive(pid: int) -> bool:
    """Whether a process of this number still runs."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def libraries(pid: int) -> set[str]:
    """Which of torch and numpy a process has mapped."""
    mapped = Path(f"/proc/{pid}/maps").read_text()
    return {name for name in ("libtorch", "numpy") if name in mapped}


def test_a_run_starts_by_itself_and_its_end_stays_on_screen(open_terminal: Open) -> None:
    terminal = open_terminal("--epochs", "3")
    terminal.expect("small")
    terminal.expect("hidden1")
    terminal.expect("(?i)completed")
    terminal.press("q")
    assert terminal.end() == 0
    terminal.assert_restored()


def test_switches_keep_the_last_runs_as_ghosts_and_a_run_is_held_and_goes_on(
    open_terminal: Open,
) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    terminal.press("i")
    terminal.expect("init normal.* → zeros +┈ normal 0.01")
    terminal.expect(
        r"init zeros(.|\n)*step +[\d,]+\d{3}/"
    )  # a run that was only passed leaves no ghost
    terminal.press("a")
    terminal.expect("activation relu → leaky_relu +┈ relu zeros.*┈ relu normal 0.01")
    leave(terminal)


def test_a_run_that_cannot_be_is_explained_in_a_panel(open_terminal: Open) -> None:
    terminal = open_terminal("--preset", "w1-square")
    terminal.expect("That cannot be run")
    terminal.expect(r"W1 is \(256, 256\)")
    terminal.press("q")
    assert terminal.end() == 0
    terminal.assert_restored()


def test_the_picture_folds_and_unfolds_with_the_window(open_terminal: Open) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    for columns, lines in ((80, 24), (40, 12), (1, 1), (120, 36)):
        terminal.resize(columns, lines)
    terminal.expect("hidden1")
    leave(terminal)


@pytest.mark.fault(13)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_restores_the_terminal_and_ends_the_engine(
    open_terminal: Open, number: signal.Signals
) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    (engine,) = terminal.children()
    terminal.process.send_signal(number)
    assert terminal.end() == 130
    terminal.assert_restored()
    terminal.wait_for(lambda: not alive(engine), "the end of the engine")


@pytest.mark.fault(11)
def test_a_dropped_line_restores_the_terminal_and_leaves_the_run_to_its_work(
    open_terminal: Open,
) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    (engine,) = terminal.children()
    terminal.process.send_signal(signal.SIGHUP)
    assert terminal.end() == 128 + signal.SIGHUP
    terminal.assert_restored()
    (log,) = terminal.runs.glob("*/events.jsonl")
    before = log.stat().st_size
    terminal.wait_for(lambda: log.stat().st_size > before, "more of the record")
    os.kill(engine, signal.SIGTERM)
    terminal.wait_for(lambda: not alive(engine), "the end of the engine")
    assert b'"outcome":"interrupted"' in log.read_bytes().splitlines()[-1]


def test_only_the_engine_holds_tensors_and_quitting_asks_before_it_ends(
    open_terminal: Open,
) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    (engine,) = terminal.children()
    assert "libtorch" in libraries(engine)
    assert not {"libtorch", "numpy"} & libraries(terminal.process.pid)
    leave(terminal)
    terminal.wait_for(lambda: not alive(engine), "the end of the engine")


def test_an_engine_that_is_killed_leaves_a_panel_and_can_be_started_again(
    open_terminal: Open,
) -> None:
    terminal = open_terminal(*LONG)
    terminal.expect("hidden1")
    (engine,) = terminal.children()
    os.kill(engine, signal.SIGKILL)
    terminal.expect("The engine is gone")
    terminal.expect("SIGKILL")
    terminal.press("r")
    terminal.expect("running")
    assert terminal.children() != [engine]
    leave(terminal)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--lr", "fast"), "lr = 'fast' is not a number"),
        (("--data", "nowhere.npz"), "nowhere.npz: there is no such file"),
        (("--preset", "nope"), "preset 'nope' is unknown"),
    ],
)
def test_bad_input_is_said_before_a_screen_opens(
    open_terminal: Open, words: tuple[str, ...], sentence: str
) -> None:
    terminal = open_terminal(*words)
    assert terminal.end() == 2
    assert sentence in " ".join(terminal.text.split())
    assert b"\x1b[?1049h" not in terminal.written
    terminal.assert_restored()


def test_the_doctor_draws_a_pattern_on_a_terminal(repository: Path, tmp_path: Path) -> None:
    terminal = Terminal(["doctor"], directory=repository, runs=tmp_path, columns=150, lines=60)
    with closing(terminal):
        assert terminal.end() == 0
        terminal.expect("150 × 60: room for everything")
        terminal.expect("what this terminal shows")
        terminal.expect("mlp-tui will train here")


def leave(terminal: Terminal) -> None:
    """Quit while a run is under way: it asks, and the same key again says yes."""
    terminal.press("q")
    terminal.expect("Stop and quit")
    terminal.press("q")
    assert terminal.end() == 0
    terminal.assert_restored()
