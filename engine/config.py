"""RunConfig: everything that decides a training run.

The flags, the form on screen, the stored run and a ``--config`` file derive from this class.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.errors import BadInput
from engine.rules import activations, initializers
from engine.schema import Setting, check

FILE_ENDINGS = (".npz", ".csv")
"""Of data that is a user's own file."""
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "step", "cosine")
BIAS_INITIALIZERS = ("zeros", "constant", "normal", "torch_default")


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training run. The defaults are those of the MLP chapter of Dive into Deep Learning.

    Raises:
        BadInput: on creation, naming the field that cannot be used and why.
    """

    data: Annotated[
        str,
        Setting(
            "fashion-mnist, mnist, kmnist, synthetic, or a .npz or .csv file; "
            "auto takes fashion-mnist if it is on this machine, otherwise synthetic",
            "data",
            path=FILE_ENDINGS,
        ),
    ] = "auto"
    data_dir: Annotated[
        str,
        Setting(
            "directory that holds the data sets (else MLP_TUI_DATA, else the cache)",
            "data",
            path=("",),
        ),
    ] = ""
    label_column: Annotated[str, Setting("the label's column in a .csv file", "data")] = "label"
    train_examples: Annotated[
        int,
        Setting(
            "use only the first N training examples, after a seeded shuffle",
            "data",
            ge=1,
            words={"all": 0},
        ),
    ] = 0
    batch_size: Annotated[int, Setting("examples in a minibatch", "data", ge=1)] = 256

    hidden: Annotated[
        tuple[int, ...],
        Setting("hidden widths, e.g. 256,128; none is softmax regression", "model", ge=1, le=65536),
    ] = (256,)
    activation: Annotated[
        str,
        Setting(
            "activation function of the hidden layers",
            "model",
            choices=tuple(activations.ACTIVATIONS),
            aliases=activations.ALIASES,
        ),
    ] = "relu"
    init: Annotated[
        str,
        Setting(
            "weight initializer",
            "model",
            choices=tuple(initializers.INITIALIZERS),
            aliases=initializers.ALIASES,
        ),
    ] = "normal"
    init_std: Annotated[
        tuple[float, ...],
        Setting("std of init normal; one number, or one for each layer", "model", ge=0),
    ] = (0.01,)
    init_constant: Annotated[float, Setting("the value of init constant", "model")] = 0.01
    bias_init: Annotated[
        str,
        Setting(
            "bias initializer",
            "model",
            choices=BIAS_INITIALIZERS,
            aliases={"zero": "zeros", "default": "torch_default", "torch": "torch_default"},
        ),
    ] = "zeros"
    bias_value: Annotated[
        float, Setting("the constant, or the std, of bias init constant or normal", "model")
    ] = 0.01
    dropout: Annotated[
        tuple[float, ...],
        Setting(
            "probability that a hidden unit is dropped; one number, or one for each hidden layer",
            "model",
            ge=0,
            le=1,
            ladder=(0.0, 0.1, 0.2, 0.5, 0.8),
        ),
    ] = (0.0,)
    implementation: Annotated[
        str,
        Setting(
            "concise: nn.Sequential; scratch: parameters, matmul and activation by hand",
            "model",
            choices=("concise", "scratch"),
        ),
    ] = "concise"
    first_layer_inputs: Annotated[
        int,
        Setting(
            "rows of W1 when the model is written by hand; auto is the data's width",
            "model",
            ge=1,
            words={"auto": 0},
        ),
    ] = 0

    optimizer: Annotated[str, Setting("update rule", "training", choices=OPTIMIZERS)] = "sgd"
    lr: Annotated[float, Setting("learning rate", "training", gt=0)] = 0.1
    momentum: Annotated[float, Setting("momentum of sgd and rmsprop", "training", ge=0, lt=1)] = 0.0
    weight_decay: Annotated[
        float,
        Setting(
            "λ of the L2 penalty λ/2·‖W‖² (adamw: decoupled); biases are not decayed",
            "training",
            ge=0,
            ladder=(0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1),
        ),
    ] = 0.0
    l1: Annotated[
        float,
        Setting(
            "λ of the L1 penalty λ·‖W‖₁, by proximal step; biases are not decayed", "training", ge=0
        ),
    ] = 0.0
    clip_norm: Annotated[
        float,
        Setting(
            "scale the gradient down to this global norm", "training", gt=0, words={"off": 0.0}
        ),
    ] = 0.0
    schedule: Annotated[str, Setting("learning-rate schedule", "training", choices=SCHEDULES)] = (
        "constant"
    )
    warmup_steps: Annotated[
        int, Setting("steps in which the rate rises linearly from 0 to lr", "training", ge=0)
    ] = 0
    decay_epochs: Annotated[
        int, Setting("epochs between two drops of schedule step", "training", ge=1)
    ] = 5
    decay_factor: Annotated[
        float, Setting("factor of each drop of schedule step", "training", gt=0, le=1)
    ] = 0.1
    epochs: Annotated[int, Setting("passes over the training set", "training", ge=1)] = 10
    seed: Annotated[
        int, Setting("seed of the run's own generators", "training", ge=0, lt=2**63)
    ] = 0

    gradients: Annotated[
        str,
        Setting(
            "manual: backward by hand, the fast path; autograd: the general path; "
            "auto: manual wherever it applies",
            "speed",
            choices=("auto", "manual", "autograd"),
        ),
    ] = "auto"
    device: Annotated[
        str, Setting("cpu, cuda, cuda:N or mps; auto takes an accelerator if there is one", "speed")
    ] = "auto"
    threads: Annotated[
        int,
        Setting(
            "CPU threads; auto measures and takes the faster", "speed", ge=1, words={"auto": 0}
        ),
    ] = 1
    matmul: Annotated[
        str,
        Setting(
            "float32 product kernel: fast lets the library pick a lower-precision path, "
            "auto takes it only where it is float32-exact",
            "speed",
            choices=("auto", "fast", "exact"),
        ),
    ] = "auto"
    pace: Annotated[
        float,
        Setting("steps per second; full is as fast as it goes", "speed", gt=0, words={"full": 0.0}),
    ] = 0.0
    measure_every: Annotated[
        int,
        Setting(
            "steps between two measurements of every layer's vitals",
            "telemetry",
            ge=1,
            words={"off": 0},
        ),
    ] = 20
    matrices_every: Annotated[
        int,
        Setting(
            "steps between two measurements of the matrix magnitudes",
            "telemetry",
            ge=1,
            words={"off": 0},
        ),
    ] = 1000
    checkpoint_every: Annotated[
        float,
        Setting(
            "seconds at most between two checkpoints, which are also written at the end of each "
            "epoch; off writes the last one only",
            "record",
            gt=0,
            words={"off": 0.0},
        ),
    ] = 60.0

    def __post_init__(self) -> None:
        check(self)
        _broadcasts("init_std", self.init_std, len(self.hidden) + 1, "layers")
        _broadcasts("dropout", self.dropout, len(self.hidden), "hidden layers")


def per_layer(values: tuple[float, ...], layers: int) -> tuple[float, ...]:
    """One value for each layer, from one for all or one for each."""
    return values * layers if len(values) == 1 else values


def _broadcasts(name: str, values: tuple[float, ...], layers: int, what: str) -> None:
    if len(values) not in (1, layers):
        raise BadInput(
            f"{name} has {len(values)} values for {layers} {what}: give one, or one for each"
        )
