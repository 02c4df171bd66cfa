"""How a run's settings come together: defaults, then a preset, then a file, then the flags."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cli import exits
from cli.files import read_table, write_table
from cli.flags import Parser, add_settings, given
from engine.config import RunConfig
from engine.errors import BadInput
from engine.presets import PRESETS, named
from engine.schema import ConfigT, fields_of, readings
from engine.store.layout import VARIABLE


def add_run_flags(parser: Parser) -> None:
    """Every setting of a training run, and where settings may come from."""
    group = add_config_flags(parser, RunConfig)
    group.add_argument(
        "--preset", metavar="NAME", help="start from a named setting; 'list' says what each is"
    )


def add_config_flags(parser: Parser, config_type: type[Struct]) -> argparse._ArgumentGroup:
    """Every setting of one class, and where settings may come from; returns the latter's group."""
    add_settings(parser, config_type)
    group = parser.add_argument_group("where settings come from")
    group.add_argument(
        "--config", metavar="FILE", help="read settings from a TOML file; flags override it"
    )
    group.add_argument(
        "--print-config",
        action="store_true",
        help="print the settings as TOML, as --config reads them, and exit",
    )
    add_runs_directory(group)
    return group


def run_parser(command: str, about: str, *, default: str = "", flags: str = "[flags]") -> Parser:
    """The words of a command on one recorded run, which of them by its first word."""
    made = Parser(f"mlp-tui {command}", about, exits.described())
    made.usage = f"mlp-tui {command} [RUN] {flags}"
    made.add_argument("run", nargs="?", default=default, metavar="RUN")
    return made


def add_runs_directory(group: argparse._ActionsContainer) -> None:
    """The flag for `use_runs_directory`."""
    group.add_argument(
        "--runs-dir",
        metavar="DIR",
        default="",
        help="where runs are recorded (else MLP_TUI_RUNS, else the platform's state directory)",
    )


def config_from(options: argparse.Namespace) -> RunConfig:
    """The settings of the training run that was asked for.

    Raises:
        BadInput: naming the flag, or the file and key, that cannot be used.
    """
    values: dict[str, Any] = {}
    if options.preset is not None:
        preset = named(options.preset)
        values = readings(RunConfig, preset.changes, f"preset {preset.name}")
    return typed_config(options, RunConfig, values)


def typed_config(
    options: argparse.Namespace, config_type: type[ConfigT], under: Mapping[str, Any]
) -> ConfigT:
    """The file's settings and the flags laid over the values `under` them.

    Raises:
        BadInput: naming the flag, or the file and key, that cannot be used.
    """
    values = dict(under)
    if options.config is not None:
        table, source = read_table(options.config), f"--config {options.config}"
        values |= readings(config_type, table, source, by_hand=True)
    values |= given(options, config_type)
    return config_type(**values)


def full_pace(config_type: type[Struct]) -> dict[str, Any]:
    """The settings that make an experiment run as fast as it goes, and wait for nobody."""
    wanted = {"pace": "full", "hold": False}
    known = {field.name for field in fields_of(config_type)}
    there = {name: value for name, value in wanted.items() if name in known}
    return readings(config_type, there, "full pace")


def use_runs_directory(options: argparse.Namespace) -> None:
    """Make ``--runs-dir`` what this process and its children take for the directory of runs."""
    if options.runs_dir:
        os.environ[VARIABLE] = options.runs_dir


def shown_instead(options: argparse.Namespace) -> str | None:
    """What to print instead of running: the presets, the settings, or None to go on."""
    if options.preset == "list":
        return listed_presets()
    return write_table(config_from(options)) if options.print_config else None


def listed_presets() -> str:
    """Every preset: its name, what it is, and what it teaches."""
    return "\n".join(f"{p.name}: {p.title}\n    {p.lesson}" for p in PRESETS) + "\n"


def readable_words(words: Sequence[str]) -> list[str]:
    """The command line, which has to be text that a record can hold.

    Raises:
        BadInput: naming the word that is not.
    """
    for word in words:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise BadInput(f"{word!r} is not text in this terminal's encoding; rename the file")
    return list(words)
