"""Linear regression with weight decay in closed form.

The data are y = w*·x + b* + ε with x ~ N(0, I_d) and ε ~ N(0, σ²). One convention throughout:
J = ½·mean (ŷ − y)² + λ/2·‖w‖², b free of penalty. A loss that leaves out the ½, as torch's
`MSELoss` does, gives the same steps with half the rate and twice the λ.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import BadInput

LEAST_GAP = 4
"""|d − n| from which on the variance of a least-squares error exists (and two less its mean)."""


@dataclass(frozen=True)
class Truth:
    """The law of the data: every one of the `features` true weights is `weight`."""

    features: int
    weight: float = 0.01
    intercept: float = 0.05
    noise: float = 0.01

    @property
    def weight_square(self) -> float:
        """‖w*‖²."""
        return self.features * self.weight**2


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a quantity over draws of the data."""

    mean: float
    variance: float


def expected_loss(weights: Tensor, intercept: Tensor, truth: Truth) -> Tensor:
    """Test loss on infinitely many examples, ½(‖w − w*‖² + (b − b*)² + σ²).

    `weights` is [..., d] and `intercept` [...], as the result.
    """
    off = (weights - truth.weight).square().sum(-1) + (intercept - truth.intercept).square()
    return 0.5 * (off + truth.noise**2)


def constant_loss(constant: float, truth: Truth) -> Moments:
    """½(y − c)² of one example where a constant c is predicted: y is Gaussian."""
    spread, off = truth.weight_square + truth.noise**2, truth.intercept - constant
    return Moments(0.5 * (off**2 + spread), 0.25 * (2 * spread**2 + 4 * spread * off**2))


def shrinkage(lr: float, decay: float, updates: int) -> float:
    """(1 − ηλ)^t: what t updates leave of the part of w that no training input sees.

    The gradient of the data's loss is a combination of inputs, whatever the minibatch: outside
    their span there is the decay alone.
    """
    return float(torch.tensor(1 - lr * decay, dtype=torch.float64) ** updates)  # may be ±inf


def null_square(examples: int, features: int) -> Moments:
    """‖P₀w₀‖² for w₀ ~ N(0, I_d), with P₀ the projection off n < d inputs: χ² with d − n."""
    return Moments(features - examples, 2 * (features - examples))


def least_squares_error(examples: int, truth: Truth) -> Moments:
    """Squared test error of least squares without intercept (b* = 0), σ² of the label included.

    n < d, the solution of least norm: ‖w*‖²(1 − n/d) + σ²n/(d − n − 1) + σ²; the share of ‖w*‖²
    lost is Beta((d − n)/2, n/2). n > d: σ²d/(n − d − 1) + σ². (Hastie, Montanari, Rosset and
    Tibshirani 2022, section 3; the moments of the inverse Wishart: von Rosen 1988, theorem 3.1.)

    Raises:
        BadInput: unless |d − n| ≥ 4.
    """
    n, d, noise = examples, truth.features, truth.noise
    if abs(d - n) < LEAST_GAP:
        raise BadInput(f"|d - n| must be at least {LEAST_GAP}, not {abs(d - n)}")
    fitted = _noise_learned(min(n, d), max(n, d))
    lost, lost_variance = 0.0, 0.0
    if n < d:
        lost = 1 - n / d
        lost_variance = lost * (1 - lost) / (d / 2 + 1)
    return Moments(
        truth.weight_square * lost + noise**2 * (fitted.mean + 1),
        truth.weight_square**2 * lost_variance + noise**4 * fitted.variance,
    )


def _noise_learned(p: int, v: int) -> Moments:
    """‖A⁺ε‖² for a Gaussian A of rank p ([p, v] or its transpose) and ε ~ N(0, I)."""
    gap = v - p
    cubic = gap * (gap - 1) * (gap - 3)
    trace = p / (gap - 1)
    trace_of_square = p * (v - 1) / cubic
    square_of_trace = ((gap - 2) * p**2 + 2 * p) / cubic
    return Moments(trace, 2 * trace_of_square + square_of_trace - trace**2)


