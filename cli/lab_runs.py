"""Experiments without a screen, recorded like any run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from rich.text import Text

from cli import exits
from cli.headless import code_of, complain, play, run, tell, watcher_for, write
from cli.json_lines import take_stdout
from cli.lab_summary import lab_summary
from cli.output import Output
from engine.errors import BadInput
from engine.experiments.contract import Experiment


def run_one(experiment: Experiment, config: Struct, output: Output) -> int:
    """Run an experiment to its end; returns the exit code.

    Raises:
        BadInput: when it cannot run with these settings; then nothing was recorded.
    """
    return run(experiment, config, output, partial(lab_summary, experiment))


def run_every(plan: Sequence[tuple[Experiment, Struct]], output: Output) -> int:
    """Run one experiment after another, also past those that fail; returns the worst exit code.

    A signal, or nobody reading any more, ends them all.
    """
    stdout = take_stdout() if output.json else None
    worst = exits.COMPLETED
    for number, (experiment, config) in enumerate(plan, 1):
        heading = Text(f"{experiment.name} ({number} of {len(plan)})", style="bold")
        if not (output.json or output.quiet or write(heading)):
            break
        played = play(
            experiment,
            config,
            partial(watcher_for, output),
            stdout=None if stdout is None else os.dup(stdout),
        )
        read = tell(played, output, partial(lab_summary, experiment)) and not played.unread
        try:
            worst = max(worst, code_of(played))
        except BadInput as error:
            worst = max(worst, complain(f"{experiment.name}: {error}"))
        if worst == exits.INTERRUPTED or not read:
            break
    return worst
