"""Where floating dtypes end: products really multiplied in each of them, until they are lost."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Ranges:
    """Products of a batch of seeds in several dtypes at once.

    `left[dtype]` [batch] (int64) is the number of factors after which a product first had an entry
    that is not finite, or none that is not zero; 0 while it has not left the dtype's range.
    `product[dtype]` [batch, n, n] goes no further once all have left, except for `watched`.
    """

    def __init__(
        self,
        batch: int,
        n: int,
        dtypes: Sequence[torch.dtype],
        watched: torch.dtype | None = None,
    ) -> None:
        self.factors = 0
        self.left = {dtype: torch.zeros(batch, dtype=torch.int64) for dtype in dtypes}
        self.product = {dtype: torch.eye(n, dtype=dtype).repeat(batch, 1, 1) for dtype in dtypes}
        self._watched = watched
        self._within = list(dtypes)

    @property
    def lost(self) -> bool:
        """Whether every product has left every dtype's range."""
        return not self._within

    def multiply(self, factors: Tensor) -> None:
        """One more factor for every seed, real [batch, n, n], rounded to each dtype."""
        self.factors += 1
        for dtype, product in self.product.items():
            if dtype in self._within:
                self.product[dtype] = torch.bmm(product, factors.to(dtype))
                self._note(dtype, self.product[dtype])
            elif dtype == self._watched:
                self.product[dtype] = torch.bmm(product, factors.to(dtype))

    def _note(self, dtype: torch.dtype, product: Tensor) -> None:
        gone = ~product.isfinite().all(-1).all(-1) | (product == 0).all(-1).all(-1)
        left = self.left[dtype]
        left[gone & (left == 0)] = self.factors
        if bool((left > 0).all()):
            self._within.remove(dtype)


def flushes(dtype: torch.dtype, n: int) -> bool:
    """Whether this machine's batched n×n product in a dtype makes subnormal numbers zero."""
    info = torch.finfo(dtype)
    one = torch.eye(n, dtype=dtype).repeat(2, 1, 1)
    return not bool(torch.bmm(one * (info.tiny / 2), one).any())
