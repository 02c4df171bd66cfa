"""Linear regressions that are trained at once: many data sets, each from several starts with
several strengths of the penalty, all on the same minibatches of their data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from engine.lab.penalties import RULES, Rule, subgradient
from engine.theory.linear_models import Truth, expected_loss, shrinkage
from engine.training.seeds import generator

TEST_EXAMPLES = 100
STARTS = ("normal", "zero")
GRID = tuple(10 ** (k / 4) for k in range(-12, 9))  # λ from .001 to 100
_REAL = torch.float64
Lines = tuple[Tensor, Tensor]
"""Weights [seeds, nets, d] and intercepts [seeds, nets]."""


@dataclass(frozen=True)
class Plan:
    """What is drawn, and how it is trained."""

    penalty: str
    decay: float
    start: str
    examples: int
    batch_size: int
    lr: float
    epochs: int
    seeds: int
    truth: Truth

    @property
    def updates(self) -> int:
        """Updates in all."""
        return self.epochs * self.per_epoch

    @property
    def per_epoch(self) -> int:
        """Minibatches in an epoch, the last one perhaps smaller."""
        return -(-self.examples // self.batch_size)

    @property
    def shown(self) -> tuple[float, ...]:
        """The λ that are compared on screen: none, and the chosen one."""
        return (0.0, self.decay) if self.decay else (0.0,)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Data sets and starting weights: x [seeds, n, d], y [seeds, n], w0 [seeds, d]."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor
    w0: Tensor


def draw(plan: Plan, random: Generator) -> Drawn:
    """Every data set with its own training and test examples, and w₀ ~ N(0, I)."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(plan.seeds, *shape, generator=random, dtype=_REAL)

    def labels(x: Tensor) -> Tensor:
        noise = plan.truth.noise * normal(x.shape[1])
        return plan.truth.weight * x.sum(2) + plan.truth.intercept + noise

    d = plan.truth.features
    x, x_test = normal(plan.examples, d), normal(TEST_EXAMPLES, d)
    return Drawn(x, labels(x), x_test, labels(x_test), normal(d))


class Nets:
    """Weights [seeds, nets, d] and intercepts [seeds, nets] under one rule."""

    def __init__(self, rule: Rule, starts: Tensor, decays: Tensor) -> None:
        self.weights = starts
        self.intercepts = torch.zeros_like(starts[..., 0])
        self._rule = rule
        self._decays = decays.unsqueeze(-1)

    def step(self, x: Tensor, y: Tensor, lr: float) -> None:
        """One update on minibatches x [seeds, batch, d], y [seeds, batch]."""
        residual = residuals((self.weights, self.intercepts), x, y)
        gradient = residual @ x / x.shape[1]
        self.weights = self._rule(self.weights, gradient, lr, self._decays)
        self.intercepts = self.intercepts - lr * residual.mean(2)

    def taken(self, place: int) -> Lines:
        """One net of each data set."""
        return self.weights[:, place : place + 1], self.intercepts[:, place : place + 1]


def residuals(lines: Lines, x: Tensor, y: Tensor) -> Tensor:
    """ŷ − y, [seeds, nets, examples], on x [seeds, examples, d] and y [seeds, examples]."""
    weights, intercepts = lines
    return weights @ x.mT + intercepts.unsqueeze(2) - y.unsqueeze(1)


def losses(lines: Lines, x: Tensor, y: Tensor) -> Tensor:
    """½·mean (ŷ − y)², [seeds, nets]."""
    return 0.5 * residuals(lines, x, y).square().mean(2)


