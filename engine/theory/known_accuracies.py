"""Test accuracies that were measured before: what a run at the same settings should come to.

Fashion-MNIST, one epoch of 10,000 examples, batch 64, sgd with lr .1, hidden layers of 256 units,
biases 0. By activation, initializer and number of hidden layers; each with the spread between
eight seeds, where that is small enough for one run to tell anything: at this rate a learning net's
accuracy jumps by several points from one minibatch to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """An accuracy and its standard deviation between seeds, on all test examples."""

    accuracy: float
    spread: float

    def tolerance(self, tests: int) -> float:
        """Five sigma: between seeds, and by testing on a sample of `tests` examples."""
        return 5 * math.sqrt(self.spread**2 + self.accuracy * (1 - self.accuracy) / tests)


_GUESSES = Known(0.10, 0.0)
_KNOWN = {
    ("sigmoid", "xavier_uniform"): dict.fromkeys((5, 10, 20, 50), _GUESSES),
    ("tanh", "xavier_uniform"): {2: Known(0.79, 0.035), 10: Known(0.77, 0.044), 50: _GUESSES},
    ("tanh", "orthogonal"): {2: Known(0.79, 0.036), 5: Known(0.76, 0.055)},
    ("relu", "normal"): dict.fromkeys((5, 10, 20, 50), _GUESSES),
    ("relu", "torch_default"): {
        2: Known(0.72, 0.059),
        **dict.fromkeys((10, 20, 50), _GUESSES),
    },
    ("relu", "xavier_uniform"): {2: Known(0.77, 0.045), 5: Known(0.73, 0.056), 50: _GUESSES},
    ("relu", "kaiming_normal"): {2: Known(0.77, 0.052), 50: _GUESSES},
}


def known_accuracy(activation: str, init: str, depth: int) -> Known | None:
    """What this network came to, or None where that was not measured or tells nothing."""
    return _KNOWN.get((activation, init), {}).get(depth)
