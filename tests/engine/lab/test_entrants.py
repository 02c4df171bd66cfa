import pytest

from engine.errors import BadInput
from engine.lab.entrants import Entrant, parse_entrants, parse_names
from engine.rules.activations import ACTIVATIONS


def test_what_an_entrant_leaves_out_is_filled_in() -> None:
    assert parse_entrants("relu, sigmoid/xavier ,TANH/Ortho/7", "matched", 5, 8) == (
        Entrant("relu", "kaiming_normal", 5),
        Entrant("sigmoid", "xavier_uniform", 5),
        Entrant("tanh", "orthogonal", 7),
    )
    assert parse_entrants("relu", "zeros", 2, 8) == (Entrant("relu", "zeros", 2),)


def test_labels_are_short() -> None:
    assert Entrant("relu", "kaiming_normal", 5).label == "relu he 5"
    assert Entrant("relu", "xavier_uniform", 5).label == "relu xavier 5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "entrants: '' is not activation/init/depth"),
        ("relu,,tanh", "'' is not activation/init/depth"),
        ("relu/he/5/6", "'relu/he/5/6' is not activation/init/depth"),
        ("rellu", "'rellu' is none of the activations; did you mean 'relu'"),
        ("relu/hee", "'hee' is none of the initializers; did you mean"),
        ("prelu", "'prelu' is none of the activations"),
        ("relu/he/0", "the depth '0' of 'relu/he/0' is not a whole number of hidden layers"),
        ("relu/he/101", "from 1 to 100"),
        ("relu/he/-1", "the depth '-1'"),
        ("relu/he/²", "the depth '²'"),
        ("relu/he/x\x1b[2J", r"the depth 'x\[2J'"),
        ("relu,relu/he/5", "'relu he 5' twice"),
        ("relu,tanh,gelu,silu", "names 4 networks; at most 3"),
    ],
)
def test_bad_entrants_are_named(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse_entrants(text, "matched", 5, 3)


def test_names_are_canonical_and_once() -> None:
    assert parse_names("inits", "he,xavier", "initializers") == (
        "kaiming_normal",
        "xavier_uniform",
    )
    with pytest.raises(BadInput, match="inits names kaiming_normal twice"):
        parse_names("inits", "he,kaiming_normal", "initializers")
    with pytest.raises(BadInput, match="activations: 'he' is none of the activations"):
        parse_names("activations", "he", "activations")


def test_every_activation_with_a_derivative_can_race() -> None:
    names = [name for name, rule in ACTIVATIONS.items() if rule.derivative]
    assert len(parse_entrants(",".join(names), "matched", 2, 99)) == len(names)
