"""``mlp-tui lab``: the experiments, on screen, without one, or held against their theory."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from cli import exits
from cli.dashboard import no_screen, open_app
from cli.files import write_table
from cli.flags import Parser, given
from cli.lab_text import about, contents, listed
from cli.output import Output, add_output_flags, output_from, say
from cli.settings import (
    add_config_flags,
    add_runs_directory,
    full_pace,
    typed_config,
    use_runs_directory,
)
from engine.config import RunConfig
from engine.errors import BadInput, did_you_mean
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.schema import canonical

EVERY = "all"
EPILOG = exits.described() + (
    f"; with --check {exits.COMPLETED} only if every claim holds, else {exits.FAILED}"
    " (of what has been checked where nobody reads on)"
)


def main(words: Sequence[str], experiments: Sequence[Experiment] = EXPERIMENTS) -> int:
    """Do what the words ask of the laboratory; returns the exit code.

    Raises:
        BadInput: when there is no such experiment, or a flag or file cannot be used.
    """
    lab = catalogue(experiments)
    if words and not words[0].startswith("-"):
        name = chosen(lab, words[0])
        return _every(lab, words[1:]) if name == EVERY else _one(lab[name], words[1:])
    options = parser(lab.values()).read(words)
    if options.list or no_screen():
        say(listed(lab.values()))
        return exits.COMPLETED
    use_runs_directory(options)
    return open_app(RunConfig(), lab="")


def catalogue(experiments: Sequence[Experiment]) -> dict[str, Experiment]:
    """The laboratory's experiments by name; training, which has a command, only with checks."""
    return {e.name: e for e in experiments if e.name != "train" or e.checks}


def chosen(lab: dict[str, Experiment], word: str) -> str:
    """The name that was meant, whatever its case and separators.

    Raises:
        BadInput: when there is no such experiment.
    """
    names = [*lab, EVERY]
    name = canonical(word, names, {})
    if name is None:
        hint = did_you_mean(word, names)
        raise BadInput(f"unknown experiment {word!r}{hint} (mlp-tui lab --list names them)")
    return name


def parser(experiments: Iterable[Experiment]) -> Parser:
    """The flags of ``mlp-tui lab`` itself."""
    made = Parser("mlp-tui lab", contents(experiments), EPILOG)
    made.usage = "mlp-tui lab [NAME | all] [flags]"
    made.add_argument("--list", action="store_true", help="print the catalogue and exit")
    add_runs_directory(made)
    return made


def experiment_parser(experiment: Experiment) -> Parser:
    """The flags of one experiment: its settings, and how it is run."""
    made = Parser(f"mlp-tui lab {experiment.name}", about(experiment), EPILOG)
    made.add_argument(
        "--headless", action="store_true", help="run without a screen, at full pace unless --pace"
    )
    _add_check(made, "this experiment's")
    add_output_flags(made)
    add_config_flags(made, experiment.config)
    return made


def every_parser() -> Parser:
    """The flags of ``mlp-tui lab all``."""
    about_all = "Run every experiment with its defaults, one after another, without a screen."
    made = Parser("mlp-tui lab all", about_all, EPILOG)
    made.add_argument("--headless", action="store_true", help="as it is anyway")
    _add_check(made, "every experiment's")
    add_output_flags(made)
    add_runs_directory(made)
    return made


def _add_check(made: Parser, whose: str) -> None:
    made.add_argument(
        "--check",
        action="store_true",
        help=f"hold {whose} claims against measurement, at test settings; nothing is recorded",
    )


def _one(experiment: Experiment, words: Sequence[str]) -> int:
    options = experiment_parser(experiment).read(words)
    output = output_from(options)
    if options.check:
        _refuse_settings(options, experiment)
        return _check([experiment], output, whole=True)
    screen = not no_screen() and not options.headless and output == Output()
    under = {} if screen else full_pace(experiment.config)
    config = typed_config(options, experiment.config, under)
    if options.print_config:
        say(write_table(config))
        return exits.COMPLETED
    use_runs_directory(options)
    if screen:
        return open_app(RunConfig(), lab=experiment.name, settings=config)
    from cli.lab_runs import run_one

    return run_one(experiment, config, output)


def _every(lab: dict[str, Experiment], words: Sequence[str]) -> int:
    options = every_parser().read(words)
    output = output_from(options)
    if options.check:
        return _check(list(lab.values()), output, whole=False)
    use_runs_directory(options)
    from cli.lab_runs import run_every

    return run_every([(e, e.config(**full_pace(e.config))) for e in lab.values()], output)


def _check(experiments: Sequence[Experiment], output: Output, *, whole: bool) -> int:
    from cli.lab_checks import check

    return check(experiments, output, whole=whole)


def _refuse_settings(options: argparse.Namespace, experiment: Experiment) -> None:
    typed = list(given(options, experiment.config))
    if typed or options.config is not None or options.print_config:
        flag = typed[0].replace("_", "-") if typed else "config"
        raise BadInput(f"--check has settings of its own: leave --{flag} out")