class Decay:
    """All the nets of a plan, epoch by epoch.

    `nets` are those of every λ of `decays` from every start; under L1 `plain` has those of the
    chosen λ that use the subgradient instead of the proximal step.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.drawn = draw(plan, generator(seed, "initialization"))
        self.epochs = 0
        self.decays = (*plan.shown, *GRID)
        self.null_error = 0.0
        self.largest = 0.0
        self._order = generator(seed, "shuffling")
        self.nets = self._made(RULES[plan.penalty], STARTS, self.decays)
        bare = plan.penalty == "l2" or not plan.decay
        self.plain = None if bare else self._made(subgradient, (plan.start,), (plan.decay,))
        self._note()

    @property
    def updates(self) -> int:
        """Updates so far."""
        return self.epochs * self.plan.per_epoch

    def place(self, decay: float, start: str = "") -> int:
        """Where in `nets` the net with this λ is, from the plan's start or another one."""
        row = STARTS.index(start or self.plan.start) * len(self.decays)
        return row + self.decays.index(decay)

    def epoch(self) -> None:
        """One pass over the training examples, each data set in an order of its own."""
        plan, drawn = self.plan, self.drawn
        order = torch.rand(plan.seeds, plan.examples, generator=self._order).argsort(1)
        for begin in range(0, plan.examples, plan.batch_size):
            index = order[:, begin : begin + plan.batch_size]
            x = drawn.x.gather(1, index.unsqueeze(2).expand(-1, -1, plan.truth.features))
            y = drawn.y.gather(1, index)
            self.nets.step(x, y, plan.lr)
            if self.plain:
                self.plain.step(x, y, plan.lr)
        self.epochs += 1
        self._note()

    def compared(self) -> dict[str, Lines]:
        """The nets shown, one of each data set, by name: "λ = 0", "λ = 3", ..."""
        found = {f"λ = {decay:g}": self.nets.taken(self.place(decay)) for decay in self.plan.shown}
        if self.plain:
            found["subgradient"] = self.plain.taken(0)
        return found

    def losses(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Train and test loss, each [seeds], of the nets shown."""
        drawn = self.drawn
        return {
            name: (
                losses(lines, drawn.x, drawn.y)[:, 0],
                losses(lines, drawn.x_test, drawn.y_test)[:, 0],
            )
            for name, lines in self.compared().items()
        }

    def expected(self) -> Tensor:
        """Test loss of all nets on infinitely many examples, [seeds, nets]."""
        return expected_loss(self.nets.weights, self.nets.intercepts, self.plan.truth)

    @cached_property
    def _span(self) -> Tensor | None:
        """An orthonormal basis [seeds, d, n] of the training inputs; None where they span all."""
        if self.plan.examples >= self.plan.truth.features:
            return None
        basis: Tensor = torch.linalg.qr(self.drawn.x.mT).Q
        return basis

    def unseen(self, weights: Tensor) -> Tensor:
        """P₀w: the part of weights [seeds, nets, d] that is orthogonal to all training inputs."""
        if self._span is None:
            return torch.zeros_like(weights)
        return weights - weights @ self._span @ self._span.mT

    @cached_property
    def unseen_start(self) -> Tensor:
        """‖P₀w₀‖ of the start N(0, I), [seeds]."""
        sizes: Tensor = torch.linalg.vector_norm(self.unseen(self.drawn.w0.unsqueeze(1)), dim=2)
        return sizes[:, 0]

    def _made(self, rule: Rule, starts: tuple[str, ...], decays: tuple[float, ...]) -> Nets:
        from_start = {"normal": self.drawn.w0, "zero": torch.zeros_like(self.drawn.w0)}
        rows = [from_start[start] for start in starts for _ in decays]
        return Nets(rule, torch.stack(rows, 1), torch.tensor(decays * len(starts), dtype=_REAL))

    def _note(self) -> None:
        """How far the nets shown are from the null-space law, and how large they have been."""
        places = [self.place(decay) for decay in self.plan.shown]
        weights = self.nets.weights[:, places]
        self.largest = max(self.largest, float(weights.abs().amax().nan_to_num(torch.inf)))
        if self.plan.penalty == "l2" and self._span is not None:
            kept = [shrinkage(self.plan.lr, decay, self.updates) for decay in self.plan.shown]
            start = self.drawn.w0 if self.plan.start == "normal" else 0 * self.drawn.w0
            law = torch.tensor(kept, dtype=_REAL).view(1, -1, 1) * start.unsqueeze(1)
            off = self.unseen(weights - law).norm(dim=2).amax()
            self.null_error = max(self.null_error, float(off.nan_to_num(torch.inf)))
