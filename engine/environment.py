"""What the libraries below torch read from the environment when it is loaded."""

from __future__ import annotations

from collections.abc import MutableMapping
from types import MappingProxyType

SETTINGS = MappingProxyType({
    # OpenMP's threads spin while they wait; beside a busy neighbour that costs several times over.
    "GOMP_SPINCOUNT": "2000",
    # oneDNN keeps the code it has generated for a product of matrices, 0.7 MiB for each shape,
    # and of 1,024 shapes unless it is told otherwise: a gigabyte once enough different networks
    # have run. A network of three layers multiplies matrices of some twenty shapes.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
})  # fmt: skip


def settle(environment: MutableMapping[str, str]) -> None:
    """Set what nobody has set yet; call it before torch is loaded, or a process that loads it."""
    for name, value in SETTINGS.items():
        environment.setdefault(name, value)
