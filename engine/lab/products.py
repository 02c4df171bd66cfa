"""Products of random matrices, a batch of seeds at once, with the scale carried apart.

Every product is kept as mantissa · 2^exponent. Multiplying by a power of two is exact, so the
mantissa is to the last bit what a direct float64 product is wherever that one neither overflows
nor loses digits among the subnormals, and it goes on where the direct one ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

Draw = Callable[[int, int, Generator], Tensor]


def _gaussian(batch: int, n: int, generator: Generator) -> Tensor:
    return torch.randn(batch, n, n, generator=generator, dtype=torch.float64)


def _uniform(batch: int, n: int, generator: Generator) -> Tensor:
    unit = torch.rand(batch, n, n, generator=generator, dtype=torch.float64)
    return (2 * unit - 1) * math.sqrt(3)


def _orthogonal(batch: int, n: int, generator: Generator) -> Tensor:
    q, r = torch.linalg.qr(_gaussian(batch, n, generator))
    # Without the signs of R's diagonal Q is not uniform (Mezzadri 2007).
    signed: Tensor = q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]
    return signed


def _ginibre(batch: int, n: int, generator: Generator) -> Tensor:
    return torch.randn(batch, n, n, generator=generator, dtype=torch.complex128)


DRAWS: dict[str, Draw] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "orthogonal": _orthogonal,
    "ginibre": _ginibre,
}


def draw(entries: str, batch: int, n: int, sigma: float, generator: Generator) -> Tensor:
    """Independent factors [batch, n, n], float64 (ginibre: complex128), E|entry|² = σ².

    For orthogonal factors σQ with Q uniform on the orthogonal group.
    """
    factors: Tensor = DRAWS[entries](batch, n, generator) * sigma
    return factors


def embedded(matrices: Tensor) -> Tensor:
    """Real matrices as they are; complex A + iB as the real [[A, −B], [B, A]] of twice the size.

    Products of these are the embedded products, so that any real dtype can multiply them.
    """
    if not matrices.is_complex():
        return matrices
    re, im = matrices.real, matrices.imag
    return torch.cat([torch.cat([re, -im], -1), torch.cat([im, re], -1)], -2)


class Products:
    """The running products A₁A₂…A_k of a batch of seeds, starting from the identity.

    `mantissa` [batch, n, n] and `exponent` [batch] (int64): the product is mantissa · 2^exponent,
    and the largest part of an entry of the mantissa lies in [½, 1) (0 if the product is 0).
    """

    def __init__(self, batch: int, n: int, dtype: torch.dtype = torch.float64) -> None:
        self.mantissa = torch.eye(n, dtype=dtype).repeat(batch, 1, 1)
        self.exponent = torch.zeros(batch, dtype=torch.int64)

    def multiply(self, factors: Tensor) -> None:
        """One more factor for every seed, [batch, n, n], from the right."""
        product = torch.bmm(self.mantissa, factors)
        _, shift = torch.frexp(_parts(product).abs().amax((-2, -1)))
        self.mantissa = product * power_of_two(-shift)[:, None, None]
        self.exponent += shift

    def direct(self) -> Tensor:
        """The products as plain numbers, infinite or zero where those end."""
        product: Tensor = torch.ldexp(self.mantissa, self.exponent[:, None, None])
        return product

    def log_largest(self) -> Tensor:
        """ln max|Mᵢⱼ|, float64 [batch]."""
        return self._log(self.mantissa.abs().amax((-2, -1)))

    def log_row(self) -> Tensor:
        """ln‖e₁ᵀM‖, float64 [batch]: for Gaussian factors a sum of independent terms."""
        return self._log(torch.linalg.vector_norm(self.mantissa[:, 0], dim=-1))

    def log_singular_values(self, seeds: int | None = None) -> Tensor:
        """ln of the singular values of the first `seeds` products, [seeds, n], largest first.

        Those below about 1e-15 of the largest are rounding, not measurement.
        """
        values: Tensor = torch.linalg.svdvals(self.mantissa[:seeds])
        return values.log() + self._log_scale()[:seeds, None]

    def _log(self, magnitude: Tensor) -> Tensor:
        return magnitude.log() + self._log_scale()

    def _log_scale(self) -> Tensor:
        return self.exponent.double() * math.log(2)  # a whole number's product would be float32


def power_of_two(exponent: Tensor) -> Tensor:
    """2^exponent in float64 exactly, for whole exponents in [−1022, 1023]."""
    return ((exponent.to(torch.int64) + 1023) << 52).view(torch.float64)


def _parts(matrices: Tensor) -> Tensor:
    return torch.view_as_real(matrices).flatten(-2) if matrices.is_complex() else matrices
