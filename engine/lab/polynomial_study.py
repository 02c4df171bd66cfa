"""One run of the selection experiment: its data sets, and what either solver made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.lab import polynomial_folds as folding
from engine.lab.polynomial_descent import Descent, Directions, Rate, start
from engine.lab.polynomials import (
    COEFFICIENTS,
    TRUE_DEGREE,
    Basis,
    Draws,
    Errors,
    Expected,
    LeastSquares,
    draw,
    errors,
    features,
    truth,
)
from engine.training.seeds import generator

LADDER = (20, 25, 30, 40, 50, 70, 100, 140, 200, 300, 500, 700, 1000)
"""Training points of the learning curves."""
_DEGREES = tuple(range(COEFFICIENTS))


@dataclass(frozen=True)
class Plan:
    """What is drawn and fitted."""

    degree: int
    n: int
    noise: float
    solver: str
    folds: int
    seeds: int
    epochs: int
    lr: float
    batch_size: int
    test_points: int
    seed: int

    @property
    def sgd(self) -> bool:
        """Whether polynomials are trained, not solved for."""
        return self.solver == "sgd"

    @property
    def updates(self) -> int:
        """Steps of SGD in all."""
        return self.epochs * -(-self.n // self.batch_size)

    @property
    def ladder(self) -> tuple[int, ...]:
        """The sizes of the learning curves, up to twice the run's own; fewer where they train."""
        sizes = tuple(n for n in LADDER if n <= max(2 * self.n, 100))
        return sizes[::2] if self.sgd else sizes


@dataclass(frozen=True, eq=False)
class Learned:
    """One rung of the learning curves: the errors of the shown degree, [sets]."""

    n: int
    errors: Errors


class Study:
    """Data sets, exact least squares on them, and, when asked for, SGD.

    `errors` and `scores` (of cross-validation) are those of the plan's solver, [sets, degrees];
    NaN where they are not known yet, infinite where SGD `diverged`. `begin` is where it sets out.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._sampling = generator(plan.seed, "sampling")
        self.draws = self._draw(plan.n)
        self._order = generator(plan.seed, "shuffling")
        self.folds = folding.cut(self.draws, plan.folds, self._order)
        self.squares = LeastSquares(Basis(self.draws.x), self.draws.y)
        self.expected = Expected(self.draws, self.squares.basis, plan.noise)
        self.exact = errors(self.draws, self.squares.fitted(), self.squares.at(self.draws.x_test))
        self.begin = start(plan.seeds, _DEGREES, generator(plan.seed, "initialization"))
        self._rate = Rate(plan.lr, plan.batch_size)
        self.descent = Descent(self.draws.x, self.draws.y, self.begin, self._rate)
        self.directions = {p: self._directions(p) for p in sorted({TRUE_DEGREE, plan.degree, 19})}
        self.learned: list[Learned] = []
        if plan.sgd:
            self.scores = torch.full_like(self.exact.train, torch.nan)
            self.measure()
        else:
            self.scores = folding.least_squares_scores(self.folds)
            self.errors = self.exact
            self.diverged = torch.zeros_like(self.scores, dtype=torch.bool)

    @property
    def shown(self) -> Directions:
        """The directions of the shown degree."""
        return self.directions[self.plan.degree]

    @property
    def validated(self) -> bool:
        """Whether cross-validation has been done."""
        return not bool(self.scores.isnan().all())

    def weights(self) -> Tensor:
        """SGD's weights of the shown degree, [sets, p]."""
        return self.descent.w[:, : self.plan.degree + 1, self.plan.degree]

    def epoch(self) -> None:
        """All degrees take an epoch of SGD."""
        self.descent.epoch(self._order)

    def measure(self) -> None:
        """Take SGD's errors."""
        at = self.descent.at
        found = errors(self.draws, at(self.draws.x), at(self.draws.x_test))
        self.diverged = self.descent.diverged
        self.errors = found.without(self.diverged)

    def fit(self, x: Tensor, degree: int) -> Tensor:
        """The first data set's polynomial of a degree at points [m]."""
        first = x.expand(self.plan.seeds, -1)
        fitted = self.descent.at(first) if self.plan.sgd else self.squares.at(first)
        return fitted[0, :, degree]

    def off_truth(self) -> Tensor:
        """Least squares' mean squared distance from the truth at its points, [sets, degrees]."""
        fitted = self.squares.fitted()
        return (fitted - truth(self.draws.x).unsqueeze(-1)).square().mean(-2)

    def chosen(self) -> Tensor:
        """The degree that cross-validation takes, [sets]; -1 where it takes none."""
        return folding.chosen(self.scores)

    def losses(self, weights: Tensor) -> tuple[list[float], list[float]]:
        """Train and test losses of the first data set under weights [p, several]."""
        draws, p = self.draws, len(weights)
        train = features(draws.x[0], p) @ weights - draws.y[0].unsqueeze(1)
        test = features(draws.x_test[0], p) @ weights - draws.y_test[0].unsqueeze(1)
        return train.square().mean(0).tolist(), test.square().mean(0).tolist()

    def validate(self, parts: int) -> Iterator[int]:
        """SGD on all data sets less one fold after another, in so many pieces of work."""
        held = self.folds
        descent = Descent(held.x, held.y, self.begin.repeated(held.folds), self._rate)
        for part in range(parts):
            for _ in _share(self.plan.epochs, part, parts):
                descent.epoch(self._order)
            if part == parts - 1:
                gone = held.by_set(descent.diverged).any(1)
                self.scores = held.score(descent.at(held.x_out)).masked_fill(gone, math.inf)
            yield part

    def learn(self) -> Iterator[Learned]:
        """The shown degree on more and more points of every data set, by the same solver."""
        most = self._draw(self.plan.ladder[-1])
        for n in self.plan.ladder:
            some = replace(most, x=most.x[:, :n], y=most.y[:, :n], fresh=most.fresh[:, :n])
            of_all = self._trained(some) if self.plan.sgd else self._solved(some)
            self.learned.append(Learned(n, of_all))
            yield self.learned[-1]

    def _draw(self, n: int) -> Draws:
        plan = self.plan
        return draw(plan.seeds, n, plan.test_points, plan.noise, self._sampling)

    def _solved(self, draws: Draws) -> Errors:
        squares = LeastSquares(Basis(draws.x, self.plan.degree + 1), draws.y)
        found = errors(draws, squares.fitted(), squares.at(draws.x_test))
        return Errors(found.train[:, -1], found.in_sample[:, -1], found.test[:, -1])

    def _trained(self, draws: Draws) -> Errors:
        """As many updates on these as on the run's own."""
        descent = Descent(draws.x, draws.y, self.begin.only(self.plan.degree), self._rate)
        while descent.updates < self.plan.updates:
            descent.epoch(self._order)
        found = errors(draws, descent.at(draws.x), descent.at(draws.x_test))
        found = found.without(descent.diverged)
        return Errors(found.train[:, 0], found.in_sample[:, 0], found.test[:, 0])

    def _directions(self, degree: int) -> Directions:
        w0 = self.begin.only(degree).w[..., 0]
        return Directions(self.draws.x, self.draws.y, w0, self.plan.lr)


def _share(total: int, part: int, parts: int) -> range:
    return range(total * part // parts, total * (part + 1) // parts)
