"""The registry: one experiment per file, one line each here."""

from engine.experiments import train
from engine.experiments.contract import Experiment

EXPERIMENTS: tuple[Experiment, ...] = (train.EXPERIMENT,)


def named(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        KeyError: when there is none.
    """
    return {experiment.name: experiment for experiment in EXPERIMENTS}[name]
