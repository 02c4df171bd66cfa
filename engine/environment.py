"""What the libraries below torch read from the environment when it is loaded."""

from __future__ import annotations

from collections.abc import MutableMapping
from types import MappingProxyType

_SHAPES = "256"
SETTINGS = MappingProxyType({
    # OpenMP's threads spin while they wait; beside a busy neighbour that costs several times over.
    "GOMP_SPINCOUNT": "2000",
    # oneDNN keeps the code it has generated for a product of matrices, 0.7 MiB for each shape, and
    # torch's adapter to it keeps that too; either for 1,024 shapes unless it is told otherwise: a
    # gigabyte once enough different networks have run. One of three layers needs some twenty.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": _SHAPES,
    "LRU_CACHE_CAPACITY": _SHAPES,
})  # fmt: skip


def settle(environment: MutableMapping[str, str]) -> None:
    """Set what nobody has set yet; call it before torch is loaded, or a process that loads it."""
    for name, value in SETTINGS.items():
        environment.setdefault(name, value)