class Ridge:
    """The minima of J for every λ, from one singular value decomposition of the centred inputs.

    w = V·diag(s/(s² + nλ))·Uᵀ(y − ȳ) and b = ȳ − w·x̄ (Hoerl and Kennard 1970). `x` is [..., n, d]
    and `y` [..., n]; at λ = 0 it is the solution of least norm.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self._examples = x.shape[-2]
        self._x_mean, self._y_mean = x.mean(-2), y.mean(-1)
        centred = x - self._x_mean.unsqueeze(-2)
        left, self._values, self._right = torch.linalg.svd(centred, full_matrices=False)
        seen = (y - self._y_mean.unsqueeze(-1)).unsqueeze(-2) @ left
        self._seen = seen.squeeze(-2)
        self._live = self._values > 1e-10 * self._values[..., :1]

    def solve(self, decays: Tensor) -> tuple[Tensor, Tensor]:
        """Weights [..., λ, d] and intercepts [..., λ] for decays [λ]."""
        s = self._values.unsqueeze(-2)
        gain = self._kept(s / (s.square() + self._examples * decays.unsqueeze(-1)))
        weights = (gain * self._seen.unsqueeze(-2)) @ self._right
        mean = (weights @ self._x_mean.unsqueeze(-1)).squeeze(-1)
        return weights, self._y_mean.unsqueeze(-1) - mean

    def degrees(self, decays: Tensor) -> Tensor:
        """Degrees of freedom Σ s²/(s² + nλ), [..., λ], besides the intercept's."""
        square = self._values.square().unsqueeze(-2)
        share = self._kept(square / (square + self._examples * decays.unsqueeze(-1)))
        return share.sum(-1)

    def _kept(self, share: Tensor) -> Tensor:
        return torch.where(self._live.unsqueeze(-2), share, torch.zeros_like(share))


def penalized_gradient(
    x: Tensor, y: Tensor, weights: Tensor, intercept: Tensor, decay: Tensor
) -> Tensor:
    """∂J/∂(w, b), [..., d + 1], for x [..., n, d], y [..., n], weights [..., d], b and λ [...]."""
    residual = (x @ weights.unsqueeze(-1)).squeeze(-1) + intercept.unsqueeze(-1) - y
    of_w = (residual.unsqueeze(-2) @ x).squeeze(-2) / x.shape[-2] + decay.unsqueeze(-1) * weights
    return torch.cat((of_w, residual.mean(-1, keepdim=True)), -1)


class Descent:
    """Gradient descent on J with all examples at once, after any number of updates.

    θ = (w, b) obeys θ ← θ − η(Aθ − c) with A = [[XᵀX/n + λI, x̄], [x̄ᵀ, 1]] and c = (Xᵀy/n, ȳ), so
    θ_k = (I − ηA)^k θ₀ + [I − (I − ηA)^k] A⁺c: from 0, the ridge solution times what has been
    learned of it. `x` is [..., n, d], `y` [..., n].
    """

    def __init__(self, x: Tensor, y: Tensor, decay: float) -> None:
        n, d = x.shape[-2:]
        padded = torch.cat((x, torch.ones_like(x[..., :1])), -1)
        curvature = padded.mT @ padded / n
        curvature[..., range(d), range(d)] += decay
        self._rates, self._axes = torch.linalg.eigh(curvature)
        self._pull = self._turned((y.unsqueeze(-2) @ padded).squeeze(-2) / n)

    def after(self, start: Tensor, lr: float, updates: int) -> Tensor:
        """θ after so many updates from `start` [..., d + 1]."""
        left = (1 - lr * self._rates) ** updates
        flat = self._rates <= 1e-12 * self._rates[..., -1:]
        learned = torch.where(flat, lr * updates, (1 - left) / torch.where(flat, 1.0, self._rates))
        ended = left * self._turned(start) + learned * self._pull
        back: Tensor = self._axes @ ended.unsqueeze(-1)
        return back.squeeze(-1)

    def stable(self, lr: float) -> bool:
        """Whether no direction grows."""
        return bool((lr * self._rates <= 2).all())

    def _turned(self, vector: Tensor) -> Tensor:
        turned: Tensor = vector.unsqueeze(-2) @ self._axes
        return turned.squeeze(-2)
