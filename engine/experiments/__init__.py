"""The registry: one experiment per file, one line each here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

from engine.experiments.contract import Experiment


class Registry(Sequence[Experiment]):
    """Every experiment, in the order of the menu; they are loaded when one is first asked for.

    A training run needs none of the others, and a first frame none at all.
    """

    @overload
    def __getitem__(self, place: int) -> Experiment: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Experiment, ...]: ...
    def __getitem__(self, place: int | slice) -> Experiment | tuple[Experiment, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> tuple[Experiment, ...]:
        from engine.experiments.backprop import EXPERIMENT as BACKPROP
        from engine.experiments.concept_shift import EXPERIMENT as CONCEPT_SHIFT
        from engine.experiments.corruptions import EXPERIMENT as CORRUPTIONS
        from engine.experiments.covariate_shift import EXPERIMENT as COVARIATE_SHIFT
        from engine.experiments.decay import EXPERIMENT as DECAY
        from engine.experiments.dropout import EXPERIMENT as DROPOUT
        from engine.experiments.edge import EXPERIMENT as EDGE
        from engine.experiments.explosion import EXPERIMENT as EXPLOSION
        from engine.experiments.grid import EXPERIMENT as GRID
        from engine.experiments.label_shift import EXPERIMENT as LABEL_SHIFT
        from engine.experiments.learning_curves import EXPERIMENT as LEARNING_CURVES
        from engine.experiments.propagation import EXPERIMENT as PROPAGATION
        from engine.experiments.relu_vs_sigmoid import EXPERIMENT as RELU_VS_SIGMOID
        from engine.experiments.selection import EXPERIMENT as SELECTION
        from engine.experiments.symmetry import EXPERIMENT as SYMMETRY
        from engine.experiments.train import EXPERIMENT as TRAIN
        from engine.experiments.vanishing import EXPERIMENT as VANISHING
        from engine.experiments.variance import EXPERIMENT as VARIANCE

        return (
            TRAIN,
            EXPLOSION,
            VANISHING,
            PROPAGATION,
            VARIANCE,
            RELU_VS_SIGMOID,
            GRID,
            SYMMETRY,
            EDGE,
            SELECTION,
            LEARNING_CURVES,
            DECAY,
            DROPOUT,
            BACKPROP,
            COVARIATE_SHIFT,
            LABEL_SHIFT,
            CONCEPT_SHIFT,
            CORRUPTIONS,
        )


EXPERIMENTS = Registry()


def named(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        KeyError: when there is none.
    """
    return {experiment.name: experiment for experiment in EXPERIMENTS}[name]
