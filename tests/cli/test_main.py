"""The command itself: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import CommandLine

from cli import exits
from cli.dashboard import no_screen
from cli.main import main
from engine.presets import PRESETS

FULL = Path("/dev/full")


def test_presets_are_listed_with_what_they_teach(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "list"]) == 0
    text = capsys.readouterr().out
    for preset in PRESETS:
        assert f"{preset.name}: {preset.title}" in text
        assert preset.lesson in text


@pytest.mark.parametrize("words", [[], ["train"]])
def test_the_settings_are_printed_for_every_command(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--print-config", "--lr", ".5"]) == 0
    assert "\nlr = 0.5\n" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["lab", "--help"]])
def test_help_documents_the_exit_codes(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert exits.described() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["trian"], "unknown command 'trian'; did you mean 'train'?"),
        (["--json"], "unknown flag '--json'"),
        (["doctor", "--lr", "1"], "unknown flag '--lr'"),
        (["--lr", "x\x1b]52;c;Zm9v\x07"], "is not a number"),
        (["train", "--data", "\udcff.npz"], "is not text"),
        ([], "the dashboard needs a terminal; mlp-tui train"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_bad_input_is_one_clean_line_and_2(
    words: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words) == exits.BAD_INPUT
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not set("\x1b\x07") & set(captured.err)
    assert captured.out == ""


@pytest.mark.parametrize(
    ("redirected", "term", "sentence"),
    [
        ("stdin", "xterm", "the dashboard needs a terminal"),
        ("stdout", "xterm", "the dashboard needs a terminal"),
        ("stderr", "xterm", "the dashboard is drawn on standard error, which is not a terminal"),
        ("", "dumb", "the dashboard moves the cursor, and TERM=dumb says that it cannot"),
        ("", "xterm", ""),
    ],
)
def test_a_screen_needs_a_terminal_that_moves_its_cursor(
    redirected: str, term: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        stream = SimpleNamespace(isatty=lambda name=name: name != redirected)
        monkeypatch.setattr(f"sys.{name}", stream)
    monkeypatch.setenv("TERM", term)
    found = no_screen()
    monkeypatch.undo()
    assert found == sentence


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["lab", "--list"]])
def test_output_that_nobody_reads_is_no_error(words: list[str], command: CommandLine) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with command.start(words, stdout=writer) as process:
        os.close(writer)
        assert process.communicate() == (b"", b"")
    assert process.returncode == 0


def test_a_mistake_that_nobody_hears_of_is_2_all_the_same(command: CommandLine) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with command.start(["trian"], stderr=writer) as process:
        os.close(writer)
    assert process.returncode == exits.BAD_INPUT


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(words: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.main.COMMANDS", {"train": interrupted})
    assert main(["train"]) == exits.INTERRUPTED


def test_every_outcome_has_an_exit_code_that_the_help_explains() -> None:
    from typing import get_args

    from engine.events import Outcome

    assert set(exits.OF_OUTCOME) == set(get_args(Outcome))
    assert set(exits.OF_OUTCOME.values()) <= {code for code, _ in exits.MEANINGS}


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["doctor"], ["train", "--print-config"], ["lab", "--list"]])
def test_output_that_cannot_be_written_is_one_sentence_and_1(
    words: list[str], command: CommandLine
) -> None:
    with FULL.open("wb") as full, command.start(words, stdout=full.fileno()) as process:
        assert process.stderr
        err = process.stderr.read().decode()
    assert process.returncode == exits.FAILED
    assert err.startswith("mlp-tui: standard output cannot be written: ")
    assert err.count("\n") == 1
