"""The limit: the five float32 matrix products that an epoch cannot do without, and nothing else.

For x [B, 784], W1 [256, 784], W2 [10, 256]: x·W1ᵀ and h·W2ᵀ forward; δ2ᵀ·h, δ2·W2 and δ1ᵀ·x
backward. Each is written into a buffer that is there already.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.contestant import Prepared, Work

_INPUTS, _CLASSES = 784, 10
# A product of lower precision than float32 would be a different task, not a lower limit.
_FLOAT32_ERROR = 1e-5


def fastest(work: Work) -> Prepared:
    """The products by the faster of torch's two float32 kernels, where both are float32-exact."""
    torch.set_num_threads(1)
    step = products(work)
    seconds = {}
    for mode in ("highest", "medium"):
        torch.set_float32_matmul_precision(mode)
        if relative_error() < _FLOAT32_ERROR:
            _timed(step, work, 20)
            seconds[mode] = min(_timed(step, work, 20) for _ in range(5))
    best = min(seconds, key=lambda mode: seconds[mode])
    torch.set_float32_matmul_precision(best)
    full, rest = divmod(work.examples, work.batch_size)

    def epoch() -> float:
        began = time.perf_counter()
        for _ in range(full):
            step(work.batch_size)
        if rest:
            step(rest)
        return time.perf_counter() - began

    rates = ", ".join(f"{mode} {_flops(work) / s / 1e9:.0f}" for mode, s in seconds.items())
    return Prepared(epoch, f"kernel {best!r} (GFLOP/s: {rates})")


def products(work: Work) -> Callable[[int], None]:
    """The five products of one step over the given number of rows, into prepared buffers."""
    generator = torch.Generator().manual_seed(0)

    def normal(std: float, *shape: int) -> torch.Tensor:
        return torch.empty(shape).normal_(0, std, generator=generator)

    x = normal(1, work.batch_size, _INPUTS)
    w1, w2 = normal(0.01, work.hidden, _INPUTS), normal(0.01, _CLASSES, work.hidden)
    h, logits = normal(1, work.batch_size, work.hidden), normal(1, work.batch_size, _CLASSES)
    d1, d2 = torch.empty_like(h), normal(1, work.batch_size, _CLASSES)
    g1, g2 = torch.empty_like(w1), torch.empty_like(w2)

    def step(rows: int) -> None:
        torch.mm(x[:rows], w1.t(), out=h[:rows])
        torch.mm(h[:rows], w2.t(), out=logits[:rows])
        torch.mm(d2[:rows].t(), h[:rows], out=g2)
        torch.mm(d2[:rows], w2, out=d1[:rows])
        torch.mm(d1[:rows].t(), x[:rows], out=g1)

    return step


def relative_error() -> float:
    """‖C − C64‖ / ‖C64‖ of one product in the current mode, C64 computed in float64."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(256, _INPUTS, generator=generator)
    b = torch.randn(_INPUTS, 256, generator=generator)
    exact = a.double() @ b.double()
    return float(((a @ b).double() - exact).norm() / exact.norm())


def _timed(step: Callable[[int], None], work: Work, count: int) -> float:
    """Seconds a step."""
    began = time.perf_counter()
    for _ in range(count):
        step(work.batch_size)
    return (time.perf_counter() - began) / count


def _flops(work: Work) -> int:
    """Multiplications and additions of one step's products."""
    return 2 * work.batch_size * work.hidden * (2 * _INPUTS + 3 * _CLASSES)
