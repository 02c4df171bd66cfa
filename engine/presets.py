"""Named starting points: the chapter's variants, its printed mistakes among them.

Losses and accuracies in the lessons are means of three seeds after epoch 10 on Fashion-MNIST.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import BadInput, did_you_mean


@dataclass(frozen=True)
class Preset:
    """A variant of the chapter's run: `changes` names the settings that differ from the defaults.

    `title` says what it is in a few words, `lesson` what it shows, in a sentence or two.
    """

    name: str
    title: str
    lesson: str
    changes: dict[str, Any] = field(default_factory=dict)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "chapter",
        "the chapter's run: 784-256-10, ReLU, N(0, 0.01²)",
        "Small weights give logits near 0, so the first loss is ln 10 = 2.303, that of a guess. "
        "Train loss .384, test accuracy 84.6 %.",
    ),
    Preset(
        "scratch",
        "the chapter's run by hand: parameters, matmul and ReLU",
        "The same arithmetic as nn.Sequential, so the same seed gives the same curve, but for "
        "rounding: train loss .385, test accuracy 84.6 %.",
        {"implementation": "scratch"},
    ),
    Preset(
        "printed",
        "the printed nn.Sequential, which lacks its ReLU",
        "203,530 parameters collapse into one affine map of rank 10, no more than softmax "
        "regression. It passes the usual asserts, so only the numbers tell: train loss .430 "
        "instead of .384, test accuracy 83.2 % instead of 84.6 %.",
        {"activation": "identity"},
    ),
    Preset(
        "w1-normal",
        "by hand, W1 without its factor 0.01: W1 ~ N(0, 1), W2 ~ N(0, 0.01²)",
        "One forgotten factor makes the hidden layer a hundred times too large. It still trains, "
        "only worse: train loss .464, test accuracy 80.5 %.",
        {"implementation": "scratch", "init_std": (1.0, 0.01)},
    ),
    Preset(
        "all-normal",
        "by hand, W1 and W2 ~ N(0, 1)",
        "The first loss is about 236 instead of 2.303: the net is certain and wrong, and spends "
        "its steps on unlearning. Train loss .749, test accuracy 76.7 %.",
        {"implementation": "scratch", "init_std": (1.0,)},
    ),
    Preset(
        "w1-square",
        "by hand, W1 of shape (256, 256): a shape error",
        "X is (256, 784), so X @ W1 needs a W1 of 784 rows: the inner sizes must agree. "
        "The run is refused with that explanation.",
        {"implementation": "scratch", "first_layer_inputs": 256},
    ),
    Preset(
        "zeros",
        "every weight 0",
        "With φ(0) = 0 every weight's gradient is 0 for ever and only the last bias learns: "
        "train loss 2.303, test accuracy 10.0 %, a guess.",
        {"init": "zeros"},
    ),
    Preset(
        "constant",
        "every weight 0.01",
        "All hidden units start alike, get the same gradient and stay alike: 256 units do the "
        "work of one. Train loss 1.57, test accuracy 31.5 %.",
        {"init": "constant", "init_constant": 0.01},
    ),
    Preset(
        "softmax",
        "softmax regression: no hidden layer",
        "What a hidden layer has to beat: train loss .448, test accuracy 83.1 %. Here zero "
        "weights would do no harm, since no two units are alike in their targets.",
        {"hidden": ()},
    ),
    Preset(
        "xavier",
        "ReLU with Xavier's initialization, U(−b, b), b = √(6/(fan_in + fan_out))",
        "A scale that follows from the layer's sizes instead of 0.01: train loss .354, test "
        "accuracy 85.5 %.",
        {"init": "xavier_uniform"},
    ),
    Preset(
        "he",
        "ReLU with He's initialization, N(0, 2/fan_in)",
        "The factor 2 makes up for the half that ReLU cuts away: train loss .353, test accuracy "
        "85.5 %. At this depth that hardly differs from Xavier; in a deep net it decides.",
        {"init": "kaiming_normal"},
    ),
    Preset(
        "torch-default",
        "ReLU with what nn.Linear does by itself: weights and biases U(±1/√fan_in)",
        "Its variance, 1/(3·fan_in), is a sixth of He's: harmless in a shallow net. Train loss "
        ".372, test accuracy 85.1 %.",
        {"init": "torch_default", "bias_init": "torch_default"},
    ),
    Preset(
        "tanh",
        "tanh, N(0, 0.01²)",
        "Near 0 tanh is the identity, so small weights start it as a linear net: train loss "
        ".397, test accuracy 84.0 %.",
        {"activation": "tanh"},
    ),
    Preset(
        "sigmoid",
        "sigmoid, N(0, 0.01²)",
        "Its slope is at most 1/4, so little gradient reaches W1: train loss .502, test "
        "accuracy 81.1 %.",
        {"activation": "sigmoid"},
    ),
    Preset(
        "sigmoid-xavier",
        "sigmoid with Xavier's initialization",
        "A better scale helps, but not past the slope of 1/4: train loss .463, test accuracy "
        "82.3 %.",
        {"activation": "sigmoid", "init": "xavier_uniform"},
    ),
    Preset(
        "dropout",
        "784-256-256-10 with dropout .2 and .5, learning rate 0.5",
        "On all of Fashion-MNIST dropout brings no reliable gain; on 1,000 examples "
        "(train_examples) it lowers the test loss. Train figures are taken with units dropped, "
        "test figures without, so train accuracy can lie below test accuracy.",
        {"hidden": (256, 256), "dropout": (0.2, 0.5), "lr": 0.5},
    ),
)


def named(name: str) -> Preset:
    """The preset of that name.

    Raises:
        BadInput: when there is none, with the names there are.
    """
    known = {preset.name: preset for preset in PRESETS}
    folded = name.strip().lower().replace("_", "-").replace(" ", "-")
    if folded not in known:
        raise BadInput(
            f"preset {name!r} is unknown{did_you_mean(folded, known)}; "
            f"choose one of {', '.join(known)}"
        )
    return known[folded]
