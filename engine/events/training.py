"""What training measures of itself."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from engine.events.base import Event


class LayerVitals(msgspec.Struct, frozen=True, gc=False):
    """One layer's columns, a value for each of the block's measured steps.

    Norms are Euclidean (Frobenius for a matrix). `update_ratio` is |Δ|/|W| of the weight's
    update. `delta_norm` is |∂loss/∂z| of the layer's pre-activations z for the minibatch's mean
    loss; `activation_*` describe h = φ(z) (for the output layer the logits); `dead` is the
    fraction of entries of h that the activation's rule calls dead or saturated.
    """

    name: str
    gradient_norm: tuple[float, ...]
    bias_gradient_norm: tuple[float, ...]
    weight_norm: tuple[float, ...]
    update_ratio: tuple[float, ...]
    activation_mean: tuple[float, ...]
    activation_std: tuple[float, ...]
    dead: tuple[float, ...]
    delta_norm: tuple[float, ...]


class StepsMeasured(Event, frozen=True, kw_only=True):
    """A block of consecutive steps; every step's loss is in exactly one block.

    Steps count from 1: step k is the k-th update of the parameters. `loss[i]` and `accuracy[i]`
    are the minibatch's mean loss (nats) and fraction right before the update of step
    ``first_step + i``. `lr` is the rate of the last of them. `measured_steps` are those whose
    vitals stand in `layers`.
    """

    first_step: int
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    lr: float
    measured_steps: tuple[int, ...] = ()
    layers: tuple[LayerVitals, ...] = ()


class MatrixRow(msgspec.Struct, frozen=True, gc=False):
    """Magnitudes of one matrix: a layer's weight or its gradient."""

    name: str
    kind: Literal["weight", "gradient"]
    shape: tuple[int, ...]
    min: float
    max: float
    mean_abs: float
    rms: float
    frobenius: float
    spectral: float
    effective_rank: float


class MatricesMeasured(Event, frozen=True, kw_only=True):
    """Magnitudes of every weight and of its gradient after `step` updates."""

    step: int
    rows: tuple[MatrixRow, ...]


class Histogram(msgspec.Struct, frozen=True, gc=False):
    """Counts in equal bins over [low, high]; `of` is "weight", "gradient" or "activation"."""

    layer: str
    of: Literal["weight", "gradient", "activation"]
    low: float
    high: float
    counts: tuple[int, ...]


class HistogramsMeasured(Event, frozen=True, kw_only=True):
    """How every layer's weights, gradients and activations are spread after `step` updates."""

    step: int
    histograms: tuple[Histogram, ...]


class EpochFinished(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The end of a pass over the training set.

    Train figures are averages within the epoch, each before its update (as the chapter plots
    them), in train mode; test figures are taken after it. `seconds` leaves pauses and the
    evaluation out.

    With dropout a train loss in train mode may lie above the test loss. There `train_loss_eval`
    and `train_accuracy_eval` are those of the network after the epoch, without masks, on at most
    10,000 training examples spread over the set: what one more pass forward over as many costs.
    Where no dropout rate is above 0 they are NaN, and left out of the JSON.
    """

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    samples_per_second: float
    train_loss_eval: float = math.nan
    train_accuracy_eval: float = math.nan
