"""The laboratory in plain text: its catalogue, and what an experiment is about."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

from engine.experiments.contract import Experiment


def listed(experiments: Iterable[Experiment]) -> str:
    """Every experiment: its name, its question, what it shows, how long it takes."""
    return "".join(_entry(experiment) for experiment in experiments)


def contents(experiments: Iterable[Experiment]) -> str:
    """What the laboratory is, and its experiments in a line each."""
    shown = list(experiments)
    widest = max((len(experiment.name) for experiment in shown), default=0)
    return "\n".join(
        (
            "Experiments that show what was measured beside what theory predicts. Without a NAME:",
            "the catalogue on screen, or as text where there is no terminal.",
            "",
            "experiments:",
            *(f"  {e.name:<{widest}}  {e.question}" for e in shown),
            f"  {'all':<{widest}}  every one of them, without a screen",
            "",
            "mlp-tui lab NAME --help tells an experiment's lesson and its flags.",
        )
    )


def about(experiment: Experiment) -> str:
    """An experiment's question, its lesson, what is seen and how long that takes."""
    paragraphs = (experiment.question, experiment.lesson, _facts(experiment))
    width = max(20, shutil.get_terminal_size().columns - 2)  # as argparse folds the flags
    return "\n\n".join(textwrap.fill(text, width) for text in paragraphs if text)


def _entry(experiment: Experiment) -> str:
    lines = (experiment.question, experiment.shows, experiment.lasts)
    return "\n    ".join((experiment.name, *(line for line in lines if line))) + "\n"


def _facts(experiment: Experiment) -> str:
    named = (("Shows", experiment.shows), ("Lasts", experiment.lasts))
    return " ".join(f"{name}: {text}." for name, text in named if text)
