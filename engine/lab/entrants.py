"""Who races: networks named by activation, initializer and depth, as a person types them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import BadInput, did_you_mean
from engine.rules import activations, initializers
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS
from engine.schema import canonical
from engine.text import clean

MATCHED = "matched"
MOST_LAYERS = 100
RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu")


@dataclass(frozen=True)
class Entrant:
    """A network of `depth` hidden layers."""

    activation: str
    init: str
    depth: int

    @property
    def label(self) -> str:
        """``relu he 5``: the shortest names there are."""
        return f"{self.activation} {short(self.init)} {self.depth}"


def short(init: str) -> str:
    """The shortest name of an initializer: ``he`` for kaiming_normal."""
    return min((init, *INITIALIZERS[init].aliases), key=len)


def matched(activation: str) -> str:
    """The initializer made for an activation: He for rectifiers, LeCun for selu, else Xavier."""
    if activation in RECTIFIERS:
        return "kaiming_normal"
    return "lecun_normal" if activation == "selu" else "xavier_uniform"


def parse_entrants(text: str, init: str, depth: int, most: int) -> tuple[Entrant, ...]:
    """Entrants from ``activation[/init[/depth]]``, separated by commas.

    What one leaves out is `init` (``matched``: the one made for its activation) and `depth`.

    Raises:
        BadInput: naming the entrant that cannot be read, is there twice or is one too many.
    """
    entrants = tuple(_entrant(part.strip(), init, depth) for part in text.split(","))
    if len(entrants) > most:
        raise BadInput(f"entrants names {len(entrants)} networks; at most {most} race at once")
    for place, entrant in enumerate(entrants):
        if entrant in entrants[:place]:
            raise BadInput(
                f"entrants names {entrant.label!r} twice; on the same batches from the same seed "
                "both would be the same: give each another activation, init or depth"
            )
    return entrants


def parse_names(name: str, text: str, kinds: str) -> tuple[str, ...]:
    """Initializers or activations (`kinds`) of the setting `name`, separated by commas.

    Raises:
        BadInput: naming the one that is unknown, has a learned parameter or is there twice.
    """
    known, aliases = _KINDS[kinds]
    found = tuple(_name(name, part.strip(), kinds, known, aliases) for part in text.split(","))
    for place, one in enumerate(found):
        if one in found[:place]:
            raise BadInput(f"{name} names {one} twice: give each once")
    return found


def _entrant(text: str, init: str, depth: int) -> Entrant:
    parts = [part.strip() for part in text.split("/")]
    if not parts[0] or len(parts) > 3:
        raise BadInput(
            f"entrants: {clean(text, 60)!r} is not activation/init/depth, e.g. relu/he/5 "
            "(init and depth may be left out)"
        )
    activation = _name("entrants", parts[0], "activations", *_KINDS["activations"])
    own = matched(activation) if init == MATCHED else init
    if len(parts) > 1:
        own = _name("entrants", parts[1], "initializers", *_KINDS["initializers"])
    return Entrant(activation, own, _depth(parts[2], text) if len(parts) > 2 else depth)


def _depth(text: str, entrant: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_LAYERS):
        raise BadInput(
            f"entrants: the depth {clean(text, 20)!r} of {clean(entrant, 60)!r} is not a whole "
            f"number of hidden layers from 1 to {MOST_LAYERS}"
        )
    return int(text)


def _name(
    setting: str, text: str, kinds: str, known: Sequence[str], aliases: Mapping[str, str]
) -> str:
    found = canonical(text, known, aliases)
    if found is None:
        hint = did_you_mean(text, [*known, *aliases])
        raise BadInput(
            f"{setting}: {clean(text, 60)!r} is none of the {kinds}{hint}; "
            f"choose from {', '.join(known)}"
        )
    return found


_KINDS: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    # A learned slope has no place in a stack of networks that are trained as one.
    "activations": (
        tuple(name for name, rule in ACTIVATIONS.items() if rule.derivative),
        activations.ALIASES,
    ),
    "initializers": (tuple(INITIALIZERS), initializers.ALIASES),
}
