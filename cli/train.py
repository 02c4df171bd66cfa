"""``mlp-tui train``: the flags of a run without a screen."""

from __future__ import annotations

from collections.abc import Sequence

from cli import exits
from cli.flags import Parser
from cli.output import add_output_flags, output_from, say
from cli.settings import add_run_flags, config_from, shown_instead, use_runs_directory


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
    from cli.headless import train

    return train(config, output_from(options))


def parser() -> Parser:
    """The flags of ``mlp-tui train``."""
    made = Parser(
        "mlp-tui train",
        "Train without a screen: progress on standard error, a summary on standard output.",
        exits.described(),
    )
    add_output_flags(made)
    add_run_flags(made)
    return made
