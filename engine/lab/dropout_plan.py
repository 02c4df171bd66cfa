"""What the nets of the dropout experiment are trained on, and how long.

The rule where nothing is said: on more than 10,000 examples the book's nets, batches and rate, in
its 10 epochs; on fewer, narrower nets and smaller batches, at a rate at which they fit the examples
without leaps.
"""

from __future__ import annotations

from dataclasses import dataclass

MANY = 10_000
UPDATES = 1200


@dataclass(frozen=True)
class NetPlan:
    """`nets` pairs of nets; `rates` are those of the hidden layers of the nets with dropout."""

    rates: tuple[float, float]
    width: int
    nets: int
    lr: float
    epochs: int
    batch_size: int
    seed: int
    test_examples: int


@dataclass(frozen=True)
class Automatic:
    """What is taken where a setting says ``auto``, for so many examples."""

    nets: int
    lr: float
    epochs: int
    width: int
    batch_size: int


def automatic(examples: int, batch_size: int = 0) -> Automatic:
    """The rule of the module's words; the epochs depend on the size of a minibatch, if it is set.

    On few examples they are as many as make 1,200 updates, at most 300.
    """
    few = examples <= MANY
    batch = batch_size or (128 if few else 256)
    per_epoch = -(-examples // min(batch, examples))
    epochs = min(300, max(10, -(-UPDATES // per_epoch))) if few else 10
    return Automatic(4 if few else 2, 0.1 if few else 0.5, epochs, 128 if few else 256, batch)
