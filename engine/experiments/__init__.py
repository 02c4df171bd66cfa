"""The registry: one experiment per file, one line each here."""

from engine.experiments.contract import Experiment
from engine.experiments.train import EXPERIMENT as TRAIN

EXPERIMENTS: tuple[Experiment, ...] = (TRAIN,)


def named(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        KeyError: when there is none.
    """
    return {experiment.name: experiment for experiment in EXPERIMENTS}[name]
