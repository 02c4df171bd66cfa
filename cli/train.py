"""``mlp-tui train``: the flags of a run without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cli import exits
from cli.flags import Parser
from cli.output import add_output_flags, output_from, say
from cli.settings import add_run_flags, config_from, shown_instead, use_runs_directory
from engine.config import RunConfig
from engine.errors import BadInput


def main(words: Sequence[str]) -> int:
    """Train as the flags say; returns the exit code.

    Raises:
        BadInput: when a flag, a file or the data cannot be used.
    """
    options = parser().read(words)
    text = shown_instead(options)
    if text is not None:
        say(text)
        return exits.COMPLETED
    config = config_from(options)
    use_runs_directory(options)
    if options.detach:
        return _detach(config, options)
    from cli.headless import train

    return train(config, output_from(options))


def _detach(config: RunConfig, options: argparse.Namespace) -> int:
    if options.json:
        raise BadInput("--detach leaves before there are events: leave --json out")
    from cli import detached

    return detached.train(config, quiet=options.quiet)


def parser() -> Parser:
    """The flags of ``mlp-tui train``."""
    made = Parser(
        "mlp-tui train",
        "Train without a screen: progress on standard error, a summary on standard output.",
        exits.described(),
    )
    made.add_argument(
        "--detach",
        action="store_true",
        help="train in a session of its own, tell how to attach, and return",
    )
    add_output_flags(made)
    add_run_flags(made)
    return made
