"""``mlp-tui resume``: a run that has not come to its end goes on as if nothing had happened."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from cli import exits
from cli.dashboard import no_screen, show
from cli.flags import Parser
from cli.output import Output, add_output_flags, output_from
from cli.settings import add_runs_directory, run_parser, use_runs_directory
from engine.config import RunConfig
from engine.errors import BadInput
from engine.store import catalogue, resuming
from engine.store.head import head_of
from engine.store.layout import LOG, writable_runs_directory

ABOUT = """Go on with a training run that was interrupted, stopped or killed, from its last whole
checkpoint, with its own settings and to its planned end: bit for bit as if nothing had happened,
or with a warning that names why not. It becomes a new run, which shows the past of the old one.

RUN is an id, the beginning or the end of one, or a label; without it,
the newest run that can be resumed."""


def main(words: Sequence[str]) -> int:
    """Resume a run on the dashboard, where there is a terminal, or without; returns the exit code.

    Raises:
        BadInput: when there is no such run, or it cannot be resumed.
    """
    options = parser().read(words)
    use_runs_directory(options)
    output = output_from(options)
    if options.detach and options.json:
        raise BadInput("--detach leaves before there are events: leave --json out")
    runs = writable_runs_directory()
    with resuming.claimed(runs, options.run, fork=options.fork) as found:
        return _go_on(runs, found.run_id, options, output)


def _go_on(runs: Path, run_id: str, options: argparse.Namespace, output: Output) -> int:
    config = _settings(runs / run_id)
    if options.detach:
        from cli import detached

        return detached.train(config, quiet=options.quiet, resumes=run_id)
    if _on_screen(options, output):
        return _show(runs, run_id, config)
    from cli.headless import resume
    from engine.store.checkpoint import start_from

    return resume(config, output, partial(start_from, runs, run_id, resume=True))


def parser() -> Parser:
    """The words of ``mlp-tui resume``."""
    made = run_parser("resume", ABOUT)
    made.add_argument(
        "--headless", action="store_true", help="without a screen, as mlp-tui train is"
    )
    made.add_argument(
        "--detach",
        action="store_true",
        help="in a session of its own: tell how to attach, and return",
    )
    made.add_argument(
        "--fork",
        action="store_true",
        help="also from a run that another one has gone on from already",
    )
    add_output_flags(made)
    add_runs_directory(made)
    return made


def _on_screen(options: argparse.Namespace, output: Output) -> bool:
    """Whether the dashboard is opened: there is a terminal, and nothing else was asked for."""
    return not options.headless and output == Output() and not no_screen()


def _show(runs: Path, run_id: str, config: RunConfig) -> int:
    from engine.process_link import ProcessLink

    past = [directory / LOG for directory in catalogue.lineage(runs, run_id)]
    try:
        link = ProcessLink(runs, past=past)
    except OSError as error:
        sys.stderr.write(f"mlp-tui: no engine process can be launched: {error.strerror}\n")
        return exits.FAILED
    link.start(config, continues=run_id, resume=True)
    return show(link, config, resumes=run_id)


def _settings(directory: Path) -> RunConfig:
    """The run's settings as its head tells them; those of its checkpoint are what counts.

    Raises:
        BadInput: when this version cannot read them.
    """
    try:
        return msgspec.convert(head_of(directory).config, RunConfig)
    except msgspec.ValidationError as error:
        raise BadInput(f"the run's settings are of another version: {error}") from error
